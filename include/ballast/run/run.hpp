// SPDX-License-Identifier: Apache-2.0
//
// A data set through a procedure into a log.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "ballast/data/dataset.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/run/team.hpp"
#include "ballast/smooth/workers.hpp"

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

// From an image and its index to a row, by this crew; label, correctness and time are filled in by `run`.
using Procedure = std::function<log::Record(smooth::Crew& crew, const data::Example& example, std::size_t index)>;

// What the threads share out. The rows are the same.
enum class Spread {
  samples,  // of one image after another: where each takes many
  images,   // an image a thread: where an image may take few
  together  // samples, over the threads of all processes: for a few slow images
};

struct Status {
  std::size_t done = 0, total = 0;                 // images; done counts rows that were there already
  std::size_t resumed = 0;                         // rows that were there already
  double seconds = 0;                              // of this run
  const std::vector<log::Record>* rows = nullptr;  // all so far
};
using Watch = std::function<void(const Status&)>;

// Brings the log to a row for each index, in order, and returns these rows.
// Rows that are there are kept and not computed again; they must be the first
// ones of `indices`, or InputError is thrown. When `stop` turns true the rows
// under way are finished and the run ends there. A run that is killed loses
// the rows under way and those that wait for an earlier one, of which there are few.
// `watch` is called after each row, by one thread at a time.
// team: where others take part this is rank 0, which hands images out as they are asked for, and the others must call help().
std::vector<log::Record> run(const data::Dataset& dataset, const std::vector<std::size_t>& indices, log::LogWriter& log,
                             smooth::Workers& workers, Spread spread, const Procedure& procedure, const std::atomic<bool>& stop,
                             const Watch& watch, Team* team = nullptr);

// The part of a rank other than 0, with the same data set, indices, spread and procedure.
void help(const data::Dataset& dataset, const std::vector<std::size_t>& indices, smooth::Workers& workers, Spread spread,
          const Procedure& procedure, const std::atomic<bool>& stop, Team& team);

}  // namespace ballast::run
