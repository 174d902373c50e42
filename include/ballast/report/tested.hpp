// SPDX-License-Identifier: Apache-2.0
//
// At which radii a log says anything.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/report/source.hpp"

namespace ballast::report {

// The radii that the log was certified at where these were named, ascending; with `verify --radius` 0 too, as its answers have no noise.
// None: at every radius, up to where a search ended.
std::optional<std::vector<double>> tested_radii(const Source& source);

// Whether the log says what is certified at radius r. Where it does not, none of its images need have failed there: nothing was tried.
bool is_tested(const Source& source, double r);

// Whether r is above the largest radius that the log's settings can prove: no image could be certified there, however robust.
bool is_beyond_proof(const Source& source, double r);

// The share of rows that are certified at r; none where r was not tested.
std::optional<double> accuracy_at(const Source& source, double r);

// "0.7350", "–" where r was not tested.
std::string accuracy_text(const Source& source, double r);

inline constexpr const char* not_tested = "\u2013";    // an en dash
inline constexpr const char* beyond_proof = "\u2020";  // a dagger, behind a number

// The two lines that a person reads in a terminal, of radii and of certified accuracies; a third explains a mark where there is one.
std::string printed_accuracy(const Source& source, std::span<const double> radii);

}  // namespace ballast::report
