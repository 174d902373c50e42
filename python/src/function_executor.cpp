// SPDX-License-Identifier: Apache-2.0

#include "function_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "ballast/smooth/noise_ring.hpp"

namespace ballast::python {
namespace {

namespace py = pybind11;
using Votes = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

// One that is written, one that the function has, one whose votes are under way on another device.
constexpr int buffers = 3;

ElementType type_of(const py::array& array) {
  if (array.dtype().kind() == 'f' && array.itemsize() == 4) return ElementType::f32;
  require(array.dtype().kind() == 'u' && array.itemsize() == 2, "buffer: float32, or uint16 for bfloat16, is needed");
  return ElementType::bf16;
}

// The array's own memory, images x channels x height x width, where positions follow each other at one step.
InputBuffer buffer_of(py::array array, const ImageShape& shape, int batch) {
  const std::array<py::ssize_t, 4> sizes{batch, shape.channels, shape.height, shape.width};
  require(array.ndim() == 4 && std::equal(sizes.begin(), sizes.end(), array.shape()) && array.writeable(),
          fmt::format("buffer: a writable array of {} images {} is needed", batch, to_string(shape)));
  const auto step = [&](int axis) { return static_cast<std::size_t>(array.strides(axis) / array.itemsize()); };
  require(step(2) == step(3) * static_cast<std::size_t>(shape.width) || shape.height == 1, "buffer: its rows must follow each other");
  return {array.mutable_data(), type_of(array), shape, step(0), step(1), step(3)};
}

}  // namespace

// Everything of Python's in it is touched with the GIL alone.
struct FunctionExecutor::Ring {
  Ring(const py::object& function, const ImageShape& shape, int batch, int threads)
      : function_(function), shape_(shape), batch_(batch), noise(buffers, batch, threads) {
    for (std::uint64_t b = 0; b < buffers; ++b) renew(b);
  }

  // Another array where the function has kept something of this one: a part of it, which holds whose memory it is.
  void renew_if_held(std::uint64_t batch) {
    const py::array& array = arrays_[batch % buffers];
    const py::object base = array.base();
    if (array.ref_count() > 1 || (base && base.ref_count() > 2)) renew(batch);
  }

  const py::array& array(std::uint64_t batch) const { return arrays_[batch % buffers]; }

 private:
  void renew(std::uint64_t batch) {
    auto& array = arrays_[batch % buffers];
    array = function_.attr("buffer")();
    noise.set_buffer(batch, buffer_of(array, shape_, batch_));
  }

  const py::object& function_;
  ImageShape shape_;
  int batch_;
  std::array<py::array, buffers> arrays_;

 public:
  smooth::NoiseRing noise;
};

FunctionExecutor::FunctionExecutor(py::object function, const ImageShape& shape, int classes, int batch, int threads)
    : function_(std::move(function)),
      classifier_(model::classifier_from(
          [](std::span<const float>, std::span<Label>) { throw std::logic_error("a function counts votes"); }, shape, classes, batch)),
      batch_(batch),
      ring_(std::make_unique<Ring>(function_, shape, batch, threads)) {}

FunctionExecutor::~FunctionExecutor() = default;

void FunctionExecutor::run(std::uint64_t, const Work&) { throw std::logic_error("a function counts votes"); }

void FunctionExecutor::count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) {
  struct Round {
    smooth::NoiseRing& noise;
    ~Round() { noise.end(); }
  };
  const py::gil_scoped_acquire gil;
  const auto batch = static_cast<std::uint64_t>(batch_);
  py::object started;  // of the batch before
  const auto add_votes = [&](std::uint64_t of) {
    const Votes counted = function_.attr("votes")(std::exchange(started, {})).cast<Votes>();
    require(counted.size() == static_cast<py::ssize_t>(votes.size()), "votes: one for each class and for none are needed");
    for (std::size_t c = 0; c < votes.size(); ++c) votes[c] += static_cast<std::uint64_t>(counted.data()[c]);
    ring_->renew_if_held(of);
  };
  ring_->noise.begin(samples, write);
  const Round round{ring_->noise};
  const std::uint64_t batches = (samples + batch - 1) / batch;
  for (std::uint64_t b = 0; b < batches; ++b) {
    {
      const py::gil_scoped_release free;
      ring_->noise.take(b);
    }
    py::object next = function_.attr("start")(ring_->array(b), std::min(batch, samples - b * batch));
    if (b > 0) {
      add_votes(b - 1);
      ring_->noise.give_back(b - 1);
    }
    started = std::move(next);
  }
  if (batches > 0) add_votes(batches - 1);
}

}  // namespace ballast::python
