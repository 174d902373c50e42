// SPDX-License-Identifier: Apache-2.0
//
// The pictures behind the proofs of Cohen et al. 2019, computed.

#pragma once

#include <string>

#include "ballast/report/figure.hpp"

namespace ballast::report {

struct WorstCase {
  double sigma = 1;
  double p_a = 0.8, p_b = 0.1;  // p_a + p_b <= 1
};

// Gnuplot programs for for_each_terminal's three files.
//
// The two half-spaces of the proof of Theorem 1: A, where the top class is sure
// under the noise around x with probability p_A, and B with p_B, seen from x and
// from x + delta, for a delta inside and one outside the radius. As Figure 9.
std::string theorem_1_program(const WorstCase& worst, const std::string& name);

// The worst classifier that Theorem 2 builds, and the radius beyond which it errs. The paper has no figure of it.
std::string theorem_2_program(const WorstCase& worst, const std::string& name);

// A linear classifier, whose smoothed one is itself (Proposition 3, Figure 10): the certified ball touches the boundary (Propositions 4 and
// 5, Figure 11).
std::string linear_program(double sigma, double distance, const std::string& name);

// The radii of Cohen et al., Lecuyer et al. and Li et al. by p_A, with p_B = 1 - p_A, in units of sigma. As Figure 16.
Figure guarantees_figure();

// The parameters at which the latter two attain them: beta and alpha of the papers.
Figure guarantee_parameters_figure();

}  // namespace ballast::report
