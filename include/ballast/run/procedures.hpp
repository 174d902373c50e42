// SPDX-License-Identifier: Apache-2.0
//
// Every procedure on votes, from image to row, by the settings that a log's manifest holds.

#pragma once

#include "ballast/noise/noisy_writer.hpp"
#include "ballast/procedure/settings.hpp"
#include "ballast/run/run.hpp"

namespace ballast::run {

// The noise must be that of the settings, and outlive the procedure. Throws
// InputError where a setting is not allowed, or the method does not draw (require_drawn).
Procedure procedure_of(const procedure::Settings& settings, const noise::NoisyWriter& noise, std::uint64_t seed);

// Throws InputError for verify and attack, whose rows cannot be drawn again.
void require_drawn(const procedure::Settings& settings);

// What the threads share out best.
Spread spread_of(const procedure::Settings& settings);

// Throws InputError unless every image can be given to the classifier: labels
// within its classes, and the images' shape (where known beforehand) its own.
void check_fit(const data::Dataset& dataset, const model::Classifier& classifier);

// Throws InputError where a log has no room for votes for all its classes.
void check_countable(const model::Classifier& classifier);

}  // namespace ballast::run
