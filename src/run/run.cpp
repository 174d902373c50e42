// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <span>
#include <utility>

#include "ballast/core/errors.hpp"
#include "tasks.hpp"

namespace ballast::run {
namespace {

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The images that are to be done, and how.
struct Work {
  const data::Dataset& dataset;
  std::span<const std::size_t> indices;
  smooth::Workers& workers;
  const Procedure& procedure;

  log::Record row_of(smooth::Crew& crew, std::size_t task) const {
    const auto start = std::chrono::steady_clock::now();
    const std::size_t index = indices[task];
    const data::Example example = dataset.at(index);
    log::Record record = procedure(crew, example, index);
    record.index = index;
    record.label = example.label;
    record.correct = record.predict == example.label;
    record.seconds = since(start);
    return record;
  }
};

void do_tasks(const Work& work, smooth::Crew& crew, int worker, Tasks& tasks) {
  try {
    while (const auto task = tasks.take(worker)) tasks.put(*task, work.row_of(crew, *task));
  } catch (...) {
    tasks.fail();
    throw;
  }
}

// One image after another by all threads, or an image a thread.
void do_tasks(const Work& work, Spread spread, Tasks& tasks) {
  if (spread == Spread::samples) return do_tasks(work, work.workers, 0, tasks);
  work.workers.run(static_cast<std::uint64_t>(work.workers.threads()), [&](model::Session& session, int worker, std::uint64_t) {
    smooth::Soloist soloist(work.workers.classifier(), session);
    do_tasks(work, soloist, worker, tasks);
  });
}

// Rank 0 of a team, or a process alone.
void lead(const Work& work, Spread spread, Ledger& ledger, Team* team) {
  if (!team) return do_tasks(work, spread, ledger);
  auto answering = std::async(std::launch::async, [&] {
    try {
      answer(*team, ledger);
    } catch (...) {
      ledger.fail();
      throw;
    }
  });
  try {
    do_tasks(work, spread, ledger);
  } catch (...) {
    answering.wait();
    throw;
  }
  answering.get();
}

// All ranks at one image after another, each with its share of the samples. Only rank 0 writes.
void do_together(const Work& work, const std::atomic<bool>& stop, Team& team, const Ledger::Write& write) {
  TeamCrew crew(work.workers, team);
  for (std::size_t task = 0; task < work.indices.size(); ++task) {
    std::uint64_t stopping = stop ? 1 : 0;
    team.add_up({&stopping, 1});
    if (stopping > 0) return;
    log::Record row = work.row_of(crew, task);
    if (write) write(std::move(row));
  }
}

// Rows that are there already: rank 0 knows, and the others learn it.
std::size_t resumed_by_all(Team& team, std::size_t resumed) {
  std::uint64_t known = team.rank() == 0 ? resumed : 0;
  team.add_up({&known, 1});
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

std::vector<log::Record> run(const data::Dataset& dataset, const std::vector<std::size_t>& indices, log::LogWriter& log,
                             smooth::Workers& workers, Spread spread, const Procedure& procedure, const std::atomic<bool>& stop,
                             const Watch& watch, Team* team) {
  std::vector<log::Record> rows = log.existing();
  for (std::size_t i = 0; i < std::min(rows.size(), indices.size()); ++i) {
    require(rows[i].index == indices[i],
            fmt::format("the log's row {} is of image {}, and this run's of image {}: it was made with other images", i + 1, rows[i].index,
                        indices[i]));
  }
  const std::size_t resumed = std::min(rows.size(), indices.size());
  if (team) resumed_by_all(*team, resumed);
  const Work work{dataset, std::span(indices).subspan(resumed), workers, procedure};
  const auto start = std::chrono::steady_clock::now();
  Status status{resumed, indices.size(), resumed, 0, &rows};
  const Ledger::Write write = [&](log::Record record) {
    log.append(record);
    rows.push_back(std::move(record));
    ++status.done;
    status.seconds = since(start);
    if (watch) watch(status);
  };
  if (team && spread == Spread::together) {
    do_together(work, stop, *team, write);
  } else {
    const auto ahead = static_cast<std::size_t>(8 * workers.threads() * (team ? team->size() : 1));
    Ledger ledger(work.indices.size(), ahead, stop, write);
    lead(work, spread == Spread::together ? Spread::samples : spread, ledger, team);
  }
  rows.resize(std::min(rows.size(), indices.size()));
  return rows;
}

void help(const data::Dataset& dataset, const std::vector<std::size_t>& indices, smooth::Workers& workers, Spread spread,
          const Procedure& procedure, const std::atomic<bool>& stop, Team& team) {
  const Work work{dataset, std::span(indices).subspan(resumed_by_all(team, 0)), workers, procedure};
  if (spread == Spread::together) return do_together(work, stop, team, {});
  TasksOfRankZero tasks(team);
  try {
    do_tasks(work, spread, tasks);
  } catch (...) {
    tasks.done();
    throw;
  }
  tasks.done();
}

}  // namespace ballast::run
