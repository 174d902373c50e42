// SPDX-License-Identifier: Apache-2.0

#include "operator_norm.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/complex.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "matrix_product.hpp"
#include "rounding.hpp"

namespace ballast::verify {
namespace {

// Complex numbers in one batch of symbols.
constexpr std::int64_t batch_elements = std::int64_t{1} << 22;

// Of one dimension of a convolution on the torus.
struct Circle {
  std::int64_t frequencies;  // points of the output's circle
  at::Tensor shifts;         // of each tap, in steps of the output's circle
  at::Tensor phases;         // of each tap: 0 ... stride - 1
};

// Taps at 0, dilation, 2 dilation, ... of a stride. The circle holds the input with its padding on one side (both sides' zeros may lie
// on the same points) and has a point for each output. A shift of all inputs changes no norm, so the first pad is left out.
// Where no tap has a shift, all frequencies are alike.
Circle circle_of(std::int64_t in, std::int64_t out, std::int64_t taps, std::int64_t dilation, std::int64_t stride, std::int64_t pad) {
  const at::Tensor places = at::arange(taps, at::kLong) * dilation;
  Circle circle{std::max(out, (in + pad + stride - 1) / stride), places.div(stride, "floor"), places.remainder(stride)};
  if (circle.shifts.max().item<std::int64_t>() == 0) circle.frequencies = 1;
  return circle;
}

// Angles of each tap at each frequency: frequencies x taps.
at::Tensor angles(const Circle& circle) {
  const at::Tensor turns = at::arange(circle.frequencies, at::kLong).unsqueeze(1) * circle.shifts.unsqueeze(0);
  return turns.remainder(circle.frequencies).to(at::kDouble) * (2 * std::numbers::pi / static_cast<double>(circle.frequencies));
}

// Weights by group, output and input channel with each tap in a row of its own for its phase:
// (taps) x (groups x out x in x phases), zero where a tap is of another phase.
at::Tensor by_phase(const Convolve& conv, const Circle& down, const Circle& right) {
  const std::int64_t taps = conv.weights.size(2) * conv.weights.size(3), phases = conv.strides[0] * conv.strides[1];
  const at::Tensor phase = (down.phases.unsqueeze(1) * conv.strides[1] + right.phases.unsqueeze(0)).reshape({taps, 1, 1});
  const at::Tensor weights = conv.weights.reshape({-1, taps}).t().unsqueeze(2);
  return at::zeros({taps, weights.size(1), phases}, at::kDouble)
      .scatter_(2, phase.expand({taps, weights.size(1), 1}), weights)
      .reshape({taps, -1});
}

double convolution_norm(const Convolve& conv, const Sizes& in, const Sizes& out) {
  const Circle down =
      circle_of(in[1], out[1], conv.weights.size(2), conv.dilations[0], conv.strides[0], std::max(conv.pads[0], conv.pads[2]));
  const Circle right =
      circle_of(in[2], out[2], conv.weights.size(3), conv.dilations[1], conv.strides[1], std::max(conv.pads[1], conv.pads[3]));
  const at::Tensor weights = by_phase(conv, down, right);
  // Frequencies beyond the half give conjugate matrices, with the same singular values.
  const at::Tensor vertical = angles(down).slice(0, 0, down.frequencies / 2 + 1);
  const at::Tensor angle = (vertical.unsqueeze(1).unsqueeze(3) + angles(right).unsqueeze(0).unsqueeze(2)).reshape({-1, weights.size(0)});
  const std::int64_t step = std::max<std::int64_t>(1, batch_elements / weights.size(1));
  const Sizes matrices{-1, conv.weights.size(0) / conv.groups, weights.size(1) / conv.weights.size(0)};
  double norm = 0;
  for (std::int64_t first = 0; first < angle.size(0); first += step) {
    const at::Tensor part = angle.slice(0, first, first + step);
    const at::Tensor symbols = at::complex(part.cos().matmul(weights), part.sin().matmul(weights)).reshape(matrices);
    norm = std::max(norm, largest_singular_value(symbols));
  }
  return norm;
}

// Schur's test: |Ax|^2 <= (greatest row sum of |A|) (greatest column sum of |A|) |x|^2.
double schur_bound(const LinearMap& map) {
  const LinearMap positive = magnitude(map);
  const double row = apply(positive, at::ones(map.in, at::kDouble).unsqueeze(0)).max().item<double>();
  const double column = apply_adjoint(positive, at::ones(map.out, at::kDouble).unsqueeze(0)).max().item<double>();
  const double additions = static_cast<double>(elements(map.in)) + static_cast<double>(elements(map.out));
  return std::sqrt(row * column) * (1 + additions * double_epsilon);
}

}  // namespace

// Rounding: each element of the Gram matrix G is off by at most k epsilon times the product of its rows' norms (sums of k products; 64
// more for the sines, cosines and sums over taps that the elements of a symbol are made of), so G by that times its trace. LAPACK's
// eigenvalues are off by a modest multiple of epsilon |G|, for which 8 n stands.
double largest_singular_value(const at::Tensor& matrices) {
  const at::Tensor wide = matrices.size(-2) <= matrices.size(-1) ? matrices : matrices.transpose(-2, -1);
  const at::Tensor adjoint = wide.transpose(-2, -1).conj();
  const at::Tensor gram = wide.dim() == 2 && !wide.is_complex() ? matrix_product(wide, adjoint) : wide.matmul(adjoint).contiguous();
  const at::Tensor eigenvalues = at::linalg_eigvalsh(gram);
  const double terms = static_cast<double>(std::max(matrices.size(-2), matrices.size(-1)) + 8 * gram.size(-1) + 64);
  const at::Tensor squares = eigenvalues.amax(-1) + eigenvalues.sum(-1).abs() * (terms * double_epsilon);
  return std::sqrt(squares.max().item<double>()) * (1 + 4 * double_epsilon);
}

double norm_bound(const LinearMap& map) {
  if (const auto* dense = std::get_if<Dense>(&map.kind)) return largest_singular_value(dense->weights);
  if (const auto* conv = std::get_if<Convolve>(&map.kind)) return convolution_norm(*conv, map.in, map.out);
  return schur_bound(map);
}

double norm_bound(const graph::Pool& max_pool) {
  const auto windows = [&](std::size_t i) { return (max_pool.kernel[i] + max_pool.strides[i] - 1) / max_pool.strides[i]; };
  return std::sqrt(static_cast<double>(windows(0) * windows(1))) * (1 + 4 * double_epsilon);
}

}  // namespace ballast::verify
