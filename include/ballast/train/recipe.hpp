// SPDX-License-Identifier: Apache-2.0
//
// What a network is trained to do: recipes, each with its options. The
// defaults are those of the papers for CIFAR-10 and sigma = 0.25, where they fit.

#pragma once

#include <string_view>
#include <variant>
#include <vector>

namespace ballast::train {

// Cross-entropy on one noisy copy of each image (Cohen, Rosenfeld and Kolter 2019).
struct Gaussian {};

// Cross-entropy on noisy copies of adversarial images: projected gradient
// descent on the smoothed classifier's loss, -log of the mean softmax over the
// copies (Salman et al. 2019).
struct SmoothAdv {
  double epsilon = 0.5;  // l2 ball of the attack, in pixel units
  int steps = 2;         // of the attack; each of length 2 epsilon / steps
  int copies = 2;        // noisy copies of an image, in the attack and in the loss
  double warm_up = 0.1;  // share of the epochs over which epsilon rises from 0
};

// Cross-entropy of the mean softmax, and a hinge on the certified radius of
// images that are classified rightly (Zhai et al. 2020).
struct Macer {
  int copies = 16;
  double weight = 12;       // lambda: of the radius
  double margin = 8;        // gamma: radii are raised up to this, in units of sigma
  double temperature = 16;  // beta: what scores are multiplied by
};

// Cross-entropy on noisy copies, and a penalty on how far they disagree: the
// mean divergence of the copies' softmax from their mean, and the mean's
// entropy (Jeong and Shin 2020).
struct Consistency {
  int copies = 2;
  double weight = 10;    // lambda: of the divergence
  double entropy = 0.5;  // eta: of the entropy
};

// Cross-entropy on the image itself, and the cross-entropy between its softmax
// and that of a noisy copy (Li et al. 2019, stability training).
struct Stability {
  double weight = 2;  // gamma: of the second
};

using Recipe = std::variant<Gaussian, SmoothAdv, Macer, Consistency, Stability>;

// "gaussian", "smoothadv", "macer", "consistency", "stability".
std::string_view name_of(const Recipe& recipe);

// Throws InputError naming what is allowed.
Recipe recipe_from(std::string_view name);

// Throws InputError where an option is not allowed.
void check(const Recipe& recipe);

// How many noisy copies of an image it trains on.
int copies_of(const Recipe& recipe);

}  // namespace ballast::train
