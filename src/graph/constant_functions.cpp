// SPDX-License-Identifier: Apache-2.0
//
// Functions of constants, element by element.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "constant.hpp"

namespace ballast::graph {
namespace {

double activate(const Activation& activation, double x) {
  const double alpha = static_cast<double>(activation.alpha), beta = static_cast<double>(activation.beta);
  switch (activation.kind) {
    case Activation::Kind::relu: return std::max(x, 0.0);
    case Activation::Kind::clip: return std::min(std::max(x, alpha), beta);
    case Activation::Kind::leaky_relu: return x < 0 ? alpha * x : x;
    case Activation::Kind::elu: return x < 0 ? alpha * std::expm1(x) : x;
    case Activation::Kind::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::Kind::tanh: return std::tanh(x);
    case Activation::Kind::gelu: return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::Kind::hard_swish: return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
  }
  return x;
}

}  // namespace

Constant mapped(const Constant& x, double (*function)(double), LoadBudget& budget) {
  budget.constant(x.dims, sizeof(float));
  Constant result{x.dims, x.floats()};
  for (float& value : std::get<0>(result.values)) value = static_cast<float>(function(static_cast<double>(value)));
  return result;
}

Constant activated(const Constant& x, const Activation& activation, LoadBudget& budget) {
  budget.constant(x.dims, sizeof(float));
  Constant result{x.dims, x.floats()};
  for (float& value : std::get<0>(result.values)) value = static_cast<float>(activate(activation, static_cast<double>(value)));
  return result;
}

}  // namespace ballast::graph
