// SPDX-License-Identifier: Apache-2.0
//
// What is certified: a function from images to labels.

#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/core/input_buffer.hpp"
#include "ballast/model/device_queue.hpp"

namespace ballast::model {

// Index of the greatest score; ties go to the lowest index. scores.size(), the
// fixed class "nan" that is no answer, where any score is NaN.
Label label_of(std::span<const float> scores);

// A classifier ready to run on one thread, with memory of its own. Inputs are
// written into the buffer it lends, then classified. The label of an image is
// a function of that image alone: not of its place, the other images, or how
// many there are.
class Session {
 public:
  virtual ~Session() = default;

  // Places in the input buffer.
  virtual int micro_batch() const = 0;
  virtual InputBuffer input() = 0;

  // Labels of the images at places 0 ... labels.size() - 1, at most
  // micro_batch() of them. A label is 0 ... classes - 1, or classes for "nan".
  virtual void classify(std::span<Label> labels) = 0;

  // The scores behind the labels, image by image (count x classes); valid
  // until the next call. Throws InputError for a classifier that has none.
  virtual std::span<const float> scores(int count) = 0;
};

// How long the steps of a plan take for a micro-batch on one thread.
struct Profile {
  struct Step {
    std::string what;
    double seconds = 0;     // the fastest of several runs
    double operations = 0;  // multiplications and additions of convolutions and matrix products
    double bytes = 0;       // read and written, weights included
  };
  std::vector<Step> steps;
  int micro_batch = 0;
  std::size_t working_bytes = 0;  // of memory in which the steps leave their results to each other
};

// Safe to share between threads; each makes its own session.
class Classifier {
 public:
  virtual ~Classifier() = default;

  virtual ImageShape image_shape() const = 0;
  virtual int classes() const = 0;

  // What is to be applied to each channel of a pixel in [0, 1] before it is written into a session's buffer.
  virtual std::vector<ChannelAffine> affine() const = 0;

  virtual std::unique_ptr<Session> new_session() const = 0;

  // Whether it runs on devices beside the processor. Then a queue is faster than sessions are; else there is none.
  virtual bool has_devices() const { return false; }
  virtual std::unique_ptr<DeviceQueue> new_queue() const { return {}; }

  // What runs it: for the manifest ("onednn 2.6.3, plan 2") and its arithmetic ("bf16").
  virtual std::string engine() const = 0;
  virtual std::string precision() const = 0;
  // The instruction set that the arithmetic depends on ("avx512_core_bf16").
  virtual std::string instruction_set() const = 0;

  // One line a step, for `inspect`: what the engine made of the network.
  virtual std::vector<std::string> plan() const { return {}; }
  // Without steps where the engine does not say.
  virtual Profile profile() const { return {}; }
};

}  // namespace ballast::model
