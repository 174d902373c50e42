// SPDX-License-Identifier: Apache-2.0
//
// The whole state of a training in one file, so that it can go on.
//
// A line "ballast checkpoint 1", a line of JSON (settings, position, sums,
// names and sizes of the tensors), the tensors' floats in the machine's byte
// order, and the SHA-256 of all before it.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "options.hpp"

namespace ballast::train {

// Where a training is, and what it has seen.
struct Position {
  int epoch = 1;  // from 1
  int step = 0;   // steps of this epoch that are done
  double loss_sum = 0;
  std::int64_t right = 0, images = 0;  // of this epoch
  double seconds = 0;                  // of training, all runs together
  double best_merit = -1;              // of the validations so far
  std::string curve;                   // the rows of the curve so far
};

struct NamedTensor {
  std::string name;
  std::vector<float> values;
};

struct Checkpoint {
  Settings settings;
  Position position;
  std::vector<NamedTensor> tensors;
};

// Whole or not at all. Throws as write_whole does.
void save(const Checkpoint& checkpoint, const std::filesystem::path& file);

// Throws InputError if the file is no checkpoint or is not whole.
Checkpoint load_checkpoint(const std::filesystem::path& file);

}  // namespace ballast::train
