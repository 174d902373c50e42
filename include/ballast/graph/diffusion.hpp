// SPDX-License-Identifier: Apache-2.0
//
// Diffusion models as denoisers of one step (Carlini, Tramer, Dvijotham, Rice,
// Sun and Kolter 2023): a noisy image is what such a model meets at some timestep.

#pragma once

#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::graph {

inline constexpr int diffusion_timesteps = 1000;

enum class NoiseSchedule {
  linear,  // Ho, Jain and Abbeel 2020: betas from 1e-4 to 0.02
  cosine   // Nichol and Dhariwal 2021: s = 0.008, betas capped at 0.999
};

// abar_t = (1 - beta_0) ... (1 - beta_t) for t = 0 ... 999: at timestep t the
// model meets sqrt(abar_t) x + sqrt(1 - abar_t) e, where x is the image in
// [-1, 1] and e has deviation 1.
std::vector<double> signal_levels(NoiseSchedule schedule);

struct DiffusionStep {
  int timestep = 0;      // counted from 0
  double signal = 1;     // abar_t
  double sigma() const;  // noise that the model expects there, for pixels in [0, 1]: sqrt((1 - abar_t) / abar_t) / 2
};

// The timestep whose noise is nearest to sigma's, for pixels in [0, 1]: in
// [-1, 1] the deviation is 2 sigma, and (1 - abar_t) / abar_t is to be
// (2 sigma)^2; nearest in the logarithm. The certificate does not depend on the
// choice, the accuracy does. Throws InputError where sigma lies beyond the
// schedule's first or last timestep.
DiffusionStep nearest_step(NoiseSchedule schedule, double sigma);

struct DenoiserOptions {
  enum class Predicts {
    image,  // in [-1, 1]
    noise   // e; the image is (x_t - sqrt(1 - abar_t) e) / sqrt(abar_t)
  };
  Predicts predicts = Predicts::noise;
  bool clip = false;  // the denoised image is cut to [0, 1]
};

// A network from noisy images in [0, 1] to denoised ones in [0, 1] of the same
// shape, made of a diffusion model whose timestep is already fixed at step's:
// the model is given sqrt(abar_t) (2x - 1). Of its output the first channels
// are taken, as many as the image has; more (a predicted variance) are dropped.
// Metadata are the model's. Throws InputError unless the model gives an image
// of the input's height and width with at least its channels.
Graph one_step_denoiser(const Graph& model, const DiffusionStep& step, const DenoiserOptions& options);

}  // namespace ballast::graph
