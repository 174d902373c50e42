// SPDX-License-Identifier: Apache-2.0
//
// Importers of the operations that compute.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph {
namespace {

constexpr std::int64_t largest_window = 1 << 16;

std::array<std::int64_t, 2> pair_of(const std::vector<std::int64_t>& values, std::string_view what, std::int64_t least) {
  require(values.size() == 2, fmt::format("its {} have {} entries; images have two directions", what, values.size()));
  for (const std::int64_t value : values) {
    require(value >= least && value <= largest_window, fmt::format("its {} hold {}, which is not allowed", what, value));
  }
  return {values[0], values[1]};
}

// Padding of one direction that keeps ceil(size / stride) windows.
std::pair<std::int64_t, std::int64_t> same_padding(std::int64_t size, std::int64_t span, std::int64_t stride, bool more_at_end) {
  const std::int64_t total = std::max<std::int64_t>(0, ((size + stride - 1) / stride - 1) * stride + span - size);
  const std::int64_t less = total / 2;
  return more_at_end ? std::pair{less, total - less} : std::pair{total - less, less};
}

// A row of elements is an image of height 1.
std::vector<std::int64_t> of_image(std::vector<std::int64_t> row, std::int64_t entry) {
  row.insert(row.begin(), entry);
  return row;
}

// Strides or dilations.
std::array<std::int64_t, 2> steps_of(const OnnxNode& node, const char* what, bool of_row) {
  return pair_of(of_row ? of_image(node.integers(what, {1}), 1) : node.integers(what, {1, 1}), what, 1);
}

std::array<std::int64_t, 4> pads_of(const OnnxNode& node, const Dims& x, std::array<std::int64_t, 2> kernel,
                                    std::array<std::int64_t, 2> strides, std::array<std::int64_t, 2> dilations) {
  const std::string mode = node.text("auto_pad", "NOTSET");
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    const bool upper = mode == "SAME_UPPER";
    const auto [top, bottom] = same_padding(x[2], (kernel[0] - 1) * dilations[0] + 1, strides[0], upper);
    const auto [left, right] = same_padding(x[3], (kernel[1] - 1) * dilations[1] + 1, strides[1], upper);
    return {top, left, bottom, right};
  }
  if (mode == "VALID") return {0, 0, 0, 0};
  require(mode == "NOTSET" || mode.empty(), fmt::format("its auto_pad is '{}', which is not supported", mode));
  auto pads = node.integers("pads", {0, 0, 0, 0});
  if (pads.size() == 2 && node.dims(0).size() == 3) pads = {0, pads[0], 0, pads[1]};
  require(pads.size() == 4, fmt::format("its pads have {} entries; 4 are needed", pads.size()));
  for (const std::int64_t pad : pads)
    require(pad >= 0 && pad <= largest_window, fmt::format("its pads hold {}, which is not allowed", pad));
  return {pads[0], pads[1], pads[2], pads[3]};
}

Convolution convolution_of(const OnnxNode& node, const Dims& x, const Dims& kernel, bool of_row) {
  Convolution conv;
  conv.strides = steps_of(node, "strides", of_row);
  conv.dilations = steps_of(node, "dilations", of_row);
  conv.groups = node.integer("group", 1);
  conv.pads = pads_of(node, x, {kernel[2], kernel[3]}, conv.strides, conv.dilations);
  return conv;
}

void require_image(const OnnxNode& node) {
  require(node.dims(0).size() == 4,
          fmt::format("its input is {}; batch x channels x height x width is supported", to_string(node.dims(0))));
}

// Weights of a fully connected layer as out x in, scaled.
ValueId linear_weights(OnnxNode& node, std::size_t input, bool stored_out_first, float scale) {
  if (stored_out_first && scale == 1) return node.value(input);
  if (stored_out_first) node.budget().constant(node.constant(input).dims, sizeof(float));
  Constant weights = stored_out_first ? node.constant(input) : transposed(node.constant(input), {1, 0}, node.budget());
  weights.floats();
  std::vector<float> values = std::get<0>(std::move(weights.values));
  for (float& value : values) value *= scale;
  return node.graph().add_constant(node.name() + ".weight", {weights.dims, std::move(values)});
}

// A bias of any shape that broadcasts over the output, as a vector.
ValueId linear_bias(OnnxNode& node, std::size_t input, std::int64_t size, float scale) {
  const Constant& bias = node.constant(input);
  node.budget().constant({std::max(size, static_cast<std::int64_t>(bias.size()))}, sizeof(float));
  std::vector<float> values = bias.floats();
  if (values.size() == 1) values.resize(static_cast<std::size_t>(size), values[0]);
  require(static_cast<std::int64_t>(values.size()) == size && (bias.dims.empty() || bias.dims.back() == size || bias.size() == 1),
          fmt::format("its bias is {}; {} values are needed", to_string(bias.dims), size));
  for (float& value : values) value *= scale;
  return node.graph().add_constant(node.name() + ".bias", {{size}, std::move(values)});
}

Constant gemm_of_constants(OnnxNode& node, bool out_first) {
  LoadBudget& budget = node.budget();
  const auto times = [&](const Constant& x, float factor) {
    return combined(x, {{}, std::vector<float>{factor}}, Binary::Kind::multiply, budget);
  };
  const Constant turned = out_first ? transposed(node.constant(1), {1, 0}, budget) : Constant{};
  const Constant product = times(multiplied(node.constant(0), out_first ? turned : node.constant(1), budget), node.number("alpha", 1));
  if (!node.has_input(2)) return product;
  return combined(product, times(node.constant(2), node.number("beta", 1)), Binary::Kind::add, budget);
}

}  // namespace

Binding import_convolution(OnnxNode& node) {
  const Constant& weights = node.constant(1);
  const bool of_row = node.dims(0).size() == 3 && weights.dims.size() == 3;
  if (!of_row) require_image(node);
  Dims x = node.dims(0), kernel = weights.dims;
  if (of_row) x.insert(x.begin() + 2, 1), kernel.insert(kernel.begin() + 2, 1);
  require(kernel.size() == 4, fmt::format("its weights are {}; four dimensions are needed", to_string(kernel)));
  require(weights.size() > 0, "its weights are empty");
  const std::vector<std::int64_t> shape(weights.dims.begin() + 2, weights.dims.end());
  require(node.integers("kernel_shape", shape) == shape, "its kernel_shape is not its weights'");
  if (node.has_input(2)) node.constant(2);

  const Convolution conv = convolution_of(node, x, kernel, of_row);
  const ValueId image = of_row ? node.append(Reshape{}, {node.value(0)}, x).value : node.value(0);
  if (of_row) node.budget().constant(kernel, sizeof(float));
  const ValueId filters = of_row ? node.graph().add_constant(node.name() + ".weight", {kernel, weights.floats()}) : node.value(1);
  std::vector<ValueId> inputs{image, filters};
  if (node.has_input(2)) inputs.push_back(node.value(2));
  const Binding result = node.append(conv, std::move(inputs));
  if (!of_row) return result;
  Dims row = node.graph().dims(result.value);
  row.erase(row.begin() + 2);
  return node.append(Reshape{}, {result.value}, row);
}

Binding import_gemm(OnnxNode& node) {
  require(node.integer("transA", 0) == 0, "transA is not supported: it would mix the images of a batch");
  const Constant& weights = node.constant(1);
  require(weights.dims.size() == 2, fmt::format("its weights are {}; two dimensions are needed", to_string(weights.dims)));
  require(weights.size() > 0, "its weights are empty");
  const bool out_first = node.integer("transB", 0) != 0;
  if (node.all_constant()) return OnnxNode::of(gemm_of_constants(node, out_first));
  std::vector<ValueId> inputs{node.value(0), linear_weights(node, 1, out_first, node.number("alpha", 1))};
  if (node.has_input(2)) inputs.push_back(linear_bias(node, 2, weights.dims[out_first ? 0 : 1], node.number("beta", 1)));
  return node.append(Linear{}, std::move(inputs));
}

Binding import_matmul(OnnxNode& node) {
  if (node.all_constant()) return OnnxNode::of(multiplied(node.constant(0), node.constant(1), node.budget()));
  if (!node.is_constant(1)) return node.append(MatMul{}, {node.value(0), node.value(1)});
  require(node.constant(1).dims.size() == 2,
          fmt::format("its weights are {}; two dimensions are needed", to_string(node.constant(1).dims)));
  return node.append(Linear{}, {node.value(0), linear_weights(node, 1, false, 1)});
}

Binding import_pool(OnnxNode& node) {
  require_image(node);
  require(node.integer("ceil_mode", 0) == 0, "ceil_mode is not supported");
  require(node.integers("dilations", {1, 1}) == std::vector<std::int64_t>({1, 1}), "dilated pooling is not supported");
  Pool pool;
  pool.kind = node.type() == "MaxPool" ? Pool::Kind::max : Pool::Kind::average;
  pool.kernel = pair_of(node.integers("kernel_shape", {}), "kernel_shape", 1);
  pool.strides = pair_of(node.integers("strides", {1, 1}), "strides", 1);
  pool.pads = pads_of(node, node.dims(0), pool.kernel, pool.strides, {1, 1});
  require(pool.pads[0] < pool.kernel[0] && pool.pads[2] < pool.kernel[0] && pool.pads[1] < pool.kernel[1] && pool.pads[3] < pool.kernel[1],
          "its padding is not smaller than its window");
  pool.count_padding = node.integer("count_include_pad", 0) != 0;
  return node.append(pool, {node.value(0)});
}

Binding import_global_average_pool(OnnxNode& node) {
  require_image(node);
  return node.append(ReduceMean{{2, 3}, true}, {node.value(0)});
}

Binding import_reduce_mean(OnnxNode& node) {
  const std::size_t rank = node.dims(0).size();
  ReduceMean mean;
  mean.keep = node.integer("keepdims", 1) != 0;
  for (const std::int64_t axis : node.integers_or_input("axes", 1, {}))
    mean.axes.push_back(static_cast<std::int64_t>(node.axis(axis, rank)));
  std::sort(mean.axes.begin(), mean.axes.end());
  require(std::adjacent_find(mean.axes.begin(), mean.axes.end()) == mean.axes.end(), "its axes repeat");
  require(!mean.axes.empty(), "a mean over all dimensions would mix the images of a batch");
  return node.append(std::move(mean), {node.value(0)});
}

Binding import_softmax(OnnxNode& node) {
  const std::size_t rank = node.dims(0).size();
  const std::size_t axis = node.axis(node.integer("axis", node.opset() < 13 ? 1 : -1), rank);
  require(node.opset() >= 13 || axis + 1 == rank, "before operator set 13, only the last axis is supported");
  return node.append(Softmax{static_cast<std::int64_t>(axis)}, {node.value(0)});
}

Binding import_activation(OnnxNode& node, Activation::Kind kind) {
  Activation activation{kind};
  if (kind == Activation::Kind::leaky_relu) activation.alpha = node.number("alpha", 0.01f);
  if (kind == Activation::Kind::elu) activation.alpha = node.number("alpha", 1.0f);
  if (kind == Activation::Kind::gelu) require(node.text("approximate", "none") == "none", "only the exact Gelu is supported");
  if (node.is_constant(0)) return OnnxNode::of(activated(node.constant(0), activation, node.budget()));
  return node.append(activation, {node.value(0)});
}

Binding import_clip(OnnxNode& node) {
  constexpr float largest = std::numeric_limits<float>::max();
  Activation clip{Activation::Kind::clip, node.number("min", -largest), node.number("max", largest)};
  const auto bound = [&](std::size_t input, float& out) {
    if (!node.has_input(input)) return;
    require(node.constant(input).size() == 1, "its bounds must be single numbers");
    out = node.constant(input).floats()[0];
  };
  bound(1, clip.alpha);
  bound(2, clip.beta);
  if (node.is_constant(0)) return OnnxNode::of(activated(node.constant(0), clip, node.budget()));
  return node.append(clip, {node.value(0)});
}

Binding import_binary(OnnxNode& node, Binary::Kind kind) {
  require(node.input_count() <= 2, fmt::format("it has {} inputs; 2 are needed", node.input_count()));
  if (node.all_constant()) return OnnxNode::of(combined(node.constant(0), node.constant(1), kind, node.budget()));
  const std::size_t constant = node.is_constant(0) ? 0 : 1;
  require(
      !node.is_constant(constant) || node.dims(1 - constant)[0] == batch || node.dims(constant).size() <= node.dims(1 - constant).size(),
      "its constant has more dimensions than its computed input");
  return node.append(Binary{kind}, {node.value(0), node.value(1)});
}

}  // namespace ballast::graph
