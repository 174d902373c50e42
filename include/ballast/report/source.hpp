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

#include "ballast/log/log_writer.hpp"
#include "ballast/log/settings.hpp"

namespace ballast::report {

struct Source {
  std::string file;
  std::string title;  // what it is called; empty: its file's name, and its noise
  log::Log log;
  std::optional<log::Manifest> manifest;
  std::optional<log::Settings> settings;

  bool is_predict() const { return log.columns.kind == log::Kind::predict; }
  bool is_attack() const { return log.columns.kind == log::Kind::attack; }
};

// Throws InputError, naming the file, where the log or its manifest cannot be read or has no rows.
Source read_source(const std::string& file);

// The same of certificates and predictions only: an attack has neither.
Source read_certified(const std::string& file);

// A name for each, none twice: its title, or the file's name, with its folder where two are alike.
std::vector<std::string> names_of(std::span<const Source> sources);

// "sigma 0.25", "lambda 0.5, l1" (the norm where it is not l2); "sigma ..." from a file's name like sigma_0.25; empty where not known.
std::string scale_text(const Source& source);

// "sigma 0.25, grid noise, n 100000, alpha 0.001, bound cohen" and what a
// reader must know beside: another norm than l2, an illustration.
std::string description(const log::Settings& settings);

// The allowed error of each certificate where it is known. Exact certificates
// have none, and illustrations no bound on it.
std::optional<double> alpha_of(const Source& source, std::optional<double> stated);

// "l2" where nothing else is said.
std::string_view norm_of(const Source& source);

// The largest radius that the log could have certified; none where it is not known.
std::optional<double> largest_radius(const Source& source);

}  // namespace ballast::report
