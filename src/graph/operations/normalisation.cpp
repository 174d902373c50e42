// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

constexpr int first_opset_by_channel = 21;  // before, a group normalisation scales and shifts whole groups

void require_channels(const Dims& x) {
  require(x.size() >= 2, fmt::format("its input is {}, which has no channels", to_string(x)));
  require_batch_first(x);
}

// A vector of one entry a group with each entry repeated for its channels.
ValueId repeated(OnnxNode& node, std::size_t input, std::int64_t groups, std::int64_t channels, const std::string& what) {
  const std::vector<float>& by_group = node.constant(input).floats();
  require(groups > 0 && channels % groups == 0 && static_cast<std::int64_t>(by_group.size()) == groups,
          fmt::format("its {} has {} entries for {} groups of {} channels", what, by_group.size(), groups, channels));
  node.budget().constant({channels}, sizeof(float));
  std::vector<float> values;
  for (std::int64_t c = 0; c < channels; ++c) values.push_back(by_group[static_cast<std::size_t>(c / (channels / groups))]);
  return node.graph().add_constant(node.name() + "." + what, {{channels}, std::move(values)});
}

Binding import_batch_norm(OnnxNode& node) {
  require(node.integer("training_mode", 0) == 0, "it is in training mode: export the model for inference");
  std::vector<Operand> inputs{node.value(0)};
  for (std::size_t i = 1; i < 5; ++i) {
    node.constant(i);
    inputs.push_back(node.value(i));
  }
  return node.append(BatchNorm{node.number("epsilon", 1e-5f)}, std::move(inputs));
}

Binding import_instance_norm(OnnxNode& node) {
  const Dims dims = node.dims(0);
  require(dims.size() >= 3, fmt::format("its input is {}; batch x channels x ... is needed", to_string(dims)));
  node.constant(1), node.constant(2);
  return node.append(GroupNorm{dims[1], node.number("epsilon", 1e-5f)}, {node.value(0), node.value(1), node.value(2)});
}

Binding import_group_norm(OnnxNode& node) {
  const Dims dims = node.dims(0);
  require(dims.size() >= 3, fmt::format("its input is {}; batch x channels x ... is needed", to_string(dims)));
  const GroupNorm norm{node.integer("num_groups", 0), node.number("epsilon", 1e-5f)};
  node.constant(1), node.constant(2);
  if (node.opset() >= first_opset_by_channel) return node.append(norm, {node.value(0), node.value(1), node.value(2)});
  const ValueId scale = repeated(node, 1, norm.groups, dims[1], "scale"), bias = repeated(node, 2, norm.groups, dims[1], "bias");
  return node.append(norm, {node.value(0), scale, bias});
}

// A constant of the normalised dims, which may be broadcast from fewer.
Operand by_element(OnnxNode& node, std::size_t input, const Dims& dims, const char* what) {
  const Constant& given = node.constant(input);
  if (given.dims == dims) return node.value(input);
  node.budget().constant(dims, sizeof(float));
  const Constant whole = expanded(given, dims, node.budget());
  require(whole.dims == dims, fmt::format("its {} is {}, and {} is needed", what, to_string(given.dims), to_string(dims)));
  return node.graph().add_constant(node.name() + "." + what, {dims, whole.floats()});
}

Binding import_layer_norm(OnnxNode& node, bool centred) {
  const Dims dims = node.dims(0);
  const std::size_t axis = node.axis(node.integer("axis", -1), dims.size());
  const Dims own(dims.begin() + static_cast<std::ptrdiff_t>(axis), dims.end());
  require(std::all_of(own.begin(), own.end(), [](std::int64_t size) { return size > 0; }), "it would mix the images of a batch");
  std::vector<Operand> inputs{node.value(0), by_element(node, 1, own, "scale")};
  if (node.has_input(2)) inputs.push_back(by_element(node, 2, own, "bias"));
  return node.append(LayerNorm{static_cast<std::int64_t>(axis), node.number("epsilon", 1e-5f), centred}, std::move(inputs));
}

// In a few words: numbers, and what is done with them.
class Formula {
 public:
  explicit Formula(OnnxNode& node) : node_(node) {}

  Operand number(double value) { return node_.graph().add_constant(node_.name() + ".number", {{}, {static_cast<float>(value)}}); }
  Operand join(Binary::Kind kind, const Operand& a, const Operand& b) { return node_.append(Binary{kind}, {a, b}); }
  Operand map(const Activation& activation, const Operand& x) { return node_.append(activation, {x}); }
  Operand reduce(Reduce::Kind kind, std::vector<std::int64_t> axes, const Operand& x) {
    return node_.append(Reduce{std::move(axes), true, kind}, {x});
  }
  Binding result(const Operand& x) const { return {node_.name(), nullptr, x.id, x.view}; }

 private:
  OnnxNode& node_;
};

// x / (bias + alpha / size * sum of squares of neighbouring channels)^beta: the sum is a mean over a window of channels with zeros around.
Binding import_local_response_norm(OnnxNode& node) {
  const Dims dims = node.dims(0);
  const std::int64_t size = node.integer("size", 0);
  require(dims.size() >= 3 && !node.is_constant(0), fmt::format("its input is {}; batch x channels x ... is needed", to_string(dims)));
  require(size >= 1 && size <= dims[1] * 2, fmt::format("its size {} does not fit {} channels", size, dims[1]));
  Formula f(node);
  const Operand x = node.value(0);
  Pool window;
  window.kind = Pool::Kind::average;
  window.kernel = {size, 1};
  window.pads = {(size - 1) / 2, 0, size / 2, 0};
  window.count_padding = true;
  const Dims columns{dims[0], 1, dims[1], elements({dims.begin() + 2, dims.end()})};
  const Operand squares = node.reshape(f.join(Binary::Kind::multiply, x, x), columns);
  const Operand means = node.reshape(node.append(window, {squares}), dims);
  const Operand scaled = f.join(Binary::Kind::multiply, means, f.number(static_cast<double>(node.number("alpha", 1e-4f))));
  const Operand shifted = f.join(Binary::Kind::add, scaled, f.number(static_cast<double>(node.number("bias", 1))));
  return f.result(f.join(Binary::Kind::divide, x, f.map({Activation::Kind::power, node.number("beta", 0.75f)}, shifted)));
}

// (x - mean) / (deviation + 1e-9), as ONNX defines it.
Binding import_mean_variance_norm(OnnxNode& node) {
  const std::size_t rank = node.dims(0).size();
  std::vector<std::int64_t> axes;
  for (const std::int64_t axis : node.integers("axes", {0, 2, 3})) axes.push_back(static_cast<std::int64_t>(node.axis(axis, rank)));
  std::sort(axes.begin(), axes.end());
  Formula f(node);
  const Operand x = node.value(0), centred = f.join(Binary::Kind::subtract, x, f.reduce(Reduce::Kind::mean, axes, x));
  const Operand variance = f.reduce(Reduce::Kind::mean, axes, f.join(Binary::Kind::multiply, centred, centred));
  const Operand deviation = f.join(Binary::Kind::add, f.map({Activation::Kind::sqrt}, variance), f.number(1e-9));
  return f.result(f.join(Binary::Kind::divide, centred, deviation));
}

// Zeros stay zeros.
Binding import_lp_norm(OnnxNode& node) {
  const std::int64_t p = node.integer("p", 2);
  require(p == 1 || p == 2, fmt::format("its p is {}; 1 and 2 are allowed", p));
  const std::vector<std::int64_t> axes{static_cast<std::int64_t>(node.axis(node.integer("axis", -1), node.dims(0).size()))};
  constexpr double least = 1e-30;
  Formula f(node);
  const Operand x = node.value(0);
  const Operand parts = p == 1 ? f.map({Activation::Kind::abs}, x) : f.join(Binary::Kind::multiply, x, x);
  const Operand sum = f.reduce(Reduce::Kind::sum, axes, parts), length = p == 1 ? sum : f.map({Activation::Kind::sqrt}, sum);
  return f.result(f.join(Binary::Kind::divide, x, f.join(Binary::Kind::maximum, length, f.number(least))));
}

Dims dims_of(const LayerNorm& norm, const Shapes& shapes) {
  const Dims& x = shapes.in[0];
  require_batch_first(x);
  require(norm.axis > 0 && norm.axis < static_cast<std::int64_t>(x.size()), "its axis must not be the batch, and must be there");
  const Dims own(x.begin() + norm.axis, x.end());
  for (std::size_t i = 1; i < shapes.in.size(); ++i)
    require(shapes.in[i] == own, fmt::format("its scale or bias is {}, and {} is needed", to_string(shapes.in[i]), to_string(own)));
  return x;
}

// Without centring, in the words of operator sets before 23.
void save(const LayerNorm& norm, OnnxWriter& out) {
  if (norm.centred) {
    out.add("LayerNormalization").integer("axis", norm.axis).number("epsilon", norm.epsilon);
    return;
  }
  const std::string stem = out.output();
  const auto part = [&](const char* name) { return out.unique(stem + name); };
  const auto rank = static_cast<std::int64_t>(out.output_dims().size());
  std::vector<std::int64_t> axes(static_cast<std::size_t>(rank - norm.axis));
  std::iota(axes.begin(), axes.end(), norm.axis);
  const std::string square = part(".square"), mean = part(".mean"), shifted = part(".shifted"), root = part(".root"),
                    normal = part(".normal");
  const bool biased = out.node().inputs.size() > 2;
  const std::string scaled = biased ? part(".scaled") : stem;
  out.add("Mul", {out.input(0), out.input(0)}, square);
  out.add("ReduceMean", {square}, mean).integers("axes", axes).integer("keepdims", 1);
  out.add("Add", {mean, out.constant(stem + ".epsilon", Tensor{{}, {norm.epsilon}})}, shifted);
  out.add("Sqrt", {shifted}, root);
  out.add("Div", {out.input(0), root}, normal);
  out.add("Mul", {normal, out.input(1)}, scaled);
  if (biased) out.add("Add", {scaled, out.input(2)}, stem);
}

Operation in_view(const LayerNorm& norm, const View& view) { return LayerNorm{view.axis(norm.axis), norm.epsilon, norm.centred}; }

Dims dims_of(const BatchNorm&, const Shapes& shapes) {
  const Dims& x = shapes.in[0];
  require_channels(x);
  for (std::size_t i = 1; i < 5; ++i) require_vector(shapes.in[i], x[1], "statistics");
  return x;
}

void save(const BatchNorm& norm, OnnxWriter& out) { out.add("BatchNormalization").number("epsilon", norm.epsilon); }

Dims dims_of(const GroupNorm& norm, const Shapes& shapes) {
  const Dims& x = shapes.in[0];
  require_channels(x);
  require(norm.groups > 0 && x[1] % norm.groups == 0, fmt::format("{} groups do not fit an input of {}", norm.groups, to_string(x)));
  require_vector(shapes.in[1], x[1], "scale"), require_vector(shapes.in[2], x[1], "bias");
  return x;
}

// Groups of channels become channels of their own, as PyTorch writes them.
void save(const GroupNorm& norm, OnnxWriter& out) {
  const Dims& dims = out.output_dims();
  if (norm.groups == dims[1]) {
    out.add("InstanceNormalization").number("epsilon", norm.epsilon);
    return;
  }
  const std::string stem = out.output();
  const auto by_group = [&](const char* what, float value) {
    return out.constant(stem + what, Tensor{{norm.groups}, std::vector<float>(static_cast<std::size_t>(norm.groups), value)});
  };
  const auto by_channel = [&](const char* what, std::size_t input) {
    Tensor tensor = out.graph().tensor(out.node().inputs[input]);
    tensor.dims.resize(dims.size() - 1, 1);
    return out.constant(stem + what, tensor);
  };
  Dims whole = dims;
  whole[0] = -1;
  const std::string grouped = out.unique(stem + ".grouped"), normal = out.unique(stem + ".normal"),
                    flat = out.unique(stem + ".flat_normal"), scaled = out.unique(stem + ".scaled");
  const std::vector<std::int64_t> groups{-1, norm.groups, elements(dims) / norm.groups};
  out.add("Reshape", {out.input(0), out.constant(stem + ".groups", groups)}, grouped);
  out.add("InstanceNormalization", {grouped, by_group(".ones", 1), by_group(".zeros", 0)}, flat).number("epsilon", norm.epsilon);
  out.add("Reshape", {flat, out.constant(stem + ".shape", whole)}, normal);
  out.add("Mul", {normal, by_channel(".scale", 1)}, scaled);
  out.add("Add", {scaled, by_channel(".bias", 2)}, stem);
}

}  // namespace

OnnxTypes normalisation_types() {
  return {{"BatchNormalization", import_batch_norm},
          {"GroupNormalization", import_group_norm},
          {"InstanceNormalization", import_instance_norm},
          {"LRN", import_local_response_norm},
          {"LpNormalization", import_lp_norm},
          {"MeanVarianceNormalization", import_mean_variance_norm},
          {"LayerNormalization", [](OnnxNode& node) { return import_layer_norm(node, true); }},
          {"RMSNormalization", [](OnnxNode& node) { return import_layer_norm(node, false); }}};
}

Rules<BatchNorm> rules_of(const BatchNorm&) { return {"BatchNormalization", dims_of, needs_images, save}; }
Rules<LayerNorm> rules_of(const LayerNorm& norm) {
  return {norm.centred ? "LayerNormalization" : "RMSNormalization", dims_of, in_view, save};
}
Rules<GroupNorm> rules_of(const GroupNorm&) { return {"GroupNormalization", dims_of, needs_images, save}; }

}  // namespace ballast::graph::operations
