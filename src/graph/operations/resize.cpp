// SPDX-License-Identifier: Apache-2.0
//
// Importers of the operations that enlarge and shrink images.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph {
namespace {

constexpr int first_opset_with_coordinates = 11;
constexpr double largest_side = 1 << 20;
constexpr double rounding_of_scales = 1e-5;  // scales are single precision

// How a file says which elements are taken.
struct Rule {
  std::string mode, coordinates, rounding;
};

// Files of old say nothing of coordinates: places are divided by the scale, and rounded down.
Rule rule_of(const OnnxNode& node) {
  const std::string mode = node.text("mode", "nearest");
  if (node.opset() < first_opset_with_coordinates) return {mode, "asymmetric", "floor"};
  return {mode, node.text("coordinate_transformation_mode", "half_pixel"), node.text("nearest_mode", "round_prefer_floor")};
}

Resize::Kind kind_of(const Rule& rule) {
  const auto& [mode, coordinates, rounding] = rule;
  const bool half_pixel = coordinates == "half_pixel" || coordinates == "pytorch_half_pixel";
  require(mode == "nearest" || mode == "linear", fmt::format("its mode is '{}'; nearest and linear are allowed", mode));
  if (mode == "linear") {
    require(half_pixel, fmt::format("its coordinates are '{}'; half_pixel and pytorch_half_pixel are allowed for linear", coordinates));
    return Resize::Kind::linear;
  }
  // For whole factors, these are the same.
  const bool divided = coordinates == "asymmetric" && rounding == "floor";
  const bool rounded = half_pixel && (rounding == "round_prefer_floor" || rounding == "round_prefer_ceil");
  require(divided || rounded, fmt::format("its coordinates are '{}' with '{}'; asymmetric with floor, and half_pixel with "
                                          "round_prefer_floor or round_prefer_ceil, are allowed for nearest",
                                          coordinates, rounding));
  return Resize::Kind::nearest;
}

Dims scaled(const Dims& in, const std::vector<float>& scales) {
  require(!in.empty() && scales.size() == in.size(), fmt::format("it has {} scales for an input of {}", scales.size(), to_string(in)));
  require(scales[0] == 1, "it resizes the batch");
  Dims out = in;
  for (std::size_t i = 1; i < in.size(); ++i) {
    const double size = static_cast<double>(in[i]) * static_cast<double>(scales[i]), whole = std::round(size);
    require(whole >= 1 && whole <= largest_side && std::abs(size - whole) <= rounding_of_scales * whole,
            fmt::format("its scale {:.6g} makes {:.6g} of {}; whole sizes are allowed", scales[i], size, in[i]));
    out[i] = static_cast<std::int64_t>(whole);
  }
  return out;
}

Dims sized(const OnnxNode& node, const Dims& in, Dims sizes) {
  require(!in.empty() && sizes.size() == in.size(), fmt::format("it has {} sizes for an input of {}", sizes.size(), to_string(in)));
  require(sizes[0] == in[0] || sizes[0] == std::max<std::int64_t>(node.batch_size(), 1), "it resizes the batch");
  for (const std::int64_t size : std::vector(sizes.begin() + 1, sizes.end())) {
    require(size >= 1 && static_cast<double>(size) <= largest_side, fmt::format("its sizes hold {}, which is not allowed", size));
  }
  sizes[0] = in[0];
  return sizes;
}

Binding resized(OnnxNode& node, Dims out) {
  const Dims in = node.dims(0);
  const Rule rule = rule_of(node);
  const bool to_a_point = in.size() == 4 && ((out[2] == 1 && in[2] > 1) || (out[3] == 1 && in[3] > 1));
  require(rule.coordinates != "pytorch_half_pixel" || !to_a_point, "to a size of 1, its coordinates must be half_pixel");
  return node.append(Resize{kind_of(rule)}, {node.value(0)}, std::move(out));
}

}  // namespace

Binding import_resize(OnnxNode& node) {
  require(!node.attribute("axes"), "axes are not supported: scales or sizes of all dimensions are");
  require(node.integer("antialias", 0) == 0, "antialias is not supported");
  require(node.text("keep_aspect_ratio_policy", "stretch") == "stretch", "a keep_aspect_ratio_policy other than stretch is not supported");
  const std::size_t scales = node.opset() < first_opset_with_coordinates ? 1 : 2, sizes = scales + 1;
  const Dims in = node.dims(0);
  if (node.has_input(scales) && node.constant(scales).size() > 0) return resized(node, scaled(in, node.constant(scales).floats()));
  return resized(node, sized(node, in, node.constant(sizes).integers()));
}

Binding import_upsample(OnnxNode& node) {
  const auto* listed = node.attribute("scales");
  const std::vector<float> scales =
      listed ? std::vector<float>(listed->floats().begin(), listed->floats().end()) : node.constant(1).floats();
  return resized(node, scaled(node.dims(0), scales));
}

}  // namespace ballast::graph
