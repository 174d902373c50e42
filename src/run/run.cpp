// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <span>

#include "ballast/core/errors.hpp"

namespace ballast::run {
namespace {

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Calls make(crew, task) for tasks 0 ... count - 1, one a thread, and write(row) in the order of the tasks, under a lock.
template <typename Make, typename Write>
void in_order(smooth::Workers& workers, std::size_t count, const std::atomic<bool>& stop, const Make& make, const Write& write) {
  const auto ahead = static_cast<std::size_t>(8 * workers.threads());  // rows that may wait for an earlier one
  std::mutex mutex;
  std::condition_variable written;
  std::map<std::size_t, log::Record> waiting;
  std::size_t next = 0, begun = 0;  // tasks below `begun` are done even when the run is to stop: they have no gap then
  bool failed = false;
  workers.run(count, [&](model::Session& session, int, std::uint64_t task) {
    try {
      {
        std::unique_lock lock(mutex);
        while (!failed && !stop && task >= next + ahead) written.wait_for(lock, std::chrono::milliseconds(100));  // stop notifies nobody
        if (failed || (stop && task >= begun)) return;
        begun = std::max(begun, static_cast<std::size_t>(task) + 1);
      }
      smooth::Soloist soloist(workers.classifier(), session);
      log::Record record = make(soloist, task);
      const std::lock_guard lock(mutex);
      if (failed) return;
      waiting.emplace(task, std::move(record));
      for (; waiting.contains(next); ++next) write(std::move(waiting.extract(next).mapped()));
    } catch (...) {
      const std::lock_guard lock(mutex);
      failed = true;
      written.notify_all();
      throw;
    }
    written.notify_all();
  });
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
                             const Watch& watch) {
  std::vector<log::Record> rows = log.existing();
  for (std::size_t i = 0; i < std::min(rows.size(), indices.size()); ++i) {
    require(rows[i].index == indices[i],
            fmt::format("the log's row {} is of image {}, and this run's of image {}: it was made with other images", i + 1, rows[i].index,
                        indices[i]));
  }
  const std::size_t resumed = std::min(rows.size(), indices.size());
  const auto missing = std::span(indices).subspan(resumed);
  const auto start = std::chrono::steady_clock::now();
  Status status{resumed, indices.size(), resumed, 0, &rows};
  const auto row_of = [&](smooth::Crew& crew, std::size_t index) {
    const auto image_start = std::chrono::steady_clock::now();
    const data::Example example = dataset.at(index);
    log::Record record = procedure(crew, example, index);
    record.index = index;
    record.label = example.label;
    record.correct = record.predict == example.label;
    record.seconds = since(image_start);
    return record;
  };
  const auto write = [&](log::Record record) {
    log.append(record);
    rows.push_back(std::move(record));
    ++status.done;
    status.seconds = since(start);
    if (watch) watch(status);
  };
  if (spread == Spread::samples) {
    for (std::size_t i = 0; i < missing.size() && !stop; ++i) write(row_of(workers, missing[i]));
  } else {
    in_order(
        workers, missing.size(), stop, [&](smooth::Crew& crew, std::size_t task) { return row_of(crew, missing[task]); }, write);
  }
  rows.resize(std::min(rows.size(), indices.size()));
  return rows;
}

}  // namespace ballast::run
