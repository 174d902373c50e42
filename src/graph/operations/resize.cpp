// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
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

Dims dims_of(const Resize& resize, const Shapes& shapes) {
  const Dims &in = shapes.in[0], &out = shapes.given;
  require_rank(in, 4), require_rank(out, 4);
  require_batch_first(in), require_batch_first(out);
  require(out[1] == in[1], fmt::format("it makes {} of {}: only height and width may change", to_string(out), to_string(in)));
  const bool repeats = out[2] % in[2] == 0 && out[3] % in[3] == 0;
  require(resize.kind != Resize::Kind::nearest || repeats,
          fmt::format("by its nearest elements it makes {} of {}: only whole factors are allowed", to_string(out), to_string(in)));
  return out;
}

void save(const Resize& resize, OnnxWriter& out) {
  const Dims &from = out.input_dims(0), &to = out.output_dims();
  const bool nearest = resize.kind == Resize::Kind::nearest;
  // Rounded up, so that the size times the scale, rounded down, is what it should be.
  const auto scale = [&](std::size_t i) {
    const double exact = static_cast<double>(to[i]) / static_cast<double>(from[i]);
    const auto nearby = static_cast<float>(exact);
    return static_cast<double>(nearby) < exact ? std::nextafter(nearby, 2 * nearby) : nearby;
  };
  WrittenNode node = out.add("Resize");
  node.input("").input(out.constant(out.output() + ".scales", Tensor{{4}, {1, 1, scale(2), scale(3)}}));
  node.text("mode", nearest ? "nearest" : "linear");
  node.text("coordinate_transformation_mode", nearest ? "asymmetric" : "half_pixel");
  if (nearest) node.text("nearest_mode", "floor");
}

}  // namespace

OnnxTypes resize_types() { return {{"Resize", import_resize}, {"Upsample", import_upsample}}; }

Rules<Resize> rules_of(const Resize&) { return {"Resize", dims_of, needs_images, save}; }

}  // namespace ballast::graph::operations
