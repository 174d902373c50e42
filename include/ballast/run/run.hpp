// SPDX-License-Identifier: Apache-2.0
//
// A data set through a procedure into rows, and these into a log.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "ballast/data/dataset.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/run/process_group.hpp"
#include "ballast/smooth/executor.hpp"

namespace ballast::run {

// Every skip-th image from start on, at most max of them (-1: all).
struct ImageRange {
  std::int64_t start = 0;
  std::int64_t skip = 1;
  std::int64_t max = -1;

  // Of several processes that share the images, the one that this is: it takes every shards-th of them.
  std::int64_t shard = 1;  // 1 ... shards
  std::int64_t shards = 1;
};

// The indices, in order: of the shard, or of the whole range. Throws InputError for a range that is not allowed or is empty.
std::vector<std::size_t> indices(const ImageRange& range, std::size_t dataset_size);
std::vector<std::size_t> whole_indices(const ImageRange& range, std::size_t dataset_size);

// The shard as a range of its own: of as many images as the data set and max allow.
ImageRange shard_of(const ImageRange& range);

// From an image and its index to a row, by this executor; `complete_row` fills in the rest.
using Procedure = std::function<log::Record(smooth::Executor& executor, const data::Example& example, std::size_t index)>;

// The row of an image, with index, label, correctness and time.
log::Record complete_row(const Procedure& procedure, smooth::Executor& executor, const data::Example& example, std::size_t index);

// What the threads share out. The rows are the same.
enum class Spread {
  samples,  // of one image after another: where each takes many
  images,   // an image a thread: where an image may take few
  together  // samples, over the threads of all processes: for a few slow images
};

// Which images become rows, by whom and how. All references must outlive its use.
struct Job {
  const data::Dataset& dataset;
  std::span<const std::size_t> indices;
  smooth::Executor& executor;
  Spread spread;
  const Procedure& procedure;
  const std::atomic<bool>& stop;                // true: rows under way are finished, and no more begun
  std::atomic<std::uint64_t>* drawn = nullptr;  // grows by the samples that this process draws, for who looks on
};

// Gets the rows in the order of the indices, by one thread at a time.
using Sink = std::function<void(log::Record row)>;

// A row for each index, unless it is stopped.
// group: where others take part this is rank 0, which hands images out as they are asked for, and the others must call run_as_worker().
void run_rows(const Job& job, const Sink& sink, ProcessGroup* group = nullptr);

struct Status {
  std::size_t done = 0, total = 0;                 // images; done counts rows that were there already
  std::size_t resumed = 0;                         // rows that were there already
  double seconds = 0;                              // of this run
  const std::vector<log::Record>* rows = nullptr;  // all so far
};
using Watch = std::function<void(const Status&)>;

// Brings the log to a row for each index, in order, and returns these rows.
// Rows that are there are kept and not computed again; they must be the first
// ones of the indices, or InputError is thrown. A run that is killed loses
// the rows under way and those that wait for an earlier one, of which there are few.
// `watch` is called after each row, by one thread at a time. group: as for run_rows.
std::vector<log::Record> run_into(log::LogWriter& log, const Job& job, const Watch& watch, ProcessGroup* group = nullptr);

// The part of a rank other than 0 in run_into(), with the same data set, indices, spread and procedure.
void run_as_worker(const Job& job, ProcessGroup& group);

}  // namespace ballast::run
