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

#include "wire.hpp"

namespace ballast::run {
namespace {

using std::chrono::milliseconds;

// Letters to rank 0: "take WORKER", "row TASK BYTES", "failed", "done". Its answer to the worker's own box: the task, or nothing.
constexpr int box_of_rank_zero = 0;
int box_of(int worker) { return worker + 1; }

// The number in front, which is taken off.
std::size_t take_number(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) throw std::runtime_error("a letter from another process cannot be read");
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

Ledger::Offer Ledger::offer_locked() {
  if (failed_ || stop_ || handed_out_ == count_) return {};
  if (handed_out_ >= written_ + ahead_) return {{}, true};
  return {handed_out_++};
}

Ledger::Offer Ledger::offer() {
  const std::lock_guard lock(mutex_);
  return offer_locked();
}

std::optional<std::size_t> Ledger::take(int) {
  std::unique_lock lock(mutex_);
  Offer offered = offer_locked();
  while (offered.later) {
    changed_.wait_for(lock, milliseconds(100));  // stop notifies nobody
    offered = offer_locked();
  }
  return offered.task;
}

void Ledger::put(std::size_t task, log::Record row) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    waiting_.emplace(task, std::move(row));
    for (; waiting_.contains(written_); ++written_) write_(std::move(waiting_.extract(written_).mapped()));
  }
  changed_.notify_all();
}

void Ledger::fail() {
  {
    const std::lock_guard lock(mutex_);
    failed_ = true;
  }
  changed_.notify_all();
}

void answer(Team& team, Ledger& ledger) {
  struct Asking {
    int rank, worker;
  };
  std::deque<Asking> asking;
  bool failed = false;
  for (int left = team.size() - 1; left > 0;) {
    const auto letter = team.look_into(box_of_rank_zero);
    if (letter) {
      std::string_view text = letter->text;
      if (take_word(text, "take ")) {
        asking.push_back({letter->from, static_cast<int>(take_number(text))});
      } else if (take_word(text, "row ")) {
        const std::size_t task = take_number(text);
        if (!take_word(text, " ")) throw std::runtime_error("a row from another process cannot be read");
        ledger.put(task, record_from(text));
      } else if (text == "failed") {
        failed = true;
        ledger.fail();
      } else {
        --left;
      }
    }
    for (; !asking.empty(); asking.pop_front()) {
      const Ledger::Offer offered = ledger.offer();
      if (offered.later) break;
      team.send(asking.front().rank, box_of(asking.front().worker), offered.task ? std::to_string(*offered.task) : "");
    }
    if (!letter) std::this_thread::sleep_for(milliseconds(1));
  }
  if (failed) throw std::runtime_error("another process has failed");
}

std::optional<std::size_t> TasksOfRankZero::take(int worker) {
  team_.send(0, box_of_rank_zero, "take " + std::to_string(worker));
  const std::string reply = team_.receive(0, box_of(worker));
  if (reply.empty()) return {};
  std::string_view text = reply;
  return take_number(text);
}

void TasksOfRankZero::put(std::size_t task, log::Record row) {
  team_.send(0, box_of_rank_zero, "row " + std::to_string(task) + " " + to_bytes(row));
}

void TasksOfRankZero::fail() { team_.send(0, box_of_rank_zero, "failed"); }

void TasksOfRankZero::done() { team_.send(0, box_of_rank_zero, "done"); }

}  // namespace ballast::run
