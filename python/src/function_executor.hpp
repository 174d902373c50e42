// SPDX-License-Identifier: Apache-2.0
//
// Votes of a function of Python's: while it has one batch, all cores make the
// noise of the next ones.

#pragma once

#include <pybind11/numpy.h>

#include <memory>

#include "ballast/smooth/executor.hpp"

namespace ballast::python {

// Calls the function in the thread that counts, batch after batch in their order. It has, in Python:
//   buffer() -> an array of `batch` images that is written to, float32, or bfloat16 as uint16, channels first or last in memory
//   start(array, count) -> what is asked for the votes of the first `count` images, later
//   votes(started) -> int64 of classes + 1, the votes for each class and, the last, for none
// A buffer is used again once its votes are there, unless somebody still holds it.
class FunctionExecutor : public smooth::Executor {
 public:
  // function: holds the methods above. threads: that make noise, 0 is one a core. To be made and destroyed with the GIL.
  FunctionExecutor(pybind11::object function, const ImageShape& shape, int classes, int batch, int threads);
  ~FunctionExecutor() override;

  int threads() const override { return 1; }
  int micro_batch() const override { return batch_; }
  const model::Classifier& classifier() const override { return *classifier_; }
  // There are no sessions: throws.
  void run(std::uint64_t tasks, const Work& work) override;
  void count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) override;

 private:
  struct Ring;

  pybind11::object function_;
  std::unique_ptr<model::Classifier> classifier_;
  int batch_;
  std::unique_ptr<Ring> ring_;
};

}  // namespace ballast::python
