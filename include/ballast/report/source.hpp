// SPDX-License-Identifier: Apache-2.0
//
// A log that is reported on, with what its manifest says if it has one.

#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/log/source.hpp"
#include "ballast/report/bounds.hpp"

namespace ballast::report {

struct Source : log::Source {
  std::string title;  // what it is called; empty: its file's name, and its noise

  bool is_predict() const { return log.columns.kind == log::Kind::predict; }
  bool is_attack() const { return log.columns.kind == log::Kind::attack; }
};

// By log::read_source.
Source read_source(const std::string& file);

// The same of certificates and predictions only: an attack has neither.
Source read_certified(const std::string& file);

// A name for each, none twice: its title, or the file's name, with its folder where two are alike.
std::vector<std::string> names_of(std::span<const Source> sources);

// "sigma 0.25", "lambda 0.5, l1" (the norm where it is not l2); "sigma ..." from a file's name like sigma_0.25; empty where not known.
std::string scale_text(const Source& source);

// The number in it.
std::optional<double> scale_of(const Source& source);

// "sigma 0.25, grid noise, n 100000, alpha 0.001, bound cohen" and what a
// reader must know beside: another norm than l2, an illustration.
std::string description(const procedure::Settings& settings);

// The allowed error of each certificate where it is known. Exact certificates
// have none, and illustrations no bound on it.
std::optional<double> alpha_of(const Source& source, std::optional<double> stated);

// How many images a bound on the test set or its population is of: all that were planned before the first row was seen, as who may
// stop when the numbers please needs no more luck than that. Those without a row count as failures.
std::uint64_t planned_images(const Source& source);

// "" where the log is what was planned at first, or does not say what was; else "incomplete: 2 of 4 rows", or that it was extended.
std::string standing(const Source& source);

// What the bounds of a log may be wrong by; none where the certificates have no error that is known, and where the log was
// extended after its first plan, or made without one (images that came batch by batch), since then its length may depend on what its
// rows say.
std::optional<Confidence> confidence_of(const Source& source, std::optional<double> stated_alpha, double rho);

// Of the planned images. Where not all of them have a row, nothing is said of the population's mean radius: its bound depends on how much
// radii differ, and may fall when a row comes.
AccuracyBounds accuracy_bounds(const Source& source, double r, const Confidence& confidence);
RadiusBounds radius_bounds(const Source& source, const Confidence& confidence);

// "l2" where nothing else is said.
std::string_view norm_of(const Source& source);

// The largest radius that the log could have certified; none where it is not known.
std::optional<double> largest_radius(const Source& source);

}  // namespace ballast::report
