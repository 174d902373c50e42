// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
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
  double cubic = -0.75;
  bool exclude_outside = false, antialias = false;
};

// Files of old say nothing of coordinates: places are divided by the scale, and rounded down.
Rule rule_of(const OnnxNode& node) {
  const std::string mode = node.text("mode", "nearest");
  require(mode == "nearest" || mode == "linear" || mode == "cubic",
          fmt::format("its mode is '{}'; nearest, linear and cubic are allowed", mode));
  if (node.opset() < first_opset_with_coordinates) return {mode, "asymmetric", "floor"};
  return {mode,
          node.text("coordinate_transformation_mode", "half_pixel"),
          node.text("nearest_mode", "round_prefer_floor"),
          static_cast<double>(node.number("cubic_coeff_a", -0.75f)),
          node.integer("exclude_outside", 0) != 0,
          node.integer("antialias", 0) != 0};
}

// One dimension: sizes and how many times it grows.
struct Side {
  std::int64_t in = 1, out = 1;
  double scale = 1;
};

// Where element `to` of the output lies among those of the input.
double place_of(const Rule& rule, const Side& side, std::int64_t to) {
  const auto x = static_cast<double>(to), in = static_cast<double>(side.in), out = static_cast<double>(side.out);
  const double half_pixel = (x + 0.5) / side.scale - 0.5;
  if (rule.coordinates == "half_pixel") return half_pixel;
  if (rule.coordinates == "pytorch_half_pixel") return side.out > 1 ? half_pixel : 0;
  if (rule.coordinates == "asymmetric") return x / side.scale;
  if (rule.coordinates == "align_corners") return side.out > 1 ? x * (in - 1) / (out - 1) : 0;
  if (rule.coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / side.scale;
  if (rule.coordinates == "half_pixel_symmetric") return in / 2 * (1 - out / (in * side.scale)) + half_pixel;
  throw InputError(
      fmt::format("its coordinates are '{}'; half_pixel, half_pixel_symmetric, pytorch_half_pixel, align_corners, asymmetric "
                  "and tf_half_pixel_for_nn are allowed",
                  rule.coordinates));
}

std::int64_t nearest(const Rule& rule, const Side& side, std::int64_t to) {
  const double place = place_of(rule, side, to);
  double chosen = 0;
  if (rule.rounding == "round_prefer_floor") chosen = std::ceil(place - 0.5);
  else if (rule.rounding == "round_prefer_ceil") chosen = std::floor(place + 0.5);
  else if (rule.rounding == "floor") chosen = std::floor(place);
  else if (rule.rounding == "ceil") chosen = std::ceil(place);
  else
    throw InputError(
        fmt::format("its nearest_mode is '{}'; round_prefer_floor, round_prefer_ceil, floor and ceil are allowed", rule.rounding));
  return static_cast<std::int64_t>(std::clamp(chosen, 0.0, static_cast<double>(side.in - 1)));
}

// The weight of an element at this distance: a triangle, or the cubic of Keys 1981.
double kernel(const Rule& rule, double distance) {
  const double x = std::abs(distance), a = rule.cubic;
  if (rule.mode == "linear") return std::max(1 - x, 0.0);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// The weights of an output's elements; those beyond the edge are the edge's, or none. Where it shrinks, an antialiased kernel is wider.
Tensor weights_of(const Rule& rule, const Side& side) {
  Tensor weights{{side.out, side.in}, std::vector<float>(static_cast<std::size_t>(side.out * side.in))};
  const double narrow = rule.antialias ? std::min(side.scale, 1.0) : 1, reach = (rule.mode == "linear" ? 1 : 2) / narrow;
  for (std::int64_t to = 0; to < side.out; ++to) {
    const double place = place_of(rule, side, to);
    std::vector<double> row(static_cast<std::size_t>(side.in));
    double sum = 0;
    for (double at = std::ceil(place - reach); at <= place + reach; ++at) {
      const bool outside = at < 0 || at > static_cast<double>(side.in - 1);
      if (outside && rule.exclude_outside) continue;
      const double weight = kernel(rule, (at - place) * narrow);
      row[static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(side.in - 1)))] += weight;
      sum += weight;
    }
    const bool whole = !rule.antialias && !rule.exclude_outside;
    for (std::int64_t from = 0; from < side.in; ++from)
      weights.values[static_cast<std::size_t>(to * side.in + from)] =
          static_cast<float>(row[static_cast<std::size_t>(from)] / (whole ? 1 : sum));
  }
  return weights;
}

// What one operation does for height and width together.
std::optional<Resize::Kind> kind_of(const Rule& rule, const std::vector<Side>& sides) {
  if (sides.size() != 4 || sides[1].in != sides[1].out || rule.antialias || rule.mode == "cubic") return {};
  const bool half_pixel = rule.coordinates == "half_pixel" || rule.coordinates == "pytorch_half_pixel";
  bool even = true, repeats = true, to_a_point = false;
  for (const std::size_t i : {std::size_t{2}, std::size_t{3}}) {
    const double exact = static_cast<double>(sides[i].out) / static_cast<double>(sides[i].in);
    even = even && std::abs(sides[i].scale - exact) <= rounding_of_scales * exact;
    repeats = repeats && sides[i].out % sides[i].in == 0;
    to_a_point = to_a_point || (sides[i].out == 1 && sides[i].in > 1);
  }
  if (!even || (to_a_point && rule.coordinates != "half_pixel")) return {};
  if (rule.mode == "linear") return half_pixel && !rule.exclude_outside ? std::optional(Resize::Kind::linear) : std::nullopt;
  // For whole factors, these are the same.
  const bool divided = rule.coordinates == "asymmetric" && rule.rounding == "floor";
  const bool rounded = half_pixel && (rule.rounding == "round_prefer_floor" || rule.rounding == "round_prefer_ceil");
  return repeats && (divided || rounded) ? std::optional(Resize::Kind::nearest) : std::nullopt;
}

// A size times a scale, rounded down; scales are not exact.
std::int64_t scaled(std::int64_t in, double scale) {
  const double size = static_cast<double>(in) * scale, whole = std::round(size);
  const double out = std::abs(size - whole) <= rounding_of_scales * whole ? whole : std::floor(size);
  require(out >= 1 && out <= largest_side, fmt::format("its scale {:.6g} makes {:.6g} of {}", scale, size, in));
  return static_cast<std::int64_t>(out);
}

// Dimensions that are not spoken of stay as they are.
std::vector<std::size_t> resized_axes(const OnnxNode& node, std::size_t rank) {
  std::vector<std::size_t> axes;
  std::vector<std::int64_t> all(rank);
  std::iota(all.begin(), all.end(), 0);
  for (const std::int64_t axis : node.integers("axes", all)) axes.push_back(node.axis(axis, rank));
  return axes;
}

std::vector<Side> sides_by_scales(const OnnxNode& node, const std::vector<float>& scales) {
  const Dims in = node.dims(0);
  const auto axes = resized_axes(node, in.size());
  require(!in.empty() && scales.size() == axes.size(), fmt::format("it has {} scales for an input of {}", scales.size(), to_string(in)));
  std::vector<Side> sides;
  for (const std::int64_t size : in) sides.push_back({size, size});
  for (std::size_t k = 0; k < axes.size(); ++k) {
    Side& side = sides[axes[k]];
    require(side.in >= 0 || scales[k] == 1, "it resizes the batch");
    if (side.in < 0) continue;
    side.scale = static_cast<double>(scales[k]);
    side.out = scaled(side.in, side.scale);
  }
  return sides;
}

std::vector<Side> sides_by_sizes(const OnnxNode& node, const Dims& sizes) {
  const Dims in = node.dims(0);
  const auto axes = resized_axes(node, in.size());
  require(!in.empty() && sizes.size() == axes.size(), fmt::format("it has {} sizes for an input of {}", sizes.size(), to_string(in)));
  const std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
  require(policy == "stretch" || policy == "not_larger" || policy == "not_smaller",
          fmt::format("its keep_aspect_ratio_policy is '{}'; stretch, not_larger and not_smaller are allowed", policy));
  std::vector<Side> sides;
  for (const std::int64_t size : in) sides.push_back({size, size});
  double common = 0;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    Side& side = sides[axes[k]];
    if (side.in < 0) {
      require(sizes[k] == side.in || sizes[k] == -side.in * std::max<std::int64_t>(node.batch_size(), 1), "it resizes the batch");
      continue;
    }
    require(sizes[k] >= 1 && static_cast<double>(sizes[k]) <= largest_side,
            fmt::format("its sizes hold {}, which is not allowed", sizes[k]));
    side.out = sizes[k];
    side.scale = static_cast<double>(side.out) / static_cast<double>(side.in);
    common = common == 0 ? side.scale : policy == "not_larger" ? std::min(common, side.scale) : std::max(common, side.scale);
  }
  if (policy == "stretch") return sides;
  for (const std::size_t axis : axes) {
    if (sides[axis].in < 0) continue;
    sides[axis].scale = common;
    sides[axis].out = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::floor(static_cast<double>(sides[axis].in) * common + 0.5)));
  }
  return sides;
}

Binding resized(OnnxNode& node, const std::vector<Side>& sides) {
  const Rule rule = rule_of(node);
  place_of(rule, {}, 0);
  if (const auto kind = kind_of(rule, sides); kind && !node.is_constant(0)) {
    Dims out;
    for (const Side& side : sides) out.push_back(side.out);
    return node.append(Resize{*kind}, {node.value(0)}, std::move(out));
  }
  Binding x = node.alias(0);
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const Side& side = sides[i];
    const auto axis = static_cast<std::int64_t>(i);
    if (side.in < 0 || (side.in == side.out && side.scale == 1)) continue;
    if (rule.mode == "nearest") {
      node.budget().constant({side.out}, sizeof(std::int64_t));
      std::vector<std::int64_t> indices;
      for (std::int64_t to = 0; to < side.out; ++to) indices.push_back(nearest(rule, side, to));
      x = x.constant ? OnnxNode::of(gathered(*x.constant, integer_vector(std::move(indices)), axis, node.budget()))
                     : node.append(Gather{axis, std::move(indices)}, {x});
      continue;
    }
    node.budget().constant({side.out, side.in}, 2 * sizeof(float));
    Tensor weights = weights_of(rule, side);
    x = x.constant ? OnnxNode::of(blended(*x.constant, axis, weights, node.budget()))
                   : node.append(Blend{axis}, {x, node.graph().add_constant(node.name() + ".weight", std::move(weights))});
  }
  return x;
}

Binding import_resize(OnnxNode& node) {
  const std::size_t scales = node.opset() < first_opset_with_coordinates ? 1 : 2, sizes = scales + 1;
  if (node.has_input(scales) && node.constant(scales).size() > 0)
    return resized(node, sides_by_scales(node, node.constant(scales).floats()));
  return resized(node, sides_by_sizes(node, node.constant(sizes).integers()));
}

Binding import_upsample(OnnxNode& node) {
  const auto* listed = node.attribute("scales");
  return resized(node, sides_by_scales(node, listed ? std::vector<float>(listed->floats().begin(), listed->floats().end())
                                                    : node.constant(1).floats()));
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
