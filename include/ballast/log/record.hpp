// SPDX-License-Identifier: Apache-2.0
//
// One row of a log: what was found out about one image.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"

namespace ballast::log {

struct Record {
  std::uint64_t index = 0;  // of the image in its data set
  Label label = 0;
  std::optional<Label> predict;  // none: abstained, written as -1
  double radius = 0;             // not in a PREDICT log; of a radius asked for, the next double, as its text is rounded down
  bool correct = false;
  double seconds = 0;

  // What the reference implementation's logs do not have.
  std::optional<double> p_lower;
  std::uint64_t samples = 0;  // used to estimate
  std::uint64_t count = 0;    // votes of the class tested
  Label runner_up = 0;
  std::uint64_t runner_up_count = 0;
  std::vector<std::uint64_t> selection, counts;  // votes by class; the last entry is the class "nan"

  // After so many samples, so many failures; only in a staged log. For radii:
  // where each certified one was, from the smallest on. For a tolerance: the
  // screen, the pilot and the end.
  struct Look {
    std::uint64_t samples = 0, failures = 0;
    bool operator==(const Look&) const = default;
  };
  std::vector<Look> looks;

  // Only in a log of a cascade: the number, from 1 on, of its first model that certifies its own answer; 0: none does.
  std::uint32_t certified_by = 0;

  // Only in a log of attack, whose predict, correct and votes are of the attacked image.
  Label attacked = 0;    // the class that the attack was to leave
  double budget = 0;     // how far from the image it was allowed to go, in l2
  double distance = 0;   // how far it went: never above budget
  bool success = false;  // whether the attacked image is answered with another class than `attacked`
};

// Every field, in order: for what must not lose one. A field that is missing here does not compile.
template <typename AnyRecord, typename Function>
void for_each_field(AnyRecord& record, Function&& function) {
  auto& [index, label, predict, radius, correct, seconds, p_lower, samples, count, runner_up, runner_up_count, selection, counts, looks,
         certified_by, attacked, budget, distance, success] = record;
  const auto all = [&](auto&... fields) { (function(fields), ...); };
  all(index, label, predict, radius, correct, seconds, p_lower, samples, count, runner_up, runner_up_count, selection, counts, looks,
      certified_by, attacked, budget, distance, success);
}

enum class Kind {
  certify,  // a fixed number of samples
  staged,   // as many as it took: with the column `looks`
  predict,
  verify,   // the reference implementation's columns of CERTIFY and no others
  cascade,  // of several models: with the column certified_by
  attack    // of PREDICT on attacked images: with the columns attacked, budget, distance and success
};

// The header line and a row, without the newline. Radius and p_lower are rounded down; budget and distance are not rounded.
std::string header_line(Kind kind);
std::string to_line(const Record& record, Kind kind);

// The columns of a log, found by its header: ours, or the reference
// implementation's, which ends with `time`. Throws InputError saying what is missing.
struct Columns {
  std::vector<std::string> names;
  Kind kind = Kind::certify;
};
Columns parse_header(const std::string& line);

// Throws InputError saying what is wrong with the row.
Record parse_line(const std::string& line, const Columns& columns);

}  // namespace ballast::log
