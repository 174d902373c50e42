// SPDX-License-Identifier: Apache-2.0
//
// The sequential test: its looks, its schedules, what it costs.

#include "ballast/stats/sequential.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

#include "arguments.hpp"
#include "ballast/core/errors.hpp"
#include "binomial_tail.hpp"
#include "certify_boundary.hpp"
#include "design_arguments.hpp"
#include "failure_law.hpp"
#include "futility_boundary.hpp"

namespace ballast::stats {
namespace {

constexpr std::uint64_t first_look = 8;
constexpr std::size_t most_kept = 4096;  // designs; a server is asked for many

// What operation() leaves out at each end of each window.
constexpr double unseen = 1e-18;

// Whether so many samples without a failure certify.
bool unanimity_certifies(double samples, const SequentialDesign& design) {
  return lower_tail(0, static_cast<std::uint64_t>(samples), chance_of_success(design.null_failure)).most <= design.alpha;
}

// The least number of samples of which that holds: ln alpha / ln p*.
double least_samples(const SequentialDesign& design) {
  double samples = std::ceil(std::log(design.alpha) / std::log1p(-design.null_failure));
  while (samples < static_cast<double>(most_trials) && !unanimity_certifies(samples, design)) ++samples;
  return samples;
}

void require_usable(const SequentialDesign& design) {
  require(design.null_failure > 0 && design.null_failure < 1,
          fmt::format("null_failure is {}; it must lie strictly between 0 and 1", design.null_failure));
  require_designed_alpha(design.alpha);
  require_most(design.most);
  require_step(design.step);
  require(design.futility >= 0 && design.futility < 1, fmt::format("futility is {}; it must be at least 0 and below 1", design.futility));
  require(unanimity_certifies(static_cast<double>(design.most), design),
          fmt::format("n is {}; to reject a probability of failure of {} at alpha {} it must be at least {}", design.most,
                      design.null_failure, design.alpha, least_samples(design)));
}

SequentialSchedule computed(const SequentialDesign& design) {
  SequentialSchedule schedule;
  schedule.looks = sequential_looks(design.most, design.step);
  CertifyBoundary boundary = certify_boundary(design, schedule.looks);
  schedule.give_up_at = futility_boundary(design, schedule.looks, boundary.most);
  schedule.certify_at = std::move(boundary.most);
  schedule.error = boundary.error;
  return schedule;
}

// The schedule of one design, computed by whoever comes first.
struct CachedSchedule {
  std::mutex mutex;
  std::shared_ptr<const SequentialSchedule> schedule;
};

std::shared_ptr<CachedSchedule> kept(const SequentialDesign& design) {
  static std::mutex mutex;
  static std::map<SequentialDesign, std::shared_ptr<CachedSchedule>> all;
  const std::lock_guard lock(mutex);
  if (all.size() >= most_kept) all.clear();  // those in use stay with their users
  std::shared_ptr<CachedSchedule>& entry = all[design];
  if (!entry) entry = std::make_shared<CachedSchedule>();
  return entry;
}

}  // namespace

std::vector<std::uint64_t> sequential_looks(std::uint64_t most, std::uint64_t step) {
  require_trials(most);
  require_step(step);
  std::vector<std::uint64_t> looks;
  for (std::uint64_t look = in_whole_steps(first_look, step); look < most;) {
    looks.push_back(look);
    look = in_whole_steps((11 * look + 9) / 10, step);
  }
  looks.push_back(most);
  return looks;
}

std::shared_ptr<const SequentialSchedule> sequential_schedule(const SequentialDesign& design) {
  require_usable(design);
  const std::shared_ptr<CachedSchedule> entry = kept(design);
  const std::lock_guard lock(entry->mutex);
  if (!entry->schedule) entry->schedule = std::make_shared<const SequentialSchedule>(computed(design));
  return entry->schedule;
}

Operation operation(const SequentialSchedule& schedule, double failure) {
  require(failure >= 0 && failure <= 1, fmt::format("failure is {}; it must lie in [0, 1]", failure));
  const std::vector<CountLaw> steps = failures_between(schedule.looks, failure, unseen);
  FailureLaw law(unseen);
  long double certifies = 0;
  long double samples = 0;
  std::uint64_t before = 0;
  for (std::size_t j = 0; j < schedule.looks.size(); ++j) {
    samples += law.running() * static_cast<long double>(schedule.looks[j] - before);
    before = schedule.looks[j];
    law.add(steps[j]);
    certifies += law.stop_up_to(schedule.certify_at[j]);
    law.stop_from(schedule.give_up_at[j]);
  }
  return {.certifies = std::min(1.0, static_cast<double>(certifies)), .expected_samples = static_cast<double>(samples)};
}

}  // namespace ballast::stats
