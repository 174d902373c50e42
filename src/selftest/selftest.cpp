// SPDX-License-Identifier: Apache-2.0

#include "ballast/selftest/selftest.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "checks.hpp"

namespace ballast::selftest {
namespace {

// Findings of all checks, in their order, by so many threads.
Findings all_of(const std::vector<Check>& checks, int threads, const std::function<void(std::size_t, std::size_t)>& told) {
  std::vector<Findings> found(checks.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::size_t done = 0;
  std::exception_ptr error;
  const auto work = [&] {
    for (std::size_t i; (i = next++) < checks.size();) {
      try {
        found[i] = checks[i]();
        const std::lock_guard lock(mutex);
        if (told) told(++done, checks.size());
      } catch (...) {
        const std::lock_guard lock(mutex);
        error = std::current_exception();
        next = checks.size();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);
  Findings all;
  for (const Findings& part : found) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

Report run(const Options& options, const std::function<void(std::size_t, std::size_t)>& told) {
  const Amount& amount = options.quick ? twentieth : whole;
  const auto tried = subjects();
  std::vector<Check> checks;
  for (const auto& group : {certificate_checks(tried, amount, options.seed), splitting_checks(options.seed),
                            level_checks(amount, options.seed), bit_checks(), engine_checks()})
    checks.insert(checks.end(), group.begin(), group.end());
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return {all_of(checks, options.threads > 0 ? options.threads : cores, told)};
}

bool Report::holds() const {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& f) { return f.verdict == Finding::Verdict::fails; });
}

double Report::false_alarm() const {
  const auto random = std::count_if(findings.begin(), findings.end(), [](const Finding& finding) { return finding.random; });
  return static_cast<double>(random) * level_of_a_test;
}

std::string to_string(Finding::Verdict verdict) {
  switch (verdict) {
    case Finding::Verdict::holds: return "holds";
    case Finding::Verdict::fails: return "FAILS";
    case Finding::Verdict::differs: return "differs";
  }
  return {};
}

}  // namespace ballast::selftest
