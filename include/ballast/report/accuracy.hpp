// SPDX-License-Identifier: Apache-2.0
//
// Certified accuracy: what logs are read for.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "ballast/log/record.hpp"

namespace ballast::report {

// Whether a row is correct with a radius of at least r. An abstention is never correct.
bool is_certified(const log::Record& row, double r);

// How many rows are.
std::uint64_t certified(std::span<const log::Record> rows, double r);

// The certified radius of each row, 0 where it is not correct.
std::vector<double> certified_radii(std::span<const log::Record> rows);

// The share of rows that are correct with a radius of at least r. An
// abstention is never correct. Requires at least one row.
double certified_accuracy(std::span<const log::Record> rows, double r);

// The mean of the certified radius over all rows, 0 where not correct.
double average_certified_radius(std::span<const log::Record> rows);

// Shares of a PREDICT log's rows.
struct PredictRates {
  double correct = 0, wrong = 0, abstained = 0;
};
PredictRates predict_rates(std::span<const log::Record> rows);

// Shares of an attack's rows, and how far it went where it succeeded. Whatever is certified at a radius stays correct within it, so
// `correct` of an attack within one radius is at least the certified accuracy there.
struct AttackRates {
  double successful = 0;     // answered with another class than the attacked one
  double correct = 0;        // still answered with the label
  double mean_distance = 0;  // of the successful; 0 where there is none
};
AttackRates attack_rates(std::span<const log::Record> rows);

// Of a cascade's log: the share of images to whose label a model certifies its own answer, which Wong et al. 2018 count. It is no
// certificate: see verify/cascade.hpp.
double cascade_accuracy(std::span<const log::Record> rows);

// Quarter steps up to the largest radius certified, eight columns at most.
std::vector<double> sensible_radii(std::span<const log::Record> rows);

// The table a person reads: a line of radii, a line of certified accuracies.
std::string accuracy_table(std::span<const log::Record> rows, std::span<const double> radii);

// The same as a curve of so many characters, filled blocks under the line, with
// the radius where it ends. Needs a terminal that shows UTF-8.
std::string accuracy_curve(std::span<const log::Record> rows, int columns);

}  // namespace ballast::report
