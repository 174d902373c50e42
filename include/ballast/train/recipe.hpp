// SPDX-License-Identifier: Apache-2.0
//
// What a network is trained to do: recipes, each with its options. The
// defaults are those of the papers for CIFAR-10 and sigma = 0.25, where they fit.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ballast::train {

// Cross-entropy on one noisy copy of each image (Cohen, Rosenfeld and Kolter 2019).
struct Gaussian {
  static constexpr std::string_view name = "gaussian";
};

// Cross-entropy on noisy copies of adversarial images: projected gradient
// descent on the smoothed classifier's loss, -log of the mean softmax over the
// copies (Salman et al. 2019).
struct SmoothAdv {
  static constexpr std::string_view name = "smoothadv";
  double epsilon = 0.5;  // l2 ball of the attack, in pixel units
  int steps = 2;         // of the attack; each of length 2 epsilon / steps
  int copies = 2;        // noisy copies of an image, in the attack and in the loss
  double warm_up = 0.1;  // share of the epochs over which epsilon rises from 0
};

// Cross-entropy of the mean softmax, and a hinge on the certified radius of
// images that are classified rightly (Zhai et al. 2020).
struct Macer {
  static constexpr std::string_view name = "macer";
  int copies = 16;
  double weight = 12;       // lambda: of the radius
  double margin = 8;        // gamma: radii are raised up to this, in units of sigma
  double temperature = 16;  // beta: what scores are multiplied by
};

// Cross-entropy on noisy copies, and a penalty on how far they disagree: the
// mean divergence of the copies' softmax from their mean, and the mean's
// entropy (Jeong and Shin 2020).
struct Consistency {
  static constexpr std::string_view name = "consistency";
  int copies = 2;
  double weight = 10;    // lambda: of the divergence
  double entropy = 0.5;  // eta: of the entropy
};

// Cross-entropy on the image itself, and the cross-entropy between its softmax
// and that of a noisy copy (Li et al. 2019, stability training).
struct Stability {
  static constexpr std::string_view name = "stability";
  double weight = 2;  // gamma: of the second
};

// Cross-entropy of the bounds that the dual network gives for the margins over
// an l2 ball around each image (Wong and Kolter 2018; Wong et al. 2018). Takes
// sequences of convolutions, linear layers, average pools and ReLUs. The
// paper's schedule is batch 50, rate 0.05, momentum 0.9, weight decay 5e-4, 60
// epochs, epsilon rising over the first 20, and then half the rate every 10.
struct Wong {
  static constexpr std::string_view name = "wong";
  double epsilon = 0.5;          // l2 ball, in pixel units
  double epsilon_start = 0.001;  // at the first step, where epsilon is not less
  double warm_up = 1.0 / 3;      // share of the epochs over which epsilon rises
  int projections = 0;           // random vectors that estimate the bounds (the paper's 50); 0: exact bounds, for small networks
};

// Cross-entropy of scores of which all but the label's are raised by what an
// l2 ball around the image may do to them, by the product of the layers'
// operator norms (Tsuzuku, Sato and Sugiyama 2018, Lipschitz-margin training).
// The norms come from a power iteration that takes one step a batch: estimates
// from below. Batch normalisation counts with its running statistics.
struct Lmt {
  static constexpr std::string_view name = "lmt";
  double c = 0.1;  // l2 ball, in pixel units
};

using Recipe = std::variant<Gaussian, SmoothAdv, Macer, Consistency, Stability, Wong, Lmt>;

std::string_view name_of(const Recipe& recipe);
std::vector<std::string> recipe_names();

// Throws InputError naming what is allowed.
Recipe recipe_from(std::string_view name);

// Throws InputError where an option is not allowed.
void check(const Recipe& recipe);

// Each option's name and value: {"copies", "16"}, ...
std::vector<std::pair<std::string, std::string>> options_of(const Recipe& recipe);

// How many noisy copies of an image it trains on.
int copies_of(const Recipe& recipe);

// The radius at which a recipe bounds the network itself, in pixel units;
// nothing for those that are certified by smoothing and so need noise.
std::optional<double> own_radius(const Recipe& recipe);

}  // namespace ballast::train
