// SPDX-License-Identifier: Apache-2.0
//
// Training a network under Gaussian noise (Cohen, Rosenfeld and Kolter 2019,
// section 3.3): every image of every batch gets fresh noise. What is done with
// the noisy images is the recipe's. Without noise there are plain training and
// the recipes that bound the network itself.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "ballast/data/dataset.hpp"
#include "ballast/graph/graph.hpp"
#include "ballast/train/recipe.hpp"
#include "ballast/train/validation.hpp"

namespace ballast::train {

enum class Schedule {
  step,      // the rate times rate_factor every step_epochs
  one_cycle  // up to the rate over the first 30 % of the steps, then down to nearly nothing, both along a cosine
};

enum class Precision {
  fp32,
  bf16  // convolutions and matrix products in bfloat16; weights, their sums and the loss in fp32
};

enum class Device { cpu, cuda };

struct TrainOptions {
  Recipe recipe;
  double sigma = 0.25;  // noise level, in pixel units; 0 trains without noise
  int epochs = 90;
  int batch = 256;
  double rate = 0.1;  // learning rate
  double momentum = 0.9;
  double weight_decay = 1e-4;
  double clip = 0;  // the longest gradient of a step (l2, of all weights together); 0: any
  Schedule schedule = Schedule::step;
  int step_epochs = 30;
  double rate_factor = 0.1;
  int shift = 4;     // images are moved by up to so many pixels each way, zeros moved in
  bool flip = true;  // and mirrored half of the time
  std::uint64_t seed = 0;
  bool initialise = true;           // start from random weights (He et al. 2015), not from the graph's own
  std::optional<int> validation{};  // images held out of training; none given: 1000, or a tenth of the images where that is less
  int validation_draws = 16;        // noisy copies of each of them
  Precision precision = Precision::fp32;

  Device device = Device::cpu;
  int threads = 0;  // 0: all cores
};

// What is written while training goes on and at its end; an empty path is not.
struct TrainFiles {
  std::filesystem::path model;         // ONNX with the last weights, written at the end
  std::filesystem::path checkpoint;    // all that is needed to go on; removed once the model is there
  std::filesystem::path best;          // ONNX of the epoch with the best validation
  std::filesystem::path curve;         // CSV, one row an epoch
  std::chrono::seconds interval{300};  // between two checkpoints within an epoch
};

struct Progress {
  int epoch = 0;                  // from 1
  int step = 0, steps = 0;        // of this epoch, from 1
  double loss = 0, accuracy = 0;  // mean over this epoch so far, on the (noisy) training images
  double rate = 0;
  double seconds = 0;                      // of training, all runs together
  double images_per_second = 0;            // of this run
  std::optional<Validation> validation{};  // behind an epoch's last step
};

// Called after every step; returning false ends training there.
using Watch = std::function<bool(const Progress&)>;

struct Outcome {
  graph::Graph graph;  // with the last weights
  bool finished = true;
  bool resumed = false;
};

// Trains from where the checkpoint is, if there is one. The same options on
// the same machine and library give the same weights on one thread, whether
// training was interrupted or not. A checkpoint is written after each epoch,
// at the interval, and where the watch ends training. Throws InputError where
// options, images and network do not fit or the checkpoint is another
// training's, and std::runtime_error if the loss stops being a number or a
// file cannot be written; the last checkpoint is then whole.
Outcome train(graph::Graph graph, const data::Dataset& images, const TrainOptions& options, const TrainFiles& files, const Watch& watch);

// Throws InputError where an option is not allowed.
void check(const TrainOptions& options);

// Whether this build can train there, on this machine.
bool has_device(Device device);

}  // namespace ballast::train
