// SPDX-License-Identifier: Apache-2.0

#include "run_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "words.hpp"

namespace ballast::cli {
namespace {

constexpr std::chrono::milliseconds between_looks{50};
constexpr double measured_after = 2, told_run = 600;  // seconds

}  // namespace

RunWatch::RunWatch(const LoggedRun& job, const std::atomic<bool>& stop, int processes)
    : job_(job), stop_(stop), processes_(static_cast<std::uint64_t>(processes)), line_(job.quiet) {
  standing_.total = job.indices.size();
  standing_.samples_of_image = job.samples_of_image;
  standing_.one_by_one = job.spread == run::Spread::together || (job.spread == run::Spread::samples && processes == 1);
  thread_ = std::thread([this] { watch(); });
}

void RunWatch::begin(std::size_t resumed) {
  const std::lock_guard lock(mutex_);
  begun_ = true;
  start_ = std::chrono::steady_clock::now();
  standing_.done = standing_.resumed = std::min(resumed, standing_.total);
}

RunWatch::~RunWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void RunWatch::row_done(const run::Status& status) {
  const std::lock_guard lock(mutex_);
  standing_.done = status.done;
  const bool finished = status.done == status.total;
  if (!line_.is_due(finished)) return;
  standing_.so_far = job_.so_far(*status.rows);
  stand();
  line_.show(run::progress_text(standing_), finished);
}

void RunWatch::clear() {
  const std::lock_guard lock(mutex_);
  standing_.done = standing_.total;
  line_.clear();
}

void RunWatch::watch() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, between_looks, [this] { return ending_; })) {
    try {
      look();
    } catch (const std::bad_alloc&) {  // what is told of the rows is not worth them
    }
  }
}

void RunWatch::look() {
  if (!begun_) return;
  if (stop_ && !told_of_stop_ && standing_.done < standing_.total) {
    told_of_stop_ = true;
    if (line_.is_terminal()) line_.say("finishing the rows under way; again to stop now");
  }
  if (job_.quiet || standing_.done == standing_.total) return;
  stand();
  tell_of_length();
  if (line_.is_due(false)) line_.show(run::progress_text(standing_), false);
}

// Once, as soon as the pace is known.
void RunWatch::tell_of_length() {
  if (told_of_length_ || stop_ || standing_.samples_of_image == 0 || standing_.seconds < measured_after) return;
  const auto left = run::seconds_left(standing_);
  if (!left) return;
  told_of_length_ = true;
  if (*left < told_run) return;
  line_.say(fmt::format("about {} for {}{}{}", time_text(*left), run::counted(standing_.total - standing_.done, "image"),
                        job_.for_less.empty() ? "" : "; ", job_.for_less));
}

void RunWatch::stand() {
  standing_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  standing_.stopping = stop_;
  standing_.drawn = drawn_.load(std::memory_order_relaxed) * processes_;
}

}  // namespace ballast::cli
