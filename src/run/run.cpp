// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <span>
#include <thread>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/smooth/counting_team.hpp"
#include "clock.hpp"
#include "counting_executor.hpp"
#include "tasks.hpp"

namespace ballast::run {
namespace {

// Makes the rows of a job's tasks.
class RowMaker {
 public:
  explicit RowMaker(const Job& job) : job_(job) {}

  log::Record row(smooth::Executor& executor, std::size_t task) const {
    const std::size_t index = job_.indices[task];
    const data::Example example = job_.dataset.at(index);
    if (!job_.drawn) return complete_row(job_.procedure, executor, example, index);
    CountingExecutor counting(executor, *job_.drawn);
    return complete_row(job_.procedure, counting, example, index);
  }

  void do_tasks(smooth::Executor& executor, int worker, Tasks& tasks, const Tasks::Meanwhile& meanwhile) const {
    try {
      while (const auto task = tasks.take(worker, meanwhile)) tasks.put(*task, row(executor, *task));
    } catch (...) {
      tasks.fail();
      throw;
    }
  }

  // One image after another by all threads, or an image a thread, whose samples the others count too where they have none.
  void do_tasks(Tasks& tasks) const {
    smooth::Executor& executor = job_.executor;
    if (job_.spread != Spread::images)
      return do_tasks(executor, 0, tasks, [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); });
    smooth::CountingTeam team(executor.threads());
    executor.run(static_cast<std::uint64_t>(executor.threads()), [&](model::Session& session, int worker, std::uint64_t) {
      smooth::CountingTeam::Member one(team, executor.classifier(), session);
      do_tasks(one, worker, tasks, [&](std::chrono::milliseconds time) { one.help_others_for(time); });
      one.help_others();
    });
  }

 private:
  const Job& job_;
};

// Rank 0 of a group, or a process alone.
void lead(const RowMaker& maker, OrderedTaskQueue& queue, ProcessGroup* group) {
  if (!group) return maker.do_tasks(queue);
  auto answering = std::async(std::launch::async, [&] {
    try {
      serve_workers(*group, queue);
    } catch (...) {
      queue.fail();
      throw;
    }
  });
  try {
    maker.do_tasks(queue);
  } catch (...) {
    answering.wait();
    throw;
  }
  answering.get();
}

// All ranks at one image after another, each with its share of the samples. Only rank 0 has a sink.
void run_lockstep(const Job& job, ProcessGroup& group, const Sink& sink) {
  DistributedExecutor executor(job.executor, group);
  const RowMaker maker(job);
  for (std::size_t task = 0; task < job.indices.size(); ++task) {
    std::uint64_t stopping = job.stop ? 1 : 0;
    group.all_sum({&stopping, 1});
    if (stopping > 0) return;
    log::Record row = maker.row(executor, task);
    if (sink) sink(std::move(row));
  }
}

// The job without its first rows, which are there already.
Job rest_of(Job job, std::size_t resumed) {
  job.indices = job.indices.subspan(resumed);
  return job;
}

// Rows that are there already: rank 0 knows, and the others learn it.
std::size_t resumed_by_all(ProcessGroup& group, std::size_t resumed) {
  std::uint64_t known = group.rank() == 0 ? resumed : 0;
  group.all_sum({&known, 1});
  return known;
}

}  // namespace

std::vector<std::size_t> whole_indices(const ImageRange& range, std::size_t dataset_size) {
  const auto size = static_cast<std::int64_t>(dataset_size);
  require(range.start >= 0 && range.start < size,
          fmt::format("start = {}: 0 to {} are allowed with {} images", range.start, size - 1, size));
  require(range.skip >= 1, fmt::format("skip = {}: must be at least 1 (every skip-th image is taken)", range.skip));
  require(range.max == -1 || range.max >= 1, fmt::format("max = {}: must be at least 1, or -1 for all images", range.max));
  std::vector<std::size_t> chosen;
  for (std::int64_t i = range.start; i < size && (range.max < 0 || static_cast<std::int64_t>(chosen.size()) < range.max); i += range.skip) {
    chosen.push_back(static_cast<std::size_t>(i));
    if (range.skip > size) break;
  }
  return chosen;
}

ImageRange shard_of(const ImageRange& range) {
  ImageRange shard{range.start + (range.shard - 1) * range.skip, range.skip * range.shards};
  if (range.max >= 0) shard.max = (range.max - range.shard) / range.shards + 1;
  return shard;
}

std::vector<std::size_t> indices(const ImageRange& range, std::size_t dataset_size) {
  constexpr std::int64_t most_shards = 1'000'000;
  require(range.shards >= 1 && range.shards <= most_shards && range.shard >= 1 && range.shard <= range.shards,
          fmt::format("shard {}/{}: 1/1 to {}/{} are allowed", range.shard, range.shards, most_shards, most_shards));
  const std::vector<std::size_t> whole = whole_indices(range, dataset_size);
  require(range.shard <= static_cast<std::int64_t>(whole.size()),
          fmt::format("shard {}/{}: there are only {} images", range.shard, range.shards, whole.size()));
  std::vector<std::size_t> chosen;
  for (auto i = static_cast<std::size_t>(range.shard - 1); i < whole.size(); i += static_cast<std::size_t>(range.shards)) {
    chosen.push_back(whole[i]);
  }
  return chosen;
}

log::Record complete_row(const Procedure& procedure, smooth::Executor& executor, const data::Example& example, std::size_t index) {
  const auto start = std::chrono::steady_clock::now();
  log::Record row = procedure(executor, example, index);
  row.index = index;
  row.label = example.label;
  row.correct = row.predict == example.label;
  row.seconds = seconds_since(start);
  return row;
}

void run_rows(const Job& job, const Sink& sink, ProcessGroup* group) {
  if (group && job.spread == Spread::together) return run_lockstep(job, *group, sink);
  const auto ahead = static_cast<std::size_t>(8 * job.executor.threads() * (group ? group->size() : 1));
  OrderedTaskQueue queue(job.indices.size(), ahead, job.stop, sink);
  lead(RowMaker(job), queue, group);
}

std::vector<log::Record> run_into(log::LogWriter& log, const Job& job, const Watch& watch, ProcessGroup* group) {
  const auto indices = job.indices;
  std::vector<log::Record> rows = log.existing();
  for (std::size_t i = 0; i < std::min(rows.size(), indices.size()); ++i) {
    require(rows[i].index == indices[i],
            fmt::format("the log's row {} is of image {}, and this run's of image {}: it was made with other images", i + 1, rows[i].index,
                        indices[i]));
  }
  const std::size_t resumed = std::min(rows.size(), indices.size());
  if (group) resumed_by_all(*group, resumed);
  const auto start = std::chrono::steady_clock::now();
  Status status{resumed, indices.size(), resumed, 0, &rows};
  const Sink sink = [&](log::Record row) {
    log.append(row);
    rows.push_back(std::move(row));
    ++status.done;
    status.seconds = seconds_since(start);
    if (watch) watch(status);
  };
  run_rows(rest_of(job, resumed), sink, group);
  rows.resize(std::min(rows.size(), indices.size()));
  return rows;
}

void run_as_worker(const Job& job, ProcessGroup& group) {
  const Job rest = rest_of(job, resumed_by_all(group, 0));
  if (rest.spread == Spread::together) return run_lockstep(rest, group, {});
  TasksOfRankZero tasks(group);
  try {
    RowMaker(rest).do_tasks(tasks);
  } catch (...) {
    tasks.done();
    throw;
  }
  tasks.done();
}

}  // namespace ballast::run
