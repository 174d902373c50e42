// SPDX-License-Identifier: Apache-2.0
//
// Keyword arguments and what they stand for.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rows.hpp"

namespace ballast::python {

struct NoiseArguments {
  std::optional<double> sigma, lambda;
  std::string kind;
};

struct CertifyArguments {
  NoiseArguments noise;
  std::uint64_t selection_samples = 0, samples = 0;
  double alpha = 0;
  std::vector<double> radii;
  std::optional<double> tolerance;
  bool labelled = false;  // radii, tolerance: the class tested is the image's own
  double futility = 0;
  std::string bound, selection;
  bool family_wise = false;
};

// All throw InputError naming the argument that is not allowed.
Request certify_request(const CertifyArguments& arguments);
Request predict_request(const NoiseArguments& noise, std::uint64_t samples, double alpha);
model::ModelOptions model_options(const std::string& engine, const std::string& precision, const std::string& layout, double input_scale,
                                  std::vector<double> mean, std::vector<double> deviation);

}  // namespace ballast::python
