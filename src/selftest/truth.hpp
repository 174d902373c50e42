// SPDX-License-Identifier: Apache-2.0
//
// Classifiers whose smoothed answer and radius are known exactly: the
// half-spaces for which the theorems leave no room.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/core/noise.hpp"
#include "ballast/model/classifier.hpp"

namespace ballast::selftest {

// P(noise > x) for one pixel, by the closed form of its law.
double upper_tail(const Smoothing& smoothing, double x);

// A classifier under noise, an image, and what is true of the class `label` there.
struct Subject {
  std::string name;  // "grid noise, image inside"
  NoiseKind noise = NoiseKind::grid;
  double scale = 0;
  std::shared_ptr<const model::Classifier> classifier;
  Image image;
  Label label = 1;
  double p = 0;                // of the label
  double radius = 0;           // within which the label stays the answer; 0 where it is not the answer
  double other_radius = 0;     // the same of the other class
  bool has_runner_up = false;  // three classes and more: for the bound on p_B alone
};

// For each law, on the grid and in floats: class 1 from one level of a pixel on. An image well inside, at about the law's scale from the
// border, and one just outside. For float Gaussian noise an oblique plane in nine pixels, too; for Gaussian noise the two
// half-spaces of Theorem 2 of Cohen, Rosenfeld and Kolter 2019 with p_A + p_B < 1.
std::vector<Subject> subjects();

}  // namespace ballast::selftest
