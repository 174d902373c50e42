// SPDX-License-Identifier: Apache-2.0

#include "onnx_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/core/errors.hpp"
#include "onnx_input.hpp"
#include "onnx_output.hpp"
#include "onnx_tensor.hpp"
#include "operations/operations.hpp"

namespace ballast::graph {
namespace {

constexpr int oldest_opset = 7, newest_opset = 23;
constexpr double largest_integer_constant = 0x1p31;
constexpr int most_depth = 32;
constexpr std::size_t bytes_of_node = 512;  // what writing one out takes, about

bool is_standard(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

template <typename Message>
int opset_of(const Message& message) {
  std::int64_t version = 1;
  for (const auto& set : message.opset_import()) {
    if (is_standard(set.domain())) version = set.version();
  }
  require(version >= oldest_opset && version <= newest_opset,
          fmt::format("operator set {}; {} to {} are supported", version, oldest_opset, newest_opset));
  return static_cast<int>(version);
}

const std::string& label_of(const onnx::NodeProto& node) {
  return node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
}

// What is refused for its size is named.
template <typename Pay>
void paid(const std::string& input, Pay&& pay) {
  try {
    pay();
  } catch (const InputError& error) {
    throw InputError(fmt::format("its input '{}': {}", input, error.what()));
  }
}

Constant filled(const Dims& dims, int type, const std::string& name, double value) {
  const auto count = static_cast<std::size_t>(constant_elements(dims));
  require(std::isfinite(value), fmt::format("the constant for its input '{}' is {}: a finite number is needed", name, value));
  switch (type) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::DOUBLE: return {dims, std::vector<float>(count, static_cast<float>(value)), type};
    case onnx::TensorProto::INT64:
    case onnx::TensorProto::INT32:
      require(value == std::trunc(value) && std::abs(value) <= largest_integer_constant,
              fmt::format("the constant for its input '{}' is {}: a whole number is needed, at most 2^31 in size", name, value));
      return {dims, std::vector<std::int64_t>(count, static_cast<std::int64_t>(value)), type};
    default:
      throw InputError(fmt::format("its input '{}' is of a type that cannot be made constant; FLOAT, DOUBLE, INT64 and INT32 can", name));
  }
}

// Deeper by one while it lives.
class Deeper {
 public:
  explicit Deeper(int& depth) : depth_(depth) {
    require(depth_ < most_depth, fmt::format("functions and branches lie more than {} deep in each other", most_depth));
    ++depth_;
  }
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  int& depth_;
};

// A node of a function's body as it stands for one call: attributes that refer to the call's are the call's, or left out.
onnx::NodeProto with_attributes_of(const onnx::NodeProto& call, const onnx::NodeProto& body) {
  onnx::NodeProto node = body;
  node.clear_attribute();
  for (const auto& attribute : body.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      *node.add_attribute() = attribute;
      continue;
    }
    for (const auto& given : call.attribute()) {
      if (given.name() != attribute.ref_attr_name()) continue;
      *node.add_attribute() = given;
      node.mutable_attribute()->rbegin()->set_name(attribute.name());
    }
  }
  return node;
}

}  // namespace

void Scope::bind(const std::string& name, Binding binding) {
  if (binding.name.empty()) binding.name = name;
  bindings_[name] = std::move(binding);
}

Binding* Scope::find(const std::string& name) {
  const auto found = bindings_.find(name);
  if (found != bindings_.end()) return &found->second;
  return outer_ != nullptr ? outer_->find(name) : nullptr;
}

OnnxReader::OnnxReader(const onnx::ModelProto& model, const OnnxOptions& options, ExternalFiles& files, LoadBudget budget)
    : proto_(model.graph()), options_(options), file_{opset_of(model), 0, std::move(budget), files, graph_.reading} {
  for (const auto& entry : model.metadata_props()) graph_.metadata[entry.key()] = entry.value();
  for (const auto& function : model.functions()) functions_[{function.domain(), function.name()}] = &function;
}

Graph OnnxReader::read() {
  read_initializers(proto_, top_);
  const onnx::ValueInfoProto& image = read_input();
  for (const auto& [name, value] : options_.constants) read_constant_input(name, value, image);
  read_nodes(proto_.node(), top_);
  std::vector<Output> outputs;
  for (const auto& output : proto_.output()) outputs.push_back({output.name(), top_.find(output.name())});
  take_output(graph_, outputs, options_);
  remove_unused(graph_);
  return std::move(graph_);
}

void OnnxReader::read_initializers(const onnx::GraphProto& graph, Scope& scope) {
  for (const auto& tensor : graph.initializer()) {
    scope.bind(tensor.name(), {tensor.name(), std::make_shared<const Constant>(read_tensor(tensor, file_.budget, file_.files)), -1});
  }
  require(graph.sparse_initializer_size() == 0, "sparse weights are not supported");
}

// The only input that is neither a weight nor made constant.
const onnx::ValueInfoProto& OnnxReader::find_input() {
  const onnx::ValueInfoProto* input = nullptr;
  for (const auto& candidate : proto_.input()) {
    if (top_.find(candidate.name()) != nullptr || options_.constants.count(candidate.name())) continue;
    require(!input, fmt::format("it has two inputs, '{}' and '{}'; an image {} has one", input ? input->name() : "", candidate.name(),
                                options_.classifier ? "classifier" : "network"));
    input = &candidate;
  }
  require(input, options_.constants.empty() ? "it has no input" : "its inputs are all made constant; one must be the image");
  return *input;
}

const onnx::ValueInfoProto& OnnxReader::read_input() {
  const onnx::ValueInfoProto& input = find_input();
  const auto& type = input.type().tensor_type();
  file_.budget.rank(static_cast<std::size_t>(type.shape().dim_size()));
  const Dims in_file = declared_dims(type);
  file_.batch_size = in_file.empty() ? 0 : in_file[0];
  const Dims dims = input_dims(input.name(), in_file, options_);
  paid(input.name(), [&] { file_.budget.value(dims); });
  top_.bind(input.name(), {input.name(), nullptr, take_input(graph_, input.name(), dims, type.elem_type())});
  return input;
}

// An input that is filled with one value. Its first size is the batch where it is open or the image's own; then it is 1.
void OnnxReader::read_constant_input(const std::string& name, double value, const onnx::ValueInfoProto& image) {
  const auto& inputs = proto_.input();
  const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const auto& candidate) { return candidate.name() == name; });
  require(input != inputs.end() && top_.find(name) == nullptr, fmt::format("it has no input '{}' to be made constant", name));
  file_.budget.rank(static_cast<std::size_t>(input->type().tensor_type().shape().dim_size()));
  Dims dims = declared_dims(input->type().tensor_type());
  const Dims of_image = declared_dims(image.type().tensor_type());
  if (!dims.empty() && (dims[0] <= 0 || dims[0] == of_image[0])) dims[0] = 1;
  for (const std::int64_t size : dims) require(size > 0, fmt::format("its input '{}' leaves a size open; only the batch may be", name));
  paid(name, [&] { file_.budget.constant(dims, sizeof(std::int64_t)); });
  top_.bind(name, {name, std::make_shared<const Constant>(filled(dims, input->type().tensor_type().elem_type(), name, value)), -1});
}

void OnnxReader::read_nodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope& scope) {
  for (const auto& node : nodes) read_node(node, scope);
}

void OnnxReader::read_node(const onnx::NodeProto& proto, Scope& scope) {
  const std::string& label = label_of(proto);
  require(proto.output_size() > 0, fmt::format("node '{}' has no output", label));
  std::vector<Binding> outputs = results_of(proto, label, scope);
  const auto count = std::min(outputs.size(), static_cast<std::size_t>(proto.output_size()));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = proto.output(static_cast<int>(i));
    if (!name.empty()) scope.bind(name, std::move(outputs[i]));
  }
}

std::vector<Binding> OnnxReader::results_of(const onnx::NodeProto& proto, const std::string& label, Scope& scope) {
  if (const auto function = functions_.find({proto.domain(), proto.op_type()}); function != functions_.end()) {
    return inlined(*function->second, proto, scope);
  }
  if (is_standard(proto.domain()) && proto.op_type() == "If") return branch_taken(proto, scope);
  const auto& types = operations::onnx_types();
  const auto type = is_standard(proto.domain()) ? types.find(proto.op_type()) : types.end();
  if (type == types.end()) {
    const std::string domain = proto.domain().empty() ? "" : proto.domain() + ".";
    throw InputError(
        fmt::format("node '{}': operation {}{} is not supported (docs/models.md lists those that are)", label, domain, proto.op_type()));
  }
  std::vector<Binding*> inputs;
  for (const std::string& name : proto.input()) inputs.push_back(name.empty() ? nullptr : &find(name, label, scope));
  OnnxNode node(graph_, proto, file_, std::move(inputs));
  const std::size_t nodes_before = graph_.nodes.size();
  try {
    return operations::results_of(node);
  } catch (const InputError& error) {
    const std::string what = error.what();
    const bool named = graph_.nodes.size() == nodes_before && what.find("node '") != std::string::npos;
    throw InputError(named ? what : fmt::format("{} node '{}': {}", proto.op_type(), label, what));
  } catch (const std::out_of_range&) {
    throw InputError(fmt::format("{} node '{}': its attributes do not fit its inputs", proto.op_type(), label));
  }
}

// The function's nodes, written out at its call. They see its own names alone.
std::vector<Binding> OnnxReader::inlined(const onnx::FunctionProto& function, const onnx::NodeProto& call, Scope& scope) {
  const Deeper deeper(depth_);
  Scope own;
  for (int i = 0; i < function.input_size() && i < call.input_size(); ++i) {
    if (!call.input(i).empty()) own.bind(function.input(i), find(call.input(i), label_of(call), scope));
  }
  const int opset = std::exchange(file_.opset, opset_of(function));
  for (const auto& body : function.node()) {
    onnx::NodeProto node = body;
    // Inputs that the call leaves out are left out of what reads them.
    for (std::string& name : *node.mutable_input()) {
      const bool formal = std::count(function.input().begin(), function.input().end(), name) > 0;
      if (formal && own.find(name) == nullptr) name.clear();
    }
    node = with_attributes_of(call, node);
    file_.budget.bytes(bytes_of_node + node.ByteSizeLong());
    read_node(node, own);
  }
  file_.opset = opset;
  std::vector<Binding> outputs;
  for (const std::string& name : function.output()) outputs.push_back(find(name, label_of(call), own));
  return outputs;
}

// The nodes of the branch that a constant condition takes. They see the names around it.
std::vector<Binding> OnnxReader::branch_taken(const onnx::NodeProto& proto, Scope& scope) {
  const Deeper deeper(depth_);
  const std::string& label = label_of(proto);
  require(proto.input_size() == 1, fmt::format("If node '{}': one input is needed", label));
  const Binding& condition = find(proto.input(0), label, scope);
  require(condition.constant && condition.constant->size() == 1 && condition.constant->is_integer(),
          fmt::format("If node '{}': its condition is computed from the image; only constant conditions are supported", label));
  const std::string_view wanted = condition.constant->integers()[0] != 0 ? "then_branch" : "else_branch";
  const auto& attributes = proto.attribute();
  const auto branch = std::find_if(attributes.begin(), attributes.end(), [&](const auto& attribute) { return attribute.name() == wanted; });
  require(branch != attributes.end() && branch->has_g(), fmt::format("If node '{}': it has no {}", label, wanted));
  file_.budget.bytes(bytes_of_node * static_cast<std::size_t>(1 + branch->g().node_size()));
  Scope own(&scope);
  read_initializers(branch->g(), own);
  read_nodes(branch->g().node(), own);
  std::vector<Binding> outputs;
  for (const auto& output : branch->g().output()) outputs.push_back(find(output.name(), label, own));
  return outputs;
}

Binding& OnnxReader::find(const std::string& name, const std::string& node, Scope& scope) {
  Binding* found = scope.find(name);
  require(found != nullptr, fmt::format("node '{}' reads '{}', which nothing before it gives", node, name));
  return *found;
}

}  // namespace ballast::graph
