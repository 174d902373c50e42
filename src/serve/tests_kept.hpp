// SPDX-License-Identifier: Apache-2.0
//
// Sequential tests that requests have asked for, kept for the next ones that ask for the same.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <variant>

#include "ballast/stats/tolerance_test.hpp"
#include "wish.hpp"

namespace ballast::serve {

using StagedTest = std::variant<stats::RadiiTest, stats::ToleranceTest>;

// Safe to use from several threads at once.
class TestsKept {
 public:
  // The test that this wish asks for, under noise of this law and error, with looks that are
  // multiples of `step`. Throws InputError where its numbers do not go together.
  std::shared_ptr<const StagedTest> get(const Wish& wish, const Smoothing& smoothing, double law_error, std::uint64_t step);

 private:
  std::mutex mutex_;
  std::map<std::tuple<decltype(Wish{}.key()), double>, std::shared_ptr<const StagedTest>> tests_;
};

}  // namespace ballast::serve
