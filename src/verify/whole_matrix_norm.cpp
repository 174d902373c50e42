// SPDX-License-Identifier: Apache-2.0

#include "whole_matrix_norm.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_solve_triangular.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "matrix_product.hpp"
#include "rounding.hpp"

namespace ballast::verify {
namespace {

constexpr std::int64_t greatest_side = 3072, greatest_matrix = std::int64_t{1} << 24;
constexpr std::int64_t block = 128;
constexpr int iterations = 150;
constexpr std::array<double, 2> raised_by{3e-4, 3e-3};  // what power iteration may have missed of an eigenvalue

at::Tensor matrix_of(const LinearMap& map) {
  Sizes units{elements(map.out)};
  units.insert(units.end(), map.out.begin(), map.out.end());
  return apply_adjoint(map, at::eye(units[0], at::kDouble).reshape(units)).flatten(1);
}

// By blocks of columns: factor the diagonal block, divide what is below it, take its square off the rest. Destroys the matrix.
bool is_positive_definite(const at::Tensor& matrix) {
  for (std::int64_t first = 0, size = matrix.size(0); first < size; first += block) {
    const std::int64_t last = std::min(size, first + block);
    const auto [factor, failed] = at::linalg_cholesky_ex(matrix.slice(0, first, last).slice(1, first, last));
    if (failed.item<std::int64_t>() != 0) return false;
    if (last == size) break;
    const at::Tensor below = at::linalg_solve_triangular(factor.t(), matrix.slice(0, last).slice(1, first, last), true, false);
    matrix.slice(0, last).slice(1, last).sub_(matrix_product(below, below.t()));
  }
  return true;
}

// A lower bound of the greatest eigenvalue, up to rounding.
double power_iteration(const at::Tensor& gram) {
  at::Tensor v = (at::arange(gram.size(0), at::kDouble) * 0.618).frac() + 0.1;
  double eigenvalue = 0;
  for (int i = 0; i < iterations; ++i) {
    v = gram.mv(v / v.norm());
    eigenvalue = v.norm().item<double>();
    if (!(eigenvalue > 0)) return 0;
  }
  return eigenvalue;
}

}  // namespace

bool has_small_matrix(const LinearMap& map) {
  const std::int64_t in = elements(map.in), out = elements(map.out);
  return std::min(in, out) <= greatest_side && in * out <= greatest_matrix;
}

// Rounding: G is off by at most k epsilon times its trace (sums of k products), and a Cholesky factor that exists is that of a matrix
// which is off by at most 8 n epsilon times the trace of lambda I - G, itself at most n lambda.
double whole_matrix_norm(const LinearMap& map, double bound) {
  const at::Tensor matrix = matrix_of(map);
  const bool is_wide = matrix.size(0) <= matrix.size(1);
  const at::Tensor gram = is_wide ? matrix_product(matrix, matrix.t()) : matrix_product(matrix.t(), matrix);
  const double n = static_cast<double>(gram.size(0)), k = static_cast<double>(std::max(matrix.size(0), matrix.size(1)));
  const double estimate = power_iteration(gram);
  for (const double part : raised_by) {
    const double lambda = estimate * (1 + part);
    const double norm =
        std::sqrt(lambda + double_epsilon * (k * gram.trace().item<double>() + 8 * n * n * lambda)) * (1 + 4 * double_epsilon);
    if (!(norm < bound)) return bound;
    if (is_positive_definite(at::eye(gram.size(0), at::kDouble) * lambda - gram)) return norm;
  }
  return bound;
}

}  // namespace ballast::verify
