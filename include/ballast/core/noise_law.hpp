// SPDX-License-Identifier: Apache-2.0
//
// Laws of the noise that randomized smoothing adds: which law it is decides
// in which norm, and how far, a vote certifies.

#pragma once

#include <string_view>

namespace ballast {

// Independent for each pixel.
enum class NoiseLaw {
  gaussian,  // N(0, sigma^2): l2
  uniform,   // on [-lambda, lambda]: l1
  laplace    // density exp(-|e|/lambda) / (2 lambda): l1
};

// A law and its scale in pixel units: sigma, or lambda.
struct Smoothing {
  NoiseLaw law = NoiseLaw::gaussian;
  double scale = 0;

  bool operator==(const Smoothing&) const = default;
};

// The norm of the perturbations that are certified: "l2" or "l1".
constexpr std::string_view norm_of(NoiseLaw law) { return law == NoiseLaw::gaussian ? "l2" : "l1"; }

// What the scale is called: "sigma" or "lambda".
constexpr std::string_view scale_name(NoiseLaw law) { return law == NoiseLaw::gaussian ? "sigma" : "lambda"; }

}  // namespace ballast
