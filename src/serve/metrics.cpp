// SPDX-License-Identifier: Apache-2.0

#include "metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ballast::serve {

namespace {

std::string head(const char* name, const char* type, const char* help) {
  return fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

template <class Number>
std::string single(const char* name, const char* type, const char* help, Number value) {
  return head(name, type, help) + fmt::format("{} {}\n", name, value);
}

}  // namespace

void Metrics::add_request(const std::string& model, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{model, status}];
  ++latencies_[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin())];
  seconds_ += seconds;
}

void Metrics::add_answers(const RequestRecord& record) {
  const std::lock_guard lock(mutex_);
  images_ += record.answers.size();
  for (const Answer& answer : record.answers) {
    samples_ += answer.samples;
    abstentions_ += !answer.label;
  }
}

std::string Metrics::text(const Service::State& state) const {
  const std::lock_guard lock(mutex_);
  std::string text = head("ballast_requests_total", "counter", "Requests to a model, by the status of the response.");
  for (const auto& [key, count] : requests_)
    text += fmt::format("ballast_requests_total{{model=\"{}\",code=\"{}\"}} {}\n", key.first, key.second, count);
  text += head("ballast_request_seconds", "histogram", "Time from a whole request to its response.");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i)
    text += fmt::format("ballast_request_seconds_bucket{{le=\"{}\"}} {}\n", bounds[i], sum += latencies_[i]);
  sum += latencies_.back();
  text +=
      fmt::format("ballast_request_seconds_bucket{{le=\"+Inf\"}} {0}\nballast_request_seconds_sum {1}\nballast_request_seconds_count {0}\n",
                  sum, seconds_);
  return text + single("ballast_queue_depth", "gauge", "Requests that wait.", state.waiting) +
         single("ballast_requests_active", "gauge", "Requests that are worked on.", state.served) +
         single("ballast_ready", "gauge", "1 while requests are taken.", int{state.ready}) +
         single("ballast_images_total", "counter", "Images that were to be certified.", images_) +
         single("ballast_samples_total", "counter", "Noisy samples drawn to estimate.", samples_) +
         single("ballast_abstentions_total", "counter", "Images without a certificate.", abstentions_);
}

}  // namespace ballast::serve
