// SPDX-License-Identifier: Apache-2.0
//
// Windows that move over images: convolutions and pools.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

using Sides = std::array<std::int64_t, 2>;  // of rows, of columns
using Pads = std::array<std::int64_t, 4>;   // top, left, bottom, right

constexpr std::int64_t largest_window = 1 << 16;

// Padding of one direction that keeps ceil(size / stride) windows.
std::pair<std::int64_t, std::int64_t> same_padding(std::int64_t size, std::int64_t span, std::int64_t stride, bool more_at_end) {
  const std::int64_t total = std::max<std::int64_t>(0, ((size + stride - 1) / stride - 1) * stride + span - size);
  const std::int64_t less = total / 2;
  return more_at_end ? std::pair{less, total - less} : std::pair{total - less, less};
}

std::int64_t window_count(std::int64_t size, std::int64_t kernel, std::int64_t dilation, std::int64_t stride, std::int64_t padding) {
  const std::int64_t span = (kernel - 1) * dilation + 1;
  require(size + padding >= span, fmt::format("a window of {} does not fit into {} elements", span, size + padding));
  return (size + padding - span) / stride + 1;
}

Sides sides_of(const std::vector<std::int64_t>& values, std::string_view what) {
  require(values.size() == 2, fmt::format("its {} have {} entries; images have two directions", what, values.size()));
  for (const std::int64_t value : values) {
    require(value >= 1 && value <= largest_window, fmt::format("its {} hold {}, which is not allowed", what, value));
  }
  return {values[0], values[1]};
}

Pads pads_of(const OnnxNode& node, const Dims& x, Sides kernel, Sides strides, Sides dilations) {
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

Dims windows_over(const Dims& x, std::int64_t channels, Sides kernel, Sides strides, Pads pads, Sides dilations) {
  return {batch, channels, window_count(x[2], kernel[0], dilations[0], strides[0], pads[0] + pads[2]),
          window_count(x[3], kernel[1], dilations[1], strides[1], pads[1] + pads[3])};
}

// A row of elements is an image of height 1.
std::vector<std::int64_t> of_image(std::vector<std::int64_t> row, std::int64_t entry) {
  row.insert(row.begin(), entry);
  return row;
}

// Strides or dilations.
Sides steps_of(const OnnxNode& node, const char* what, bool of_row) {
  return sides_of(of_row ? of_image(node.integers(what, {1}), 1) : node.integers(what, {1, 1}), what);
}

Convolution convolution_of(const OnnxNode& node, const Dims& x, const Dims& kernel, bool of_row) {
  Convolution conv;
  conv.strides = steps_of(node, "strides", of_row);
  conv.dilations = steps_of(node, "dilations", of_row);
  conv.groups = node.integer("group", 1);
  conv.pads = pads_of(node, x, {kernel[2], kernel[3]}, conv.strides, conv.dilations);
  return conv;
}

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

Binding import_pool(OnnxNode& node, Pool pool) {
  require_image(node);
  require(node.integer("ceil_mode", 0) == 0, "ceil_mode is not supported");
  require(node.integers("dilations", {1, 1}) == std::vector<std::int64_t>({1, 1}), "dilated pooling is not supported");
  pool.kernel = sides_of(node.integers("kernel_shape", {}), "kernel_shape");
  pool.strides = sides_of(node.integers("strides", {1, 1}), "strides");
  pool.pads = pads_of(node, node.dims(0), pool.kernel, pool.strides, {1, 1});
  require(pool.pads[0] < pool.kernel[0] && pool.pads[2] < pool.kernel[0] && pool.pads[1] < pool.kernel[1] && pool.pads[3] < pool.kernel[1],
          "its padding is not smaller than its window");
  pool.count_padding = node.integer("count_include_pad", 0) != 0;
  return node.append(pool, {node.value(0)});
}

Dims dims_of(const Convolution& conv, const Shapes& shapes) {
  const Dims &x = shapes.in[0], &w = shapes.in[1];
  require_rank(x, 4), require_rank(w, 4);
  require_batch_first(x);
  require(conv.groups > 0 && x[1] % conv.groups == 0 && w[1] == x[1] / conv.groups && w[0] % conv.groups == 0,
          fmt::format("weights {} in {} groups do not fit an input of {}", to_string(w), conv.groups, to_string(x)));
  if (shapes.in.size() > 2) require_vector(shapes.in[2], w[0], "bias");
  return windows_over(x, w[0], {w[2], w[3]}, conv.strides, conv.pads, conv.dilations);
}

void save(const Convolution& conv, OnnxWriter& out) {
  const Dims& weights = out.input_dims(1);
  out.add("Conv")
      .integers("strides", conv.strides)
      .integers("pads", conv.pads)
      .integers("dilations", conv.dilations)
      .integer("group", conv.groups)
      .integers("kernel_shape", std::array{weights[2], weights[3]});
}

std::string_view name_of(const Pool& pool) { return pool.kind == Pool::Kind::max ? "MaxPool" : "AveragePool"; }

Dims dims_of(const Pool& pool, const Shapes& shapes) {
  const Dims& x = shapes.in[0];
  require_rank(x, 4);
  require_batch_first(x);
  return windows_over(x, x[1], pool.kernel, pool.strides, pool.pads, {1, 1});
}

void save(const Pool& pool, OnnxWriter& out) {
  WrittenNode node = out.add(name_of(pool));
  node.integers("kernel_shape", pool.kernel).integers("strides", pool.strides).integers("pads", pool.pads);
  if (pool.kind == Pool::Kind::average) node.integer("count_include_pad", pool.count_padding);
}

}  // namespace

OnnxTypes window_types() {
  return {of_kind(Pool{Pool::Kind::average}, import_pool), {"Conv", import_convolution}, of_kind(Pool{Pool::Kind::max}, import_pool)};
}

Rules<Convolution> rules_of(const Convolution&) { return {"Conv", dims_of, needs_images, save}; }
Rules<Pool> rules_of(const Pool& pool) { return {name_of(pool), dims_of, needs_images, save}; }

}  // namespace ballast::graph::operations
