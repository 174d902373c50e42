// SPDX-License-Identifier: Apache-2.0

#include "job.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string_view>
#include <vector>

#include "ballast/core/errors.hpp"

namespace ballast::cli {
namespace {

enum class Stage { before, together, after };

struct Job {
  std::unique_ptr<run::ProcessGroup> group;
  Stage stage = Stage::before;
};
Job& job() {
  static Job the_job;
  return the_job;
}

// What a process brings to the beginning: "chosen" and a number that rank 0 chooses, "ready" and what its rows depend on, or "failed" and
// its exit status.
constexpr std::string_view chosen = "chosen\n", ready = "ready\n", failed = "failed\n";

std::string readiness(const log::Manifest& manifest, int micro_batch) {
  std::string text = fmt::format("{}micro-batch={}\n", ready, micro_batch);
  for (const auto& entry : manifest.entries) {
    if (log::role_of(entry.name) != log::Role::tells) text += fmt::format("{}={}\n", entry.name, entry.json);
  }
  return text;
}

// The first line in which they differ, of each.
std::string difference(std::string_view here, std::string_view there) {
  while (!here.empty() && !there.empty()) {
    const auto mine = here.substr(0, here.find('\n')), other = there.substr(0, there.find('\n'));
    if (mine != other) return fmt::format("{} in process 0, {} in another", mine, other);
    here.remove_prefix(mine.size() + 1);
    there.remove_prefix(other.size() + 1);
  }
  return "one says more than the other";
}

}  // namespace

void join_job() { job().group = join_mpi(); }
void leave_job() { job().group.reset(); }
run::ProcessGroup* job_group() { return job().group.get(); }

void begin_together(const log::Manifest& manifest, int micro_batch) {
  const std::string mine = readiness(manifest, micro_batch);
  const auto all = job().group->all_gather(mine);
  job().stage = Stage::after;  // in what follows every process ends, and none waits for another
  for (const std::string& other : all) {
    if (other.starts_with(failed)) throw QuietExit{std::stoi(other.substr(failed.size()))};
  }
  for (const std::string& other : all) {
    if (other == all.front()) continue;
    if (job().group->rank() != 0) throw QuietExit{2};
    throw InputError("the processes would not make the same rows: " + difference(all.front(), other));
  }
  job().stage = Stage::together;
}

std::uint64_t of_rank_zero(std::uint64_t mine) {
  if (!job_group()) return mine;
  const auto all = job().group->all_gather(fmt::format("{}{}", chosen, mine));
  for (const std::string& other : all) {
    if (!other.starts_with(failed)) continue;
    job().stage = Stage::after;
    throw QuietExit{std::stoi(other.substr(failed.size()))};
  }
  return std::stoull(all.front().substr(chosen.size()));
}

void end_together() { job().stage = Stage::after; }

void fail_together(int status, const std::string& message) {
  const auto complain = [&] { std::fputs(fmt::format("ballast: {}\n", message).c_str(), stderr); };
  run::ProcessGroup* group = job_group();
  if (!group || job().stage == Stage::after) return complain();
  if (job().stage == Stage::together) {
    complain();
    abort_mpi(status);
  }
  const auto all = group->all_gather(fmt::format("{}{}\n{}", failed, status, message));
  job().stage = Stage::after;
  const std::string_view mine = all[static_cast<std::size_t>(group->rank())];
  for (int rank = 0; rank < group->rank(); ++rank) {
    if (all[static_cast<std::size_t>(rank)] == mine) return;  // said already
  }
  complain();
}

}  // namespace ballast::cli
