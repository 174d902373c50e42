// SPDX-License-Identifier: Apache-2.0
//
// How far the values of a network may lie from those at the centre of an l2
// ball, where each ReLU has been replaced by the space between two parallel
// lines (Wong and Kolter 2018).

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <vector>

#include "chain.hpp"
#include "draws.hpp"

namespace ballast::train {

// A ReLU's outputs lie from slope z to slope z + room: images x sizes each.
struct ParallelLines {
  at::Tensor slope, room;
};

// Behind k ReLUs a value is r x + sum_i m_i e_i + constants, with x in the ball and 0 <= e_i <= room_i for each unit of each ReLU; around
// its centre, at e = room / 2, it lies within epsilon |r|_2 + sum_i |m_i room_i|_1 / 2. Both classes give that for the chains in their
// order: pass() says what stands between a chain and the next.

// Exact: the rows r and m_i are walked back from each value to the input (images x values x inputs of a layer in memory).
class ExactDualBounds {
 public:
  // chains must outlive this.
  ExactDualBounds(const std::vector<Chain>& chains, double epsilon, const at::TensorOptions& options)
      : chains_(chains), epsilon_(epsilon), options_(options) {}

  // Of what the next chain gives: images x its sizes (or 1 x, where it is the same for all).
  at::Tensor of_next() const;

  // Of the label's score less each score, which the last chain gives: images x classes.
  at::Tensor of_margins(const at::Tensor& labels) const;

  void pass(const ParallelLines& lines) { lines_.push_back(lines); }

 private:
  at::Tensor of_rows(at::Tensor rows) const;

  const std::vector<Chain>& chains_;
  double epsilon_;
  at::TensorOptions options_;
  std::vector<ParallelLines> lines_;
};

// Estimated by random vectors that go forward through the chains (Wong, Schmidt, Metzen and Kolter 2018): r g is normal with deviation
// |r|_2 for normal g, and m_i (room_i c) is Cauchy with scale |m_i room_i|_1 for Cauchy c.
class ProjectedDualBounds {
 public:
  // chains must outlive this.
  ProjectedDualBounds(const std::vector<Chain>& chains, double epsilon, const at::TensorOptions& options, int projections,
                      const Draws& draws);

  // Each chain is asked for once.
  at::Tensor of_next();
  at::Tensor of_margins(const at::Tensor& labels);
  void pass(const ParallelLines& lines);

 private:
  void advance();

  const std::vector<Chain>& chains_;
  double epsilon_;
  at::TensorOptions options_;
  int projections_;
  Draws draws_;
  std::size_t next_ = 0;
  std::vector<at::Tensor> vectors_;  // images (or 1) x projections x sizes: of the input, of each ReLU
};

}  // namespace ballast::train
