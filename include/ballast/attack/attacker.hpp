// SPDX-License-Identifier: Apache-2.0
//
// Projected gradient descent in l2 against a smoothed classifier, or a plain
// one: Cohen, Rosenfeld and Kolter 2019, appendix J.3.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ballast/core/image.hpp"
#include "ballast/graph/graph.hpp"
#include "ballast/graph/passes.hpp"
#include "ballast/model/classifier.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/smooth/executor.hpp"

namespace ballast::attack {

// What is made large: of the image x', the noise e and the class c that is attacked.
enum class Objective {
  mean_loss,  // E[-log softmax_c f(x' + e)]: Cohen et al. 2019
  log_mean    // -log E[softmax_c f(x' + e)]: Salman et al. 2019
};
std::string_view to_string(Objective objective);  // "mean-loss", "log-mean"
std::optional<Objective> objective_from(std::string_view name);

struct Options {
  Objective objective = Objective::mean_loss;
  double rate = 0.1;            // eta in the paper: the length of a step, in pixel units
  int steps = 20;               // T
  std::uint32_t copies = 1000;  // k: noisy copies a step, drawn afresh for each. Without noise the image itself is the only one
  std::string device = "cpu";   // where gradients are computed, as model::ModelOptions has it; of several, the first
};

// Throws InputError if options hold a value that is not allowed.
void check(const Options& options);

// Gaussian noise, on the 8-bit grid or float.
struct Noise {
  NoiseKind kind = NoiseKind::grid;
  double sigma = 0;  // in pixel units
};

// The attacked image: bytes where the noise is on the grid, else floats; always within [0, 1].
struct Perturbed {
  Image image;
  double distance = 0;  // l2 from the original, rounded up
};

class Attacker {
 public:
  // The network as it was loaded, and the classifier made of it, whose images and input scaling are taken. No noise: the
  // plain classifier is attacked. Throws InputError for noise that is not Gaussian, and where ATen cannot run the network.
  Attacker(graph::Graph graph, const model::Classifier& classifier, std::optional<graph::InputLayout> layout, std::optional<Noise> noise,
           const Options& options);
  ~Attacker();
  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;

  // Drives the image away from the class, at most radius far: the distance returned is never above it. The image is clipped to
  // [0, 1] after each step, which the paper leaves open. Under noise on the grid it ends on the grid: as the nearest grid point of
  // the longest multiple of what was added that does not make it longer.
  //
  // A function of model, image, label, radius, options, seed and index (which number the noise), and not of the executor. May be called
  // from several threads at once with executors of their own. Throws InputError where the image fits neither network nor noise, for a
  // label that is no class, and unless radius is above 0.
  Perturbed perturb(smooth::Executor& executor, const Image& image, Label label, double radius, std::uint64_t seed,
                    std::uint32_t index) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace ballast::attack
