// SPDX-License-Identifier: Apache-2.0

#include "tasks.hpp"

#include <charconv>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "record_codec.hpp"

namespace ballast::run {
namespace {

using std::chrono::milliseconds;

// Messages to rank 0: "take WORKER", "row TASK BYTES", "failed", "done". Its answer to the worker's own tag: the task, or nothing.
constexpr int tag_of_rank_zero = 0;
int tag_of(int worker) { return worker + 1; }

// The number in front, which is taken off.
std::size_t take_number(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) throw std::runtime_error("a message from another process cannot be read");
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

OrderedTaskQueue::Offer OrderedTaskQueue::offer() {
  const std::lock_guard lock(mutex_);
  if (failed_ || stop_ || handed_out_ == count_) return {};
  if (handed_out_ >= written_ + ahead_) return {{}, true};
  return {handed_out_++};
}

std::optional<std::size_t> OrderedTaskQueue::take(int, const Meanwhile& meanwhile) {
  Offer offered = offer();
  for (; offered.later; offered = offer()) meanwhile(milliseconds(5));
  return offered.task;
}

void OrderedTaskQueue::put(std::size_t task, log::Record row) {
  const std::lock_guard lock(mutex_);
  if (failed_) return;
  waiting_.emplace(task, std::move(row));
  for (; waiting_.contains(written_); ++written_) write_(std::move(waiting_.extract(written_).mapped()));
}

void OrderedTaskQueue::fail() {
  const std::lock_guard lock(mutex_);
  failed_ = true;
}

void serve_workers(ProcessGroup& group, OrderedTaskQueue& queue) {
  struct Asking {
    int rank, worker;
  };
  std::deque<Asking> asking;
  bool failed = false;
  for (int left = group.size() - 1; left > 0;) {
    const auto message = group.try_receive(tag_of_rank_zero);
    if (message) {
      std::string_view text = message->text;
      if (take_word(text, "take ")) {
        asking.push_back({message->from, static_cast<int>(take_number(text))});
      } else if (take_word(text, "row ")) {
        const std::size_t task = take_number(text);
        if (!take_word(text, " ")) throw std::runtime_error("a row from another process cannot be read");
        queue.put(task, record_from(text));
      } else if (text == "failed") {
        failed = true;
        queue.fail();
      } else {
        --left;
      }
    }
    for (; !asking.empty(); asking.pop_front()) {
      const OrderedTaskQueue::Offer offered = queue.offer();
      if (offered.later) break;
      group.send(asking.front().rank, tag_of(asking.front().worker), offered.task ? std::to_string(*offered.task) : "");
    }
    if (!message) std::this_thread::sleep_for(milliseconds(1));
  }
  if (failed) throw std::runtime_error("another process has failed");
}

std::optional<std::size_t> TasksOfRankZero::take(int worker, const Meanwhile& meanwhile) {
  group_.send(0, tag_of_rank_zero, "take " + std::to_string(worker));
  auto reply = group_.try_receive(tag_of(worker));
  for (; !reply; reply = group_.try_receive(tag_of(worker))) meanwhile(milliseconds(1));
  if (reply->text.empty()) return {};
  std::string_view text = reply->text;
  return take_number(text);
}

void TasksOfRankZero::put(std::size_t task, log::Record row) {
  group_.send(0, tag_of_rank_zero, "row " + std::to_string(task) + " " + to_bytes(row));
}

void TasksOfRankZero::fail() { group_.send(0, tag_of_rank_zero, "failed"); }

void TasksOfRankZero::done() { group_.send(0, tag_of_rank_zero, "done"); }

}  // namespace ballast::run
