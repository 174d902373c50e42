// SPDX-License-Identifier: Apache-2.0
//
// CERTIFY and PREDICT as procedures, from image to row.

#pragma once

#include "ballast/run/run.hpp"
#include "ballast/smooth/certify.hpp"
#include "ballast/smooth/predict.hpp"

namespace ballast::run {

// All references must outlive the procedure. Throws InputError at once where options are not allowed.
Procedure certify_procedure(smooth::Workers& workers, const noise::NoisyWriter& noise, std::uint64_t seed,
                            const smooth::CertifyOptions& options);
Procedure predict_procedure(smooth::Workers& workers, const noise::NoisyWriter& noise, std::uint64_t seed,
                            const smooth::PredictOptions& options);

// Throws InputError unless every image can be given to the classifier: labels
// within its classes, and the images' shape (where known beforehand) its own.
void check_fit(const data::Dataset& dataset, const model::Classifier& classifier);

}  // namespace ballast::run
