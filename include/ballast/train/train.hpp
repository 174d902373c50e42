// SPDX-License-Identifier: Apache-2.0
//
// Training a network under Gaussian noise (Cohen, Rosenfeld and Kolter 2019,
// section 3.3): every image of every batch gets fresh noise.

#pragma once

#include <cstdint>
#include <functional>

#include "ballast/data/dataset.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::train {

enum class Schedule {
  step,      // the rate times rate_factor every step_epochs
  one_cycle  // up to the rate over the first 30 % of the steps, then down to nearly nothing, both along a cosine
};

struct TrainOptions {
  double sigma = 0.25;  // noise level, in pixel units; 0 trains without noise
  int epochs = 90;
  int batch = 256;
  double rate = 0.1;  // learning rate
  double momentum = 0.9;
  double weight_decay = 1e-4;
  Schedule schedule = Schedule::step;
  int step_epochs = 30;
  double rate_factor = 0.1;
  int shift = 4;     // images are moved by up to so many pixels each way, zeros moved in
  bool flip = true;  // and mirrored half of the time
  std::uint64_t seed = 0;
  bool initialise = true;  // start from random weights (He et al. 2015), not from the graph's own

  int threads = 0;  // 0: all cores
};

struct Progress {
  int epoch = 0;                  // from 1
  int step = 0, steps = 0;        // of this epoch, from 1
  double loss = 0, accuracy = 0;  // mean over this epoch so far, on the noisy training images
  double rate = 0;
  double seconds = 0;  // since training began
};

// Called after every step; returning false ends training there.
using Watch = std::function<bool(const Progress&)>;

// The graph with trained weights. The same options on the same machine and
// library give the same weights. Throws InputError where options, images and
// network do not fit, and std::runtime_error if the loss stops being a number.
graph::Graph train(graph::Graph graph, const data::Dataset& images, const TrainOptions& options, const Watch& watch);

}  // namespace ballast::train
