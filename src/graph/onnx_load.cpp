// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <ranges>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/graph/passes.hpp"
#include "load_budget.hpp"
#include "onnx_tensor.hpp"
#include "operations/operations.hpp"

namespace ballast::graph {
namespace {

constexpr int oldest_opset = 7, newest_opset = 23;
constexpr std::size_t largest_file = (std::size_t{1} << 31) - 1;
constexpr double largest_integer_constant = 0x1p31;

onnx::ModelProto parse(std::span<const char> bytes, LoadBudget& budget) {
  google::protobuf::SetLogHandler(nullptr);  // what is wrong is said by us, in one line
  onnx::ModelProto model;
  require(!bytes.empty(), "the file is empty");
  require(bytes.size() <= largest_file, "the file is larger than 2 GB, which ONNX does not allow");
  budget.bytes(growth_when_parsed(bytes));
  require(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && model.has_graph(), "not an ONNX model, or cut short");
  return model;
}

int opset_of(const onnx::ModelProto& model) {
  std::int64_t version = 1;
  for (const auto& set : model.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") version = set.version();
  }
  require(version >= oldest_opset && version <= newest_opset,
          fmt::format("operator set {}; {} to {} are supported", version, oldest_opset, newest_opset));
  return static_cast<int>(version);
}

// Names in a file may hold anything; a message is one line.
std::string in_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char letter) { return std::iscntrl(letter) != 0; }, ' ');
  return text;
}

// Reads the nodes one after another; names bind to constants or to values of the graph.
class Reader {
 public:
  Reader(const onnx::ModelProto& model, const OnnxOptions& options, LoadBudget budget)
      : proto_(model.graph()), file_{opset_of(model), 0, std::move(budget)}, options_(options) {
    for (const auto& entry : model.metadata_props()) graph_.metadata[entry.key()] = entry.value();
  }

  Graph read() {
    for (const auto& initializer : proto_.initializer()) {
      bind(initializer.name(), {initializer.name(), std::make_shared<const Constant>(read_tensor(initializer, file_.budget)), -1});
    }
    require(proto_.sparse_initializer_size() == 0, "sparse weights are not supported");
    const onnx::ValueInfoProto& image = read_input();
    for (const auto& [name, value] : options_.constants) read_constant_input(name, value, image);
    for (const auto& node : proto_.node()) read_node(node);
    read_output();
    return std::move(graph_);
  }

 private:
  void bind(const std::string& name, Binding binding) {
    if (binding.name.empty()) binding.name = name;
    bindings_[name] = std::move(binding);
  }

  // The only input that is neither a weight nor made constant.
  const onnx::ValueInfoProto& find_input() const {
    const onnx::ValueInfoProto* input = nullptr;
    for (const auto& candidate : proto_.input()) {
      if (bindings_.count(candidate.name()) || options_.constants.count(candidate.name())) continue;
      require(!input, fmt::format("it has two inputs, '{}' and '{}'; an image {} has one", input ? input->name() : "", candidate.name(),
                                  options_.classifier ? "classifier" : "network"));
      input = &candidate;
    }
    require(input, options_.constants.empty() ? "it has no input" : "its inputs are all made constant; one must be the image");
    return *input;
  }

  // A size of the file; 0 where it is left open.
  static std::int64_t size_of(const onnx::TensorShapeProto::Dimension& dim) { return dim.has_dim_value() ? dim.dim_value() : 0; }

  // What is refused for its size is named.
  template <typename Pay>
  static void paid(const std::string& input, Pay&& pay) {
    try {
      pay();
    } catch (const InputError& error) {
      throw InputError(fmt::format("its input '{}': {}", input, error.what()));
    }
  }

  const onnx::ValueInfoProto& read_input() {
    const onnx::ValueInfoProto& input = find_input();
    const auto& type = input.type().tensor_type();
    require(type.elem_type() == onnx::TensorProto::FLOAT,
            fmt::format("its input '{}' does not hold floats: only FLOAT inputs are supported", input.name()));
    file_.budget.rank(static_cast<std::size_t>(type.shape().dim_size()));
    Dims dims;
    for (const auto& dim : type.shape().dim()) dims.push_back(size_of(dim));
    require(dims.size() >= 2, fmt::format("its input '{}' has no batch of images: {} dimensions", input.name(), dims.size()));
    file_.batch_size = dims[0];
    dims[0] = batch;
    for (std::size_t i = 1; i < dims.size(); ++i)
      require(dims[i] > 0, fmt::format("its input '{}' leaves a size open; only the batch may be", input.name()));
    paid(input.name(), [&] { file_.budget.value(dims); });
    bind(input.name(), {input.name(), nullptr, graph_.add_input(input.name(), dims)});
    return input;
  }

  // An input that is filled with one value. Its first size is the batch where it is open or the image's own; then it is 1.
  void read_constant_input(const std::string& name, double value, const onnx::ValueInfoProto& image) {
    const auto& inputs = proto_.input();
    const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const auto& candidate) { return candidate.name() == name; });
    require(input != inputs.end() && !bindings_.count(name), fmt::format("it has no input '{}' to be made constant", name));
    file_.budget.rank(static_cast<std::size_t>(input->type().tensor_type().shape().dim_size()));
    Dims dims;
    for (const auto& dim : input->type().tensor_type().shape().dim()) dims.push_back(size_of(dim));
    if (!dims.empty() && (dims[0] <= 0 || dims[0] == size_of(image.type().tensor_type().shape().dim(0)))) dims[0] = 1;
    for (const std::int64_t size : dims) require(size > 0, fmt::format("its input '{}' leaves a size open; only the batch may be", name));
    paid(name, [&] { file_.budget.constant(dims, sizeof(std::int64_t)); });
    bind(name, {name, std::make_shared<const Constant>(filled(dims, input->type().tensor_type().elem_type(), name, value)), -1});
  }

  static Constant filled(const Dims& dims, int type, const std::string& name, double value) {
    const auto count = static_cast<std::size_t>(constant_elements(dims));
    require(std::isfinite(value), fmt::format("the constant for its input '{}' is {}: a finite number is needed", name, value));
    switch (type) {
      case onnx::TensorProto::FLOAT:
      case onnx::TensorProto::DOUBLE: return {dims, std::vector<float>(count, static_cast<float>(value))};
      case onnx::TensorProto::INT64:
      case onnx::TensorProto::INT32:
        require(value == std::trunc(value) && std::abs(value) <= largest_integer_constant,
                fmt::format("the constant for its input '{}' is {}: a whole number is needed, at most 2^31 in size", name, value));
        return {dims, std::vector<std::int64_t>(count, static_cast<std::int64_t>(value))};
      default:
        throw InputError(fmt::format("its input '{}' is of a type that cannot be made constant; FLOAT, DOUBLE, INT64 and INT32 can", name));
    }
  }

  void read_node(const onnx::NodeProto& proto) {
    const std::string& label = proto.name().empty() && proto.output_size() > 0 ? proto.output(0) : proto.name();
    const bool is_standard = proto.domain().empty() || proto.domain() == "ai.onnx";
    const auto& types = operations::onnx_types();
    const auto type = is_standard ? types.find(proto.op_type()) : types.end();
    if (type == types.end()) {
      const std::string domain = proto.domain().empty() ? "" : proto.domain() + ".";
      throw InputError(fmt::format("node '{}': operation {}{} is not supported; supported are {}", label, domain, proto.op_type(),
                                   fmt::join(std::views::keys(types), ", ")));
    }
    std::vector<Binding*> inputs;
    for (const std::string& name : proto.input()) inputs.push_back(name.empty() ? nullptr : &find(name, label));
    require(proto.output_size() > 0, fmt::format("node '{}' has no output", label));
    OnnxNode node(graph_, proto, file_, std::move(inputs));
    const std::size_t nodes_before = graph_.nodes.size();
    try {
      std::vector<Binding> outputs = type->second.importer(node).outputs;
      for (std::size_t i = 0; i < outputs.size(); ++i) bind(proto.output(static_cast<int>(i)), std::move(outputs[i]));
    } catch (const InputError& error) {
      const std::string what = error.what();
      const bool named = graph_.nodes.size() == nodes_before && what.find("node '") != std::string::npos;
      throw InputError(named ? what : fmt::format("{} node '{}': {}", proto.op_type(), label, what));
    } catch (const std::out_of_range&) {
      throw InputError(fmt::format("{} node '{}': its attributes do not fit its inputs", proto.op_type(), label));
    }
  }

  Binding& find(const std::string& name, const std::string& node) {
    const auto found = bindings_.find(name);
    require(found != bindings_.end(), fmt::format("node '{}' reads '{}', which nothing before it gives", node, name));
    return found->second;
  }

  void read_output() {
    require(proto_.output_size() > 0, "it has no output");
    const auto found = bindings_.find(proto_.output(0).name());
    require(found != bindings_.end() && !found->second.constant,
            fmt::format("its output '{}' is not computed from its input", proto_.output(0).name()));
    require(found->second.view == View{}, fmt::format("its output '{}' is {}: the batch must come first, one row for each image",
                                                      proto_.output(0).name(),
                                                      to_string(found->second.view.in_file(graph_.dims(found->second.value)))));
    graph_.output = found->second.value;
    remove_unused(graph_);
    if (options_.classifier) graph_.classes();
  }

  const onnx::GraphProto& proto_;
  OnnxFile file_;
  const OnnxOptions& options_;
  Graph graph_;
  std::map<std::string, Binding> bindings_;
};

}  // namespace

Graph parse_onnx(std::span<const char> bytes, const std::string& name, const OnnxOptions& options) {
  try {
    LoadBudget budget(options.limit, bytes.size());
    const onnx::ModelProto model = parse(bytes, budget);
    return Reader(model, options, std::move(budget)).read();
  } catch (const InputError& error) {
    throw InputError(in_one_line(fmt::format("{}: {}", name, error.what())));
  }
}

LoadedGraph load_onnx_and_digest(const std::filesystem::path& file, const OnnxOptions& options) {
  const std::string bytes = read_whole(file, largest_file, "no such model file, or not readable");
  Sha256 hash;
  hash.add(bytes);
  return {parse_onnx(bytes, file.string(), options), to_hex(hash.finish())};
}

Graph load_onnx(const std::filesystem::path& file, const OnnxOptions& options) { return load_onnx_and_digest(file, options).graph; }

}  // namespace ballast::graph
