// SPDX-License-Identifier: Apache-2.0
//
// The radius within which a smoothed classifier cannot change its answer.

#pragma once

#include "ballast/core/noise.hpp"

namespace ballast::stats {

// All functions throw InputError unless sigma is finite and > 0. Radii are in
// the units of sigma.

// sigma * Phi^-1(1 - doubt), never above the exact value. doubt is an upper
// bound of 1 - p_A. Theorem 1 of Cohen, Rosenfeld and Kolter 2019 with
// p_B = 1 - p_A. Throws InputError unless 0 < doubt < 1/2.
double radius_below(double sigma, double doubt);

// The same for any law of the noise, in its own norm. With p = 1 - doubt:
// Gaussian, l2: sigma Phi^-1(p); uniform on [-lambda, lambda], l1: 2 lambda (p - 1/2);
// Laplace, l1: -lambda ln(2 (1 - p)) (Yang et al. 2020). Throws InputError
// unless 0 <= doubt < 1/2 (0 is allowed for uniform noise alone).
double radius_below(const Smoothing& smoothing, double doubt);

// The doubt at which the radius is exactly this one (1 - p*), never above the
// exact value: a smaller doubt certifies the radius. 1/2 at radius 0; 0 where
// no vote certifies it (uniform noise, radius >= lambda).
double doubt_at_radius(const Smoothing& smoothing, double radius);

// How far apart the radii of a grid from 0 to the largest lie, that a radius of this law is looked for on.
double radius_step(const Smoothing& smoothing, double largest);

// Theorem 1 of Cohen, Rosenfeld and Kolter 2019:
// sigma/2 (Phi^-1(p_a) - Phi^-1(p_b)), never above the exact value. p_a is at
// most the probability of the top class, p_b at least that of every other.
// Throws InputError unless 0 < p_b <= p_a < 1.
double radius_from_pair(double sigma, double p_a, double p_b);

// A radius that is a supremum over a parameter, and the value that attains it.
struct TunedRadius {
  double radius = 0;
  double parameter = 0;
};

// Lecuyer et al. 2019 (differential privacy): the supremum over
// 0 < beta <= min(1, ln(p_a/p_b)/2) of
// sigma beta / sqrt(2 ln(1.25 (1 + e^beta) / (p_a - e^(2 beta) p_b))).
// Found to nine digits, never above it; 0 at p_a = p_b.
// Throws InputError unless 0 <= p_b <= p_a < 1 and p_a > 0.
TunedRadius lecuyer_optimum(double sigma, double p_a, double p_b);
double lecuyer_radius(double sigma, double p_a, double p_b);

// Li et al. 2019 (Renyi divergence): the supremum over a > 0 of sigma
// sqrt(-(2/a) ln(1 - p_a - p_b + 2 ((p_a^(1-a) + p_b^(1-a)) / 2)^(1/(1-a)))).
// Found to nine digits, never above it; 0 at p_a = p_b. With p_b = 0 only a < 1 counts.
// Throws InputError unless 0 <= p_b <= p_a < 1, p_a > 0 and p_a + p_b <= 1.
TunedRadius li_optimum(double sigma, double p_a, double p_b);
double li_radius(double sigma, double p_a, double p_b);

}  // namespace ballast::stats
