// SPDX-License-Identifier: Apache-2.0
//
// Keyword arguments and what they stand for.

#pragma once

#include <string>
#include <variant>
#include <vector>

#include "ballast/model/open.hpp"
#include "ballast/procedure/request.hpp"

namespace ballast::python {

// What is asked: CERTIFY in one of its forms, or PREDICT. Arguments that do not go together are refused when it is made. All throw
// InputError naming the argument.
class Request {
 public:
  explicit Request(procedure::CertifyRequest request);
  explicit Request(procedure::PredictRequest request);

  double scale() const { return procedure::scale_of(noise()); }
  NoiseKind noise_of(bool is_8bit) const;
  procedure::Settings complete(const procedure::Circumstances& circumstances) const;

 private:
  const procedure::NoiseRequest& noise() const;

  std::variant<procedure::CertifyRequest, procedure::PredictRequest> request_;
};

model::ModelOptions model_options(const std::string& engine, const std::string& precision, const std::string& layout, double input_scale,
                                  std::vector<double> mean, std::vector<double> deviation);

}  // namespace ballast::python
