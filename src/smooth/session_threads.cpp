// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/session_threads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::smooth {

SessionThreads::SessionThreads(const model::Classifier& classifier, int threads, const Body& body, std::function<void()> stop)
    : classifier_(classifier), stop_(std::move(stop)) {
  require(threads >= 0 && threads <= 4096, fmt::format("threads = {}: 0 (one a core) to 4096 are allowed", threads));
  const int count = threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int i = 0; i < count; ++i) sessions_.push_back(classifier.new_session());
  try {
    for (int i = 0; i < count; ++i)
      threads_.emplace_back([body, session = sessions_[static_cast<std::size_t>(i)].get(), i] { body(*session, i); });
  } catch (...) {
    end();
    throw;
  }
}

SessionThreads::~SessionThreads() { end(); }

void SessionThreads::end() {
  stop_();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace ballast::smooth
