// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "ballast/core/errors.hpp"

namespace ballast::run {
namespace {

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::vector<std::size_t> indices(const ImageRange& range, std::size_t dataset_size) {
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

std::vector<log::Record> run(const data::Dataset& dataset, const std::vector<std::size_t>& indices, log::LogWriter& log,
                             const Procedure& procedure, const std::atomic<bool>& stop, const Watch& watch) {
  std::vector<log::Record> rows = log.existing();
  for (std::size_t i = 0; i < std::min(rows.size(), indices.size()); ++i) {
    require(rows[i].index == indices[i],
            fmt::format("the log's row {} is of image {}, and this run's of image {}: it was made with other images", i + 1, rows[i].index,
                        indices[i]));
  }
  const auto start = std::chrono::steady_clock::now();
  Status status{std::min(rows.size(), indices.size()), indices.size(), std::min(rows.size(), indices.size()), 0, &rows};
  for (std::size_t i = rows.size(); i < indices.size() && !stop; ++i) {
    const auto image_start = std::chrono::steady_clock::now();
    const data::Example example = dataset.at(indices[i]);
    log::Record record = procedure(example, indices[i]);
    record.index = indices[i];
    record.label = example.label;
    record.correct = record.predict == example.label;
    record.seconds = since(image_start);
    log.append(record);
    rows.push_back(std::move(record));
    ++status.done;
    status.seconds = since(start);
    if (watch) watch(status);
  }
  rows.resize(std::min(rows.size(), indices.size()));
  return rows;
}

}  // namespace ballast::run
