// SPDX-License-Identifier: Apache-2.0
//
// Every procedure on votes, from image to row, by the settings that a log's manifest holds.

#pragma once

#include "ballast/log/settings.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/run/run.hpp"

namespace ballast::run {

// The noise must be that of the settings, and outlive the procedure. Throws
// InputError where a setting is not allowed.
Procedure procedure_of(const log::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed);

// The same check as far as it needs no noise: said before a model is opened.
void check(const log::Settings& settings);

// What the threads share out best.
Spread spread_of(log::Method method);

// Throws InputError unless every image can be given to the classifier: labels
// within its classes, and the images' shape (where known beforehand) its own.
void check_fit(const data::Dataset& dataset, const model::Classifier& classifier);

}  // namespace ballast::run
