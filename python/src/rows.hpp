// SPDX-License-Identifier: Apache-2.0
//
// Images through a procedure into rows, as a log has them.

#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ballast/log/manifest.hpp"
#include "ballast/log/record.hpp"
#include "images.hpp"
#include "model.hpp"
#include "noise_cache.hpp"
#include "request.hpp"

namespace ballast::python {

// Which draws: image i is number first + before + i under the seed.
struct Draws {
  std::uint64_t seed = 0;
  std::uint32_t first = 0;
};

using Labels = std::optional<std::vector<Label>>;

struct Rows {
  log::Kind kind = log::Kind::certify;  // whose columns they have
  std::vector<log::Record> rows;        // one an image, in order
  log::Manifest manifest;               // of the log that holds them, or would
  std::vector<std::string> lines;       // of the log that would: the header, and a line a row; none where a log holds them or has no labels
};

// What is to be done to them.
struct RowsJob {
  const Images& images;
  const Labels& labels;
  const Request& request;
  Draws draws;
  log::Manifest model;                       // entries that describe it
  std::optional<std::filesystem::path> log;  // that they are written into, or were in part
  std::optional<std::size_t> before;         // of images that come batch by batch, nobody knows how many: so many came before these
};

// After each row: how many of how many are done.
using RowsDone = std::function<void(std::size_t done, std::size_t total)>;

// Throws InputError where request, images, labels, classifier and log do not fit together.
Rows rows_of(smooth::Executor& executor, const RowsJob& job, NoiseCache& cache, const std::atomic<bool>& stop, const RowsDone& done);

// A seed that anybody can compute again, from model, images and the noise's law alone.
std::uint64_t derived_seed(const Model& model, const Images& images, const Request& request);

}  // namespace ballast::python
