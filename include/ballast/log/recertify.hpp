// SPDX-License-Identifier: Apache-2.0
//
// New conclusions from the votes in a log, without the model.

#pragma once

#include <cstdint>
#include <optional>

#include "ballast/log/record.hpp"
#include "ballast/log/settings.hpp"

namespace ballast::log {

struct Recertification {
  std::optional<double> alpha;
  std::optional<std::uint64_t> samples;
  bool scale = false;  // samples: the counts in proportion, an illustration; else so many of the votes are drawn, without replacement
  std::optional<stats::Bound> bound;
  bool family_wise = false;  // alpha is for all rows together
};

// The settings of the new log, which has so many rows (family-wise: those that are planned). Throws InputError saying
// why for what the votes do not allow: a method that stopped when its own alpha was
// reached, more samples than were drawn, a bound that the class's choice excludes.
Settings recertified(const Settings& settings, const Recertification& wanted, std::size_t rows);

// The row by the new settings. seed: of the draw of fewer samples.
// Throws InputError if the row has no counts, its n is not the settings' (at any time: is above it), or its numbers contradict each other.
Record recertified(const Record& row, const Settings& before, const Settings& now, std::uint64_t seed);

// The class that a row's votes were counted for, or nothing for the class "nan".
std::optional<Label> tested_class(const Record& row, const Settings& settings);

}  // namespace ballast::log
