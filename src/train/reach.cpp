// SPDX-License-Identifier: Apache-2.0

#include "reach.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/median.h>

#include <tuple>

namespace ballast::train {
namespace {

constexpr double least_square = 1e-30;  // keeps the gradient of a length finite where it is 0

at::Tensor lengths(const at::Tensor& squares) { return squares.clamp_min(least_square).sqrt(); }

// rows: images (or 1) x count x values, weights: images x values. The sums of |row| weighted: images x count.
at::Tensor weighted_sums(const at::Tensor& rows, const at::Tensor& weights) {
  const at::Tensor sizes = rows.flatten(2).abs(), flat = weights.flatten(1);
  if (rows.size(0) == 1) return product(flat, sizes.squeeze(0));
  return at::matmul(sizes, flat.unsqueeze(2)).squeeze(2);
}

// The first holds normal numbers times the input's rows, the others Cauchy numbers times those of each ReLU's room.
at::Tensor estimate(const std::vector<at::Tensor>& vectors, double epsilon) {
  at::Tensor reach = epsilon * lengths(vectors[0].square().mean(1));
  for (std::size_t i = 1; i < vectors.size(); ++i) reach = reach + std::get<0>(at::median(vectors[i].abs(), 1)) / 2;
  return reach;
}

// images (or 1) x vectors x classes to images x vectors x (that of the label less each).
at::Tensor margins_of(const at::Tensor& scores, const at::Tensor& labels) {
  const at::Tensor all = scores.flatten(2).expand({labels.size(0), -1, -1});
  return all.gather(2, labels.view({-1, 1, 1}).expand({-1, all.size(1), 1})) - all;
}

}  // namespace

at::Tensor ExactDualBounds::of_rows(at::Tensor rows) const {
  rows = apply_adjoint(chains_[lines_.size()], rows);
  at::Tensor rooms;
  for (std::size_t i = lines_.size(); i-- > 0;) {
    const at::Tensor room = weighted_sums(rows, lines_[i].room) / 2;
    rooms = rooms.defined() ? rooms + room : room;
    rows = apply_adjoint(chains_[i], rows * lines_[i].slope.unsqueeze(1));
  }
  const at::Tensor ball = epsilon_ * lengths(rows.flatten(2).square().sum(2));
  return rooms.defined() ? rooms + ball : ball;
}

at::Tensor ExactDualBounds::of_next() const {
  const Sizes& sizes = chains_[lines_.size()].out;
  const std::int64_t count = elements(sizes);
  const at::Tensor reach = of_rows(at::eye(count, options_).view(many(1, many(count, sizes))));
  return reach.view(many(reach.size(0), sizes));
}

at::Tensor ExactDualBounds::of_margins(const at::Tensor& labels) const {
  const Sizes& sizes = chains_.back().out;
  const at::Tensor units = at::eye(elements(sizes), options_);
  const at::Tensor rows = units.index_select(0, labels).unsqueeze(1) - units.unsqueeze(0);
  return of_rows(rows.view(many(labels.size(0), many(units.size(0), sizes))));
}

ProjectedDualBounds::ProjectedDualBounds(const std::vector<Chain>& chains, double epsilon, const at::TensorOptions& options,
                                         int projections, const Draws& draws)
    : chains_(chains), epsilon_(epsilon), options_(options), projections_(projections), draws_(draws) {
  vectors_.push_back(draws_.normals(many(1, many(projections, chains.front().in))).to(options));
}

void ProjectedDualBounds::advance() {
  for (at::Tensor& vectors : vectors_) vectors = apply(chains_[next_], vectors);
  ++next_;
}

at::Tensor ProjectedDualBounds::of_next() {
  advance();
  return estimate(vectors_, epsilon_);
}

at::Tensor ProjectedDualBounds::of_margins(const at::Tensor& labels) {
  advance();
  for (at::Tensor& vectors : vectors_) vectors = margins_of(vectors, labels);
  return estimate(vectors_, epsilon_);
}

void ProjectedDualBounds::pass(const ParallelLines& lines) {
  for (at::Tensor& vectors : vectors_) vectors = vectors * lines.slope.unsqueeze(1);
  const at::Tensor numbers = draws_.cauchys(many(1, many(projections_, chains_[next_].in))).to(options_);
  vectors_.push_back(numbers * lines.room.unsqueeze(1));
}

}  // namespace ballast::train
