// SPDX-License-Identifier: Apache-2.0
//
// Windows that move over images of two or three directions: convolutions, their adjoints, and pools. A row of elements is an image of
// height 1.

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

constexpr std::int64_t largest_window = 1 << 16;

std::int64_t span_of(std::int64_t kernel, std::int64_t dilation) { return (kernel - 1) * dilation + 1; }

// Two halves, the larger one first or last.
std::pair<std::int64_t, std::int64_t> halves(std::int64_t total, bool more_at_end) {
  const std::int64_t less = total / 2;
  return more_at_end ? std::pair{less, total - less} : std::pair{total - less, less};
}

// With `ceil`, a last window may go beyond the padding, if it begins before the padding behind.
std::int64_t window_count(std::int64_t size, std::int64_t kernel, std::int64_t dilation, std::int64_t stride, std::int64_t before,
                          std::int64_t after, bool ceil) {
  const std::int64_t span = span_of(kernel, dilation), padded = size + before + after;
  require(padded >= span, fmt::format("a window of {} does not fit into {} elements", span, padded));
  std::int64_t count = (padded - span + (ceil ? stride - 1 : 0)) / stride + 1;
  if (ceil && (count - 1) * stride >= size + before) --count;
  return count;
}

std::size_t directions_of(const Dims& image) { return image.size() - 2; }

// A node's input as an image, and its attributes by direction.
class Windows {
 public:
  explicit Windows(OnnxNode& node) : node_(node), dims_(node.dims(0)), of_row_(dims_.size() == 3) {
    require(dims_.size() >= 3 && dims_.size() <= 5,
            fmt::format("its input is {}; batch x channels x height x width is supported, and one or three directions", to_string(dims_)));
    require(!node.is_constant(0), "its input must be computed");
    if (of_row_) dims_.insert(dims_.begin() + 2, 1);
  }

  const Dims& dims() const { return dims_; }
  std::size_t directions() const { return directions_of(dims_); }

  Operand image() const {
    if (!of_row_) return node_.value(0);
    return node_.reshape(node_.value(0), dims_);
  }
  Binding result(const Binding& image) const {
    if (!of_row_) return image;
    Dims row = image.view.in_file(node_.graph().dims(image.value));
    row.erase(row.begin() + 2);
    return node_.reshape(image, row);
  }

  // Weights of rows as those of images.
  Operand weights(std::size_t input) const {
    if (!of_row_) return node_.value(input);
    const Dims kernel = kernel_dims(input);
    node_.budget().constant(kernel, sizeof(float));
    return node_.graph().add_constant(node_.name() + ".weight", {kernel, node_.constant(input).floats()});
  }
  Dims kernel_dims(std::size_t input) const {
    Dims dims = node_.constant(input).dims;
    require(dims.size() == dims_.size() - (of_row_ ? 1 : 0),
            fmt::format("its weights are {}; {} dimensions are needed", to_string(dims), dims_.size() - (of_row_ ? 1 : 0)));
    if (of_row_) dims.insert(dims.begin() + 2, 1);
    require(node_.constant(input).size() > 0, "its weights are empty");
    const Dims shape(node_.constant(input).dims.begin() + 2, node_.constant(input).dims.end());
    require(node_.integers("kernel_shape", shape) == shape, "its kernel_shape is not its weights'");
    return dims;
  }

  // Strides and the like.
  Sides sides(const char* what) const { return sides(what, node_.integers(what, Sides(own(), 1))); }
  Sides kernel_shape() const { return sides("kernel_shape", node_.integers("kernel_shape", {})); }

  // As many numbers, 0 or more.
  Sides numbers(const char* what) const {
    Sides values = node_.integers(what, Sides(own(), 0));
    require_size(what, values.size(), own());
    for (const std::int64_t value : values) require_allowed(what, value, 0);
    if (of_row_) values.insert(values.begin(), 0);
    return values;
  }

  // What the file says of padding. With SAME, ceil(size / stride) windows.
  Sides pads(const Sides& kernel, const Sides& strides, const Sides& dilations) const {
    const std::string mode = node_.text("auto_pad", "NOTSET");
    Sides pads(2 * directions(), 0);
    if (mode == "VALID") return pads;
    if (mode != "SAME_UPPER" && mode != "SAME_LOWER") {
      require(mode == "NOTSET" || mode.empty(), fmt::format("its auto_pad is '{}', which is not supported", mode));
      return given_pads();
    }
    for (std::size_t i = 0; i < directions(); ++i) {
      const std::int64_t size = dims_[i + 2], windows = (size + strides[i] - 1) / strides[i];
      const std::int64_t total = std::max<std::int64_t>(0, (windows - 1) * strides[i] + span_of(kernel[i], dilations[i]) - size);
      std::tie(pads[i], pads[i + directions()]) = halves(total, mode == "SAME_UPPER");
    }
    return pads;
  }

 private:
  std::size_t own() const { return directions() - (of_row_ ? 1 : 0); }  // directions in the file

  static void require_size(const char* what, std::size_t size, std::size_t wanted) {
    require(size == wanted, fmt::format("its {} have {} entries; {} are needed", what, size, wanted));
  }
  static void require_allowed(const char* what, std::int64_t value, std::int64_t least) {
    require(value >= least && value <= largest_window, fmt::format("its {} hold {}, which is not allowed", what, value));
  }

  Sides sides(const char* what, Sides values) const {
    require_size(what, values.size(), own());
    for (const std::int64_t value : values) require_allowed(what, value, 1);
    if (of_row_) values.insert(values.begin(), 1);
    return values;
  }

  Sides given_pads() const {
    Sides pads = node_.integers("pads", Sides(2 * own(), 0));
    require_size("pads", pads.size(), 2 * own());
    for (const std::int64_t pad : pads) require_allowed("pads", pad, 0);
    if (of_row_) pads = {0, pads[0], 0, pads[1]};
    return pads;
  }

  OnnxNode& node_;
  Dims dims_;  // of the image
  bool of_row_;
};

Sides kernel_of(const Dims& weights) { return {weights.begin() + 2, weights.end()}; }

template <typename Layer>
Binding append_layer(OnnxNode& node, const Windows& windows, const Layer& layer) {
  std::vector<Operand> inputs{windows.image(), windows.weights(1)};
  if (node.has_input(2)) node.constant(2), inputs.push_back(node.value(2));
  return windows.result(node.append(layer, std::move(inputs)));
}

Binding import_convolution(OnnxNode& node) {
  const Windows windows(node);
  Convolution conv;
  const Sides kernel = kernel_of(windows.kernel_dims(1));
  conv.strides = windows.sides("strides");
  conv.dilations = windows.sides("dilations");
  conv.groups = node.integer("group", 1);
  conv.pads = windows.pads(kernel, conv.strides, conv.dilations);
  return append_layer(node, windows, conv);
}

// Padding that gives the wanted size of the output; zeros behind it where it is too small.
Sides pads_for(TransposedConvolution& conv, const Dims& in, const Sides& kernel, const Sides& wanted, bool more_at_end) {
  Sides pads(2 * wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::int64_t whole = (in[i + 2] - 1) * conv.strides[i] + span_of(kernel[i], conv.dilations[i]) + conv.added[i];
    require(wanted[i] >= 1 && wanted[i] - whole < conv.strides[i],
            fmt::format("it makes {} elements, and {} are wanted", whole, wanted[i]));
    conv.added[i] += std::max<std::int64_t>(wanted[i] - whole, 0);
    std::tie(pads[i], pads[i + wanted.size()]) = halves(std::max<std::int64_t>(whole - wanted[i], 0), more_at_end);
  }
  return pads;
}

Binding import_transposed_convolution(OnnxNode& node) {
  const Windows windows(node);
  TransposedConvolution conv;
  const Sides kernel = kernel_of(windows.kernel_dims(1));
  conv.strides = windows.sides("strides");
  conv.dilations = windows.sides("dilations");
  conv.groups = node.integer("group", 1);
  conv.added = windows.numbers("output_padding");
  const std::string mode = node.text("auto_pad", "NOTSET");
  const bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (node.attribute("output_shape")) {
    Sides wanted = node.integers("output_shape", {});
    if (wanted.size() == node.dims(0).size()) wanted.erase(wanted.begin(), wanted.begin() + 2);
    if (windows.directions() > wanted.size()) wanted.insert(wanted.begin(), 1);
    require(wanted.size() == windows.directions(), fmt::format("its output_shape has {} entries", wanted.size()));
    conv.pads = pads_for(conv, windows.dims(), kernel, wanted, mode == "SAME_UPPER");
  } else if (same) {
    Sides wanted;
    for (std::size_t i = 0; i < windows.directions(); ++i) wanted.push_back(windows.dims()[i + 2] * conv.strides[i]);
    conv.pads = pads_for(conv, windows.dims(), kernel, wanted, mode == "SAME_UPPER");
  } else {
    conv.pads = windows.pads(kernel, conv.strides, conv.dilations);
  }
  return append_layer(node, windows, conv);
}

void require_small_padding(const Pool& pool) {
  const std::size_t directions = pool.kernel.size();
  for (std::size_t i = 0; i < directions; ++i) {
    const std::int64_t span = span_of(pool.kernel[i], pool.dilations[i]);
    require(pool.pads[i] < span && pool.pads[i + directions] < span, "its padding is not smaller than its window");
  }
}

Pool pool_of(const OnnxNode& node, const Windows& windows, Pool::Kind kind) {
  Pool pool;
  pool.kind = kind;
  pool.kernel = windows.kernel_shape();
  pool.strides = windows.sides("strides");
  pool.dilations = windows.sides("dilations");
  pool.pads = windows.pads(pool.kernel, pool.strides, pool.dilations);
  pool.count_padding = node.integer("count_include_pad", 0) != 0;
  pool.ceil = node.integer("ceil_mode", 0) != 0;
  require_small_padding(pool);
  return pool;
}

Binding import_pool(OnnxNode& node, Pool pool) {
  const Windows windows(node);
  return windows.result(node.append(pool_of(node, windows, pool.kind), {windows.image()}));
}

// The p-th root of the sum of p-th powers: a mean over windows of a padded image times their size.
Binding import_lp_pool(OnnxNode& node) {
  const Windows windows(node);
  const auto p = static_cast<float>(node.integer("p", 2));
  require(p >= 1, fmt::format("its p is {}; 1 or more is allowed", p));
  Pool pool = pool_of(node, windows, Pool::Kind::average);
  const std::size_t directions = windows.directions();
  Pad pad{std::vector<std::int64_t>(directions + 2, 0), std::vector<std::int64_t>(directions + 2, 0)};
  std::int64_t size = 1;
  for (std::size_t i = 0; i < directions; ++i) {
    const std::int64_t in = windows.dims()[i + 2], span = span_of(pool.kernel[i], pool.dilations[i]);
    const std::int64_t count =
        window_count(in, pool.kernel[i], pool.dilations[i], pool.strides[i], pool.pads[i], pool.pads[i + directions], pool.ceil);
    pad.before[i + 2] = pool.pads[i];
    pad.after[i + 2] = std::max<std::int64_t>((count - 1) * pool.strides[i] + span - in - pool.pads[i], 0);
    size *= pool.kernel[i];
  }
  std::fill(pool.pads.begin(), pool.pads.end(), 0);
  pool.ceil = false;
  Operand x = node.append(Activation{Activation::Kind::abs}, {windows.image()});
  if (p != 1) x = node.append(Activation{Activation::Kind::power, p}, {x});
  const Operand mean = node.append(pool, {node.append(pad, {x})});
  const ValueId count = node.graph().add_constant(node.name() + ".count", {{}, {static_cast<float>(size)}});
  Binding sum = node.append(Binary{Binary::Kind::multiply}, {mean, count});
  if (p != 1) sum = node.append(Activation{Activation::Kind::power, 1 / p}, {sum});
  return windows.result(sum);
}

void require_directions(const Dims& x, const Dims& of_kernel) {
  require(x.size() == 4 || x.size() == 5, fmt::format("its input is {}, and 4 or 5 dimensions are allowed", to_string(x)));
  require_rank(of_kernel, x.size());
  require_batch_first(x);
}

void require_sides(const Dims& x, const Sides& strides, const Sides& pads, const Sides& dilations) {
  const std::size_t directions = directions_of(x);
  require(strides.size() == directions && dilations.size() == directions && pads.size() == 2 * directions,
          fmt::format("it speaks of other directions than those of {}", to_string(x)));
}

Dims dims_of(const Convolution& conv, const Shapes& shapes) {
  const Dims &x = shapes.in[0], &w = shapes.in[1];
  require_directions(x, w);
  require_sides(x, conv.strides, conv.pads, conv.dilations);
  require(conv.groups > 0 && x[1] % conv.groups == 0 && w[1] == x[1] / conv.groups && w[0] % conv.groups == 0,
          fmt::format("weights {} in {} groups do not fit an input of {}", to_string(w), conv.groups, to_string(x)));
  if (shapes.in.size() > 2) require_vector(shapes.in[2], w[0], "bias");
  const std::size_t directions = directions_of(x);
  Dims out{batch, w[0]};
  for (std::size_t i = 0; i < directions; ++i)
    out.push_back(window_count(x[i + 2], w[i + 2], conv.dilations[i], conv.strides[i], conv.pads[i], conv.pads[i + directions], false));
  return out;
}

template <typename Layer>
WrittenNode save_layer(const char* type, const Layer& layer, OnnxWriter& out) {
  WrittenNode node = out.add(type);
  node.integers("strides", layer.strides)
      .integers("pads", layer.pads)
      .integers("dilations", layer.dilations)
      .integer("group", layer.groups)
      .integers("kernel_shape", kernel_of(out.input_dims(1)));
  return node;
}

void save(const Convolution& conv, OnnxWriter& out) { save_layer("Conv", conv, out); }

Dims dims_of(const TransposedConvolution& conv, const Shapes& shapes) {
  const Dims &x = shapes.in[0], &w = shapes.in[1];
  require_directions(x, w);
  require_sides(x, conv.strides, conv.pads, conv.dilations);
  require(conv.added.size() == conv.strides.size(), "its output_padding does not fit its strides");
  require(conv.groups > 0 && x[1] % conv.groups == 0 && w[0] == x[1] && w[1] > 0,
          fmt::format("weights {} in {} groups do not fit an input of {}", to_string(w), conv.groups, to_string(x)));
  if (shapes.in.size() > 2) require_vector(shapes.in[2], w[1] * conv.groups, "bias");
  const std::size_t directions = directions_of(x);
  Dims out{batch, w[1] * conv.groups};
  for (std::size_t i = 0; i < directions; ++i) {
    require(conv.added[i] < std::max(conv.strides[i], conv.dilations[i]),
            fmt::format("its output_padding {} is not smaller than its stride or its dilation", conv.added[i]));
    const std::int64_t whole = (x[i + 2] - 1) * conv.strides[i] + span_of(w[i + 2], conv.dilations[i]) + conv.added[i];
    out.push_back(whole - conv.pads[i] - conv.pads[i + directions]);
  }
  return out;
}

void save(const TransposedConvolution& conv, OnnxWriter& out) {
  save_layer("ConvTranspose", conv, out).integers("output_padding", conv.added);
}

std::string_view name_of(const Pool& pool) { return pool.kind == Pool::Kind::max ? "MaxPool" : "AveragePool"; }

Dims dims_of(const Pool& pool, const Shapes& shapes) {
  const Dims& x = shapes.in[0];
  require_directions(x, x);
  require_sides(x, pool.strides, pool.pads, pool.dilations);
  require(pool.kernel.size() == directions_of(x), "its window has other directions than its input");
  const std::size_t directions = directions_of(x);
  Dims out{batch, x[1]};
  for (std::size_t i = 0; i < directions; ++i)
    out.push_back(
        window_count(x[i + 2], pool.kernel[i], pool.dilations[i], pool.strides[i], pool.pads[i], pool.pads[i + directions], pool.ceil));
  return out;
}

// Before operator set 19, averages know no dilations.
void save(const Pool& pool, OnnxWriter& out) {
  const bool dilated = std::any_of(pool.dilations.begin(), pool.dilations.end(), [](std::int64_t dilation) { return dilation != 1; });
  require(!dilated || pool.kind == Pool::Kind::max,
          fmt::format("node '{}': a dilated AveragePool has no place in operator set {}, which is written", out.node().name,
                      OnnxWriter::opset));
  WrittenNode node = out.add(name_of(pool));
  node.integers("kernel_shape", pool.kernel).integers("strides", pool.strides).integers("pads", pool.pads);
  if (pool.kind == Pool::Kind::average) node.integer("count_include_pad", pool.count_padding);
  if (dilated) node.integers("dilations", pool.dilations);
  if (pool.ceil) node.integer("ceil_mode", 1);
}

}  // namespace

OnnxTypes window_types() {
  Pool average;
  average.kind = Pool::Kind::average;
  return {of_kind(average, import_pool),
          {"Conv", import_convolution},
          {"ConvTranspose", import_transposed_convolution},
          {"LpPool", import_lp_pool},
          of_kind(Pool{}, import_pool)};
}

Rules<Convolution> rules_of(const Convolution&) { return {"Conv", dims_of, needs_images, save}; }
Rules<TransposedConvolution> rules_of(const TransposedConvolution&) { return {"ConvTranspose", dims_of, needs_images, save}; }
Rules<Pool> rules_of(const Pool& pool) { return {name_of(pool), dims_of, needs_images, save}; }

}  // namespace ballast::graph::operations
