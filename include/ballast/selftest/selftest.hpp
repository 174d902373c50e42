// SPDX-License-Identifier: Apache-2.0
//
// Whether the whole chain, from random bits to certificates, does on this
// machine what it promises: tried on classifiers whose truth is known.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ballast::selftest {

struct Options {
  std::uint64_t seed = 20190208;  // of all draws but those whose digests are recorded
  bool quick = false;             // a twentieth of the draws: some seconds

  int threads = 0;  // speed only; 0 for one a core
};

struct Finding {
  enum class Verdict {
    holds,
    fails,
    differs  // from the machine on which it was recorded, which is allowed
  };

  std::string group;           // "certificates", "noise", "bits", "engine"
  std::string what;            // "CERTIFY, grid noise, image inside"
  std::string found, allowed;  // for people
  Verdict verdict = Verdict::holds;
  std::vector<std::pair<std::string, double>> numbers;  // the same for programs
  bool random = true;                                   // whether chance alone could make it fail, with probability at most level_of_a_test
};

// What chance alone may do: each random finding fails with at most this probability where all is as it should be, whatever the seed.
inline constexpr double level_of_a_test = 1e-12;

struct Report {
  std::vector<Finding> findings;

  bool holds() const;
  // Bound on the probability that any of them fails where all is as it should be.
  double false_alarm() const;
};

// All checks. told: called now and then, from one thread at a time, with how many of how many groups of checks are done.
Report run(const Options& options, const std::function<void(std::size_t done, std::size_t all)>& told = {});

// "holds", "FAILS", "differs".
std::string to_string(Finding::Verdict verdict);

}  // namespace ballast::selftest
