// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/diffusion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/graph/compose.hpp"
#include "ballast/graph/passes.hpp"

namespace ballast::graph {
namespace {

constexpr double first_beta = 1e-4, last_beta = 0.02;       // Ho et al. 2020, section 4
constexpr double cosine_offset = 0.008, most_beta = 0.999;  // s, and the cap: Nichol and Dhariwal 2021, equation 17

double linear_beta(int t) { return first_beta + (last_beta - first_beta) * t / (diffusion_timesteps - 1); }

// beta_t = 1 - f(t + 1) / f(t) with f(t) = cos^2((t / T + s) / (1 + s) pi / 2).
double cosine_beta(int t) {
  const auto f = [](int at) {
    const double cosine =
        std::cos((static_cast<double>(at) / diffusion_timesteps + cosine_offset) / (1 + cosine_offset) * std::numbers::pi / 2);
    return cosine * cosine;
  };
  return std::min(1 - f(t + 1) / f(t), most_beta);
}

double beta(NoiseSchedule schedule, int t) {
  switch (schedule) {
    case NoiseSchedule::linear: return linear_beta(t);
    case NoiseSchedule::cosine: return cosine_beta(t);
  }
  return 0;
}

ValueId scaled(Graph& graph, ValueId from, const std::string& name, double scale, double offset) {
  const std::array whole{ChannelAffine{scale, offset}};
  return append_affine(graph, from, name, whole);
}

// The first channels of x, as many as the image has.
ValueId first_channels(Graph& graph, ValueId x, const Dims& image) {
  const Dims& dims = graph.dims(x);
  const bool fits = image.size() == 4 && dims.size() == 4 && dims[1] >= image[1] && dims[2] == image[2] && dims[3] == image[3];
  require(fits, fmt::format("the denoiser takes {} and gives {}; an image of the same height and width is needed, with no fewer channels",
                            to_string(image), to_string(dims)));
  if (dims == image) return x;
  return graph.append(Slice{{0, 0, 0, 0}, {1, 1, 1, 1}}, "denoised.channels", {x}, image);
}

}  // namespace

std::vector<double> signal_levels(NoiseSchedule schedule) {
  std::vector<double> levels;
  double product = 1;
  for (int t = 0; t < diffusion_timesteps; ++t) levels.push_back(product *= 1 - beta(schedule, t));
  return levels;
}

double DiffusionStep::sigma() const { return std::sqrt((1 - signal) / signal) / 2; }

DiffusionStep nearest_step(NoiseSchedule schedule, double sigma) {
  const std::vector<double> levels = signal_levels(schedule);
  const double least = DiffusionStep{0, levels.front()}.sigma(), most = DiffusionStep{diffusion_timesteps - 1, levels.back()}.sigma();
  require(sigma >= least && sigma <= most,
          fmt::format("sigma = {}: the noise schedule goes from {:.4g} to {:.4g}, for pixels in [0, 1]", sigma, least, most));
  DiffusionStep nearest;
  double distance = INFINITY;
  for (int t = 0; t < diffusion_timesteps; ++t) {
    const DiffusionStep step{t, levels[static_cast<std::size_t>(t)]};
    const double off = std::abs(std::log(step.sigma() / sigma));
    if (off < distance) nearest = step, distance = off;
  }
  return nearest;
}

Graph one_step_denoiser(const Graph& model, const DiffusionStep& step, const DenoiserOptions& options) {
  require(step.signal > 0 && step.signal < 1, fmt::format("abar = {}: must lie between 0 and 1", step.signal));
  const double signal = std::sqrt(step.signal), noise = std::sqrt(1 - step.signal);
  Graph graph;
  const Dims image = model.dims(model.input);
  const ValueId pixels = graph.add_input(model.value(model.input).name, image);
  const ValueId noisy = scaled(graph, pixels, "noisy", 2 * signal, -signal);  // x_t
  ValueId x = first_channels(graph, append_network(graph, noisy, model), image);
  if (options.predicts == DenoiserOptions::Predicts::noise) {
    const ValueId predicted = scaled(graph, x, "predicted_noise", noise, 0);
    const ValueId rest = graph.append(Binary{Binary::Kind::subtract}, "without_noise", {noisy, predicted});
    x = scaled(graph, rest, "denoised", 0.5 / signal, 0.5);
  } else {
    x = scaled(graph, x, "denoised", 0.5, 0.5);
  }
  if (options.clip) x = graph.append(Activation{Activation::Kind::clip, 0, 1}, "denoised.clip", {x});
  graph.output = x;
  graph.metadata = model.metadata;
  remove_unused(graph);
  return graph;
}

}  // namespace ballast::graph
