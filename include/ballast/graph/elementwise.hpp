// SPDX-License-Identifier: Apache-2.0
//
// What activations and operations of two values compute, element by element: the one place of these formulas. NaN goes in as
// NaN and comes out as NaN, but for questions (is_nan, comparisons), which it answers.

#pragma once

#include <cmath>
#include <numbers>

#include "ballast/graph/graph.hpp"

namespace ballast::graph {

namespace elementwise {

// NaN where one of them is.
template <typename T>
T least(T a, T b) {
  return a < b || a != a ? a : b;
}
template <typename T>
T greatest(T a, T b) {
  return a > b || a != a ? a : b;
}
template <typename T>
T softplus(T x) {
  return greatest(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}
template <typename T>
T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

}  // namespace elementwise

// Calls use(function), where function(x) is the activation for x of float or double.
template <typename Use>
decltype(auto) with_function(const Activation& activation, Use&& use) {
  using Kind = Activation::Kind;
  namespace e = elementwise;
  const float a = activation.alpha, b = activation.beta;
  switch (activation.kind) {
    case Kind::relu: return use([](auto x) { return e::greatest(x, decltype(x)(0)); });
    case Kind::clip: return use([=](auto x) { return e::least(e::greatest(x, decltype(x)(a)), decltype(x)(b)); });
    case Kind::leaky_relu: return use([=](auto x) { return x < 0 ? decltype(x)(a) * x : x; });
    case Kind::elu: return use([=](auto x) { return x < 0 ? decltype(x)(a) * std::expm1(x) : x; });
    case Kind::sigmoid: return use([](auto x) { return e::sigmoid(x); });
    case Kind::tanh: return use([](auto x) { return std::tanh(x); });
    case Kind::gelu:
      return use([](auto x) {
        using T = decltype(x);
        return T(0.5) * x * (T(1) + std::erf(x / std::numbers::sqrt2_v<T>));
      });
    case Kind::hard_swish:
      return use([](auto x) {
        using T = decltype(x);
        return x * e::least(e::greatest(x / T(6) + T(0.5), T(0)), T(1));
      });
    case Kind::gelu_tanh:
      return use([](auto x) {
        using T = decltype(x);
        const T root = std::sqrt(T(2) * std::numbers::inv_pi_v<T>);
        return T(0.5) * x * (T(1) + std::tanh(root * (x + T(0.044715) * x * x * x)));
      });
    case Kind::swish: return use([=](auto x) { return x * e::sigmoid(decltype(x)(a) * x); });
    case Kind::hard_sigmoid:
      return use([=](auto x) {
        using T = decltype(x);
        return e::least(e::greatest(T(a) * x + T(b), T(0)), T(1));
      });
    case Kind::softplus: return use([](auto x) { return e::softplus(x); });
    case Kind::softsign: return use([](auto x) { return x / (decltype(x)(1) + std::abs(x)); });
    case Kind::selu: return use([=](auto x) { return decltype(x)(b) * (x < 0 ? decltype(x)(a) * std::expm1(x) : x); });
    case Kind::celu: return use([=](auto x) { return x < 0 ? decltype(x)(a) * std::expm1(x / decltype(x)(a)) : x; });
    case Kind::thresholded_relu: return use([=](auto x) { return x <= decltype(x)(a) ? decltype(x)(0) : x; });
    case Kind::mish: return use([](auto x) { return x * std::tanh(e::softplus(x)); });
    case Kind::power: return use([=](auto x) { return std::pow(x, decltype(x)(a)); });
    case Kind::exp: return use([](auto x) { return std::exp(x); });
    case Kind::log: return use([](auto x) { return std::log(x); });
    case Kind::sqrt: return use([](auto x) { return std::sqrt(x); });
    case Kind::reciprocal: return use([](auto x) { return decltype(x)(1) / x; });
    case Kind::erf: return use([](auto x) { return std::erf(x); });
    case Kind::sin: return use([](auto x) { return std::sin(x); });
    case Kind::cos: return use([](auto x) { return std::cos(x); });
    case Kind::abs: return use([](auto x) { return std::abs(x); });
    case Kind::negative: return use([](auto x) { return -x; });
    case Kind::sign: return use([](auto x) { return x > 0 ? decltype(x)(1) : x < 0 ? decltype(x)(-1) : x; });
    case Kind::round: return use([](auto x) { return std::nearbyint(x); });
    case Kind::floor: return use([](auto x) { return std::floor(x); });
    case Kind::ceil: return use([](auto x) { return std::ceil(x); });
    case Kind::quantise:
      return use([=](auto x) {
        using T = decltype(x);
        return e::least(e::greatest(std::nearbyint(x / T(a)), -T(b)), T(255) - T(b)) * T(a);
      });
    case Kind::logical_not: return use([](auto x) { return decltype(x)(x == 0 ? 1 : 0); });
    case Kind::is_nan: return use([](auto x) { return decltype(x)(x != x ? 1 : 0); });
  }
  return use([](auto x) { return x; });
}

// The same of two values of one type.
template <typename Use>
decltype(auto) with_function(const Binary& binary, Use&& use) {
  using Kind = Binary::Kind;
  namespace e = elementwise;
  switch (binary.kind) {
    case Kind::add: return use([](auto a, auto b) { return a + b; });
    case Kind::subtract: return use([](auto a, auto b) { return a - b; });
    case Kind::multiply: return use([](auto a, auto b) { return a * b; });
    case Kind::divide: return use([](auto a, auto b) { return a / b; });
    case Kind::power: return use([](auto a, auto b) { return std::pow(a, b); });
    case Kind::minimum: return use([](auto a, auto b) { return e::least(a, b); });
    case Kind::maximum: return use([](auto a, auto b) { return e::greatest(a, b); });
    case Kind::remainder: return use([](auto a, auto b) { return std::fmod(a, b); });
    case Kind::prelu: return use([](auto a, auto b) { return a < 0 ? a * b : a; });
    case Kind::less: return use([](auto a, auto b) { return decltype(a)(a < b ? 1 : 0); });
    case Kind::less_or_equal: return use([](auto a, auto b) { return decltype(a)(a <= b ? 1 : 0); });
    case Kind::greater: return use([](auto a, auto b) { return decltype(a)(a > b ? 1 : 0); });
    case Kind::greater_or_equal: return use([](auto a, auto b) { return decltype(a)(a >= b ? 1 : 0); });
    case Kind::equal: return use([](auto a, auto b) { return decltype(a)(a == b ? 1 : 0); });
    case Kind::logical_and: return use([](auto a, auto b) { return decltype(a)(a != 0 && b != 0 ? 1 : 0); });
    case Kind::logical_or: return use([](auto a, auto b) { return decltype(a)(a != 0 || b != 0 ? 1 : 0); });
    case Kind::logical_xor: return use([](auto a, auto b) { return decltype(a)((a != 0) != (b != 0) ? 1 : 0); });
  }
  return use([](auto a, auto) { return a; });
}

// Comparisons and what joins answers of yes and no.
inline bool is_question(const Binary& binary) { return binary.kind >= Binary::Kind::less; }
inline bool is_question(const Activation& activation) { return activation.kind >= Activation::Kind::logical_not; }

}  // namespace ballast::graph
