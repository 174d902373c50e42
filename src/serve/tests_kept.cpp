// SPDX-License-Identifier: Apache-2.0

#include "tests_kept.hpp"

namespace ballast::serve {

namespace {

constexpr std::size_t kMost = 64;
constexpr double kFutility = 0.01;
constexpr std::uint64_t kPilot = 300;

StagedTest test_for(const Wish& wish, const Smoothing& smoothing, double law_error, std::uint64_t step) {
  if (!wish.tolerance) return stats::RadiiTest({wish.radii, wish.alpha, wish.samples, step, kFutility, smoothing, law_error});
  return stats::ToleranceTest({*wish.tolerance, wish.alpha, wish.samples, step, kPilot, smoothing, law_error}, kFutility);
}

}  // namespace

std::shared_ptr<const StagedTest> TestsKept::get(const Wish& wish, const Smoothing& smoothing, double law_error, std::uint64_t step) {
  const std::tuple key(wish.key(), law_error);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = tests_.find(key); found != tests_.end()) return found->second;
  }
  auto test = std::make_shared<const StagedTest>(test_for(wish, smoothing, law_error, step));
  const std::lock_guard lock(mutex_);
  if (tests_.size() >= kMost) tests_.clear();
  return tests_[key] = std::move(test);
}

}  // namespace ballast::serve
