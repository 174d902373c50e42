// SPDX-License-Identifier: Apache-2.0
//
// Several networks at one radius: what one of them certifies may be the cascade's, too.

#pragma once

#include <cstdint>
#include <span>

#include "ballast/core/image.hpp"
#include "ballast/verify/verifier.hpp"

namespace ballast::verify {

// The cascade answers by the first of its models that certifies its own answer at the radius, and by the first of all where none does.
struct CascadeAnswer {
  Label label = 0;
  std::uint32_t certified_by = 0;  // the number, from 1 on, of the first model that certifies its own answer; 0: none does
  bool is_certified = false;
};

// Certified: every model answers this class at the image, and one certifies it at the radius. Then the cascade certifies no other class
// at any point within the radius: a model that certified another one there would have the image in its ball and so answer
// that class at the image, which none does. Whether a point within the radius is certified is left open, so what is certified is "this
// class or no certificate". That one model certifies its answer is not enough (Mangal et al. 2023, "On the Perils of Cascading Robust
// Classifiers"): which model decides may change from point to point. The radius is part of the cascade.
//
// Requires at least one model, all with the same input.
CascadeAnswer answer_of_cascade(std::span<const Verifier* const> models, std::span<const double> image, double radius);

}  // namespace ballast::verify
