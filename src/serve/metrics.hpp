// SPDX-License-Identifier: Apache-2.0
//
// What Prometheus asks for.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "ballast/serve/service.hpp"

namespace ballast::serve {

// Safe to use from several threads at once.
class Metrics {
 public:
  // A request to a model, answered with this status after so many seconds.
  void add_request(const std::string& model, int status, double seconds);
  void add_answers(const RequestRecord& record);

  std::string text(const Service::State& state) const;

 private:
  static constexpr std::array<double, 12> bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60};  // seconds

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::array<std::uint64_t, bounds.size() + 1> latencies_{};  // by the first bound that is not below
  double seconds_ = 0;
  std::uint64_t images_ = 0, samples_ = 0, abstentions_ = 0;
};

}  // namespace ballast::serve
