// SPDX-License-Identifier: Apache-2.0

#include "ballast/verify/verifier.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/passes.hpp"
#include "cost.hpp"
#include "intervals.hpp"
#include "layers.hpp"
#include "linear_bounds.hpp"
#include "lipschitz.hpp"
#include "radius_search.hpp"

namespace ballast::verify {
namespace {

constexpr double largest_first_radius = 1e6;  // a network that hardly depends on its input has no finite one
constexpr double infinity = std::numeric_limits<double>::infinity();

bool takes_max_pools(Method method) { return method == Method::lipschitz || method == Method::ibp; }
bool rests_on_lipschitz(Method method) { return method == Method::lipschitz || method == Method::sdp_crown; }
bool has_lines(Method method) { return !takes_max_pools(method); }

LinearBounds::Options line_options(Method method, const VerifierOptions& options, const std::vector<double>& lipschitz) {
  LinearBounds::Options lines;
  lines.slope = method == Method::wong ? LowerSlope::parallel : LowerSlope::adaptive;
  lines.matrix_elements = options.matrix_elements;
  if (method == Method::sdp_crown) lines.lipschitz = lipschitz;
  return lines;
}

// Not a number: nothing is known.
double least_value(const at::Tensor& margins) {
  const double margin = margins.min().item<double>();
  return std::isnan(margin) ? -infinity : margin;
}

}  // namespace

struct Verifier::State {
  State(graph::Graph graph, const ImageShape& image_shape, Method wanted, const VerifierOptions& options)
      : method(wanted),
        shape(image_shape),
        layout(graph::fit_layout(graph, image_shape)),
        classes(graph.classes()),
        layers(layers_of(std::move(graph), takes_max_pools(wanted), to_string(wanted))),
        lipschitz(lipschitz_bounds(layers, rests_on_lipschitz(wanted) ? Effort::tight : Effort::quick)) {
    if (has_lines(method)) lines.emplace(layers, line_options(method, options, lipschitz));
    if (method == Method::ibp) intervals.emplace(layers, options.matrix_elements);
  }

  std::vector<at::Tensor> values_of(std::span<const double> image) const;
  void check(Label label, double radius) const;
  double margin(const std::vector<at::Tensor>& values, Label label, double radius) const;
  double lipschitz_radius(const std::vector<at::Tensor>& values, Label label) const;
  double line_radius(const std::vector<at::Tensor>& values, Label label, double start, const RadiusOptions& options) const;
  Label label_at(const std::vector<at::Tensor>& values) const;

  Method method;
  ImageShape shape;
  graph::InputLayout layout;
  int classes;
  Layers layers;
  std::vector<double> lipschitz;
  std::optional<LinearBounds> lines;
  std::optional<Intervals> intervals;
};

std::vector<at::Tensor> Verifier::State::values_of(std::span<const double> image) const {
  require(image.size() == shape.size(),
          fmt::format("an image has {} values, and the network takes {} ({})", image.size(), shape.size(), ballast::to_string(shape)));
  require(std::all_of(image.begin(), image.end(), [](double value) { return std::isfinite(value); }),
          "an image has values that are not finite");
  at::Tensor pixels = at::empty({shape.channels, shape.height, shape.width}, at::kDouble);
  std::copy(image.begin(), image.end(), pixels.data_ptr<double>());
  if (layout == graph::InputLayout::hwc) pixels = pixels.permute({1, 2, 0}).contiguous();
  Sizes sizes{1};
  sizes.insert(sizes.end(), layers.sizes_of(layers.input).begin(), layers.sizes_of(layers.input).end());
  return run(layers, pixels.reshape(sizes));
}

void Verifier::State::check(Label label, double radius) const {
  require(label >= 0 && label < classes, fmt::format("label {}: the network's labels are 0 to {}", label, classes - 1));
  require(radius >= 0 && std::isfinite(radius), fmt::format("radius {}: a radius must be finite and at least 0", radius));
}

double Verifier::State::margin(const std::vector<at::Tensor>& values, Label label, double radius) const {
  switch (method) {
    case Method::ibp: return least_value(intervals->margins(values, radius, label));
    case Method::lipschitz: {
      const SteepMargins margins = steep_margins(layers, lipschitz, values, label);
      return least_value(margins.margin - margins.lipschitz * radius);
    }
    case Method::crown:
    case Method::wong:
    case Method::sdp_crown: break;
  }
  return least_value(lines->margins(values, radius, lines->activation_bounds(values, radius, nullptr), label));
}

double Verifier::State::lipschitz_radius(const std::vector<at::Tensor>& values, Label label) const {
  const SteepMargins margins = steep_margins(layers, lipschitz, values, label);
  const double radius = at::Tensor(margins.margin / margins.lipschitz).min().item<double>() * (1 - 0x1p-40);
  return radius > 0 ? radius : 0;
}

// A radius that failed bounds the activations of every smaller one.
double Verifier::State::line_radius(const std::vector<at::Tensor>& values, Label label, double start, const RadiusOptions& options) const {
  std::vector<Bounds> failed;
  const auto bound = [&](double radius) {
    std::vector<Bounds> bounds = lines->activation_bounds(values, radius, failed.empty() ? nullptr : &failed);
    const double margin = least_value(lines->margins(values, radius, bounds, label));
    if (!(margin > 0)) failed = std::move(bounds);
    return margin;
  };
  return greatest_verified_radius(bound, margin(values, label, 0), start, options);
}

Label Verifier::State::label_at(const std::vector<at::Tensor>& values) const {
  return static_cast<Label>(values[static_cast<std::size_t>(layers.output)].flatten().argmax().item<std::int64_t>());
}

Verifier::Verifier(graph::Graph graph, const ImageShape& shape, Method method, const VerifierOptions& options) {
  require(options.matrix_elements >= 1, fmt::format("matrix_elements {}: at least 1 is needed", options.matrix_elements));
  state_ = std::make_unique<State>(std::move(graph), shape, method, options);
}
Verifier::~Verifier() = default;
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;

Method Verifier::method() const { return state_->method; }
int Verifier::classes() const { return state_->classes; }
Label Verifier::predict(std::span<const double> image) const { return state_->label_at(state_->values_of(image)); }

double Verifier::margin_bound(std::span<const double> image, Label label, double radius) const {
  state_->check(label, radius);
  return state_->margin(state_->values_of(image), label, radius);
}

bool Verifier::certifies(std::span<const double> image, Label label, double radius) const {
  state_->check(label, radius);
  const auto values = state_->values_of(image);
  return state_->label_at(values) == label && state_->margin(values, label, radius) > 0;
}

double Verifier::certified_radius(std::span<const double> image, Label label, const RadiusOptions& options) const {
  state_->check(label, 0);
  require(options.tolerance > 0 && options.tolerance < 1, fmt::format("tolerance {}: it must be between 0 and 1", options.tolerance));
  require(options.most >= 0, fmt::format("greatest radius {}: it must not be negative", options.most));
  const auto values = state_->values_of(image);
  if (state_->label_at(values) != label) return 0;
  const double start = state_->lipschitz_radius(values, label);
  if (!(start > 0)) return 0;
  if (state_->method == Method::lipschitz) return std::min(start, options.most);
  const double first = std::min(start, largest_first_radius);
  if (has_lines(state_->method)) return state_->line_radius(values, label, first, options);
  const auto bound = [&](double radius) { return state_->margin(values, label, radius); };
  return greatest_verified_radius(bound, bound(0), first, options);
}

double Verifier::multiplications() const { return has_lines(state_->method) ? multiplications_by_lines(state_->layers) : 0; }

double Verifier::lipschitz_bound() const { return state_->lipschitz[static_cast<std::size_t>(state_->layers.output)]; }

}  // namespace ballast::verify
