// SPDX-License-Identifier: Apache-2.0
//
// Sums and products with arrays that are stretched, against their definition, bit for bit.

#include "onednn/stretched.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace ballast::model::onednn::stretched_test {
namespace {

using Kind = graph::Binary::Kind;
using graph::Dims;

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

// By trying both neighbours: the nearer, and of two as near the even one.
std::uint16_t to_bf16(float value) {
  if (std::isnan(value)) return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16 | 0x40);
  const auto below = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  if (from_bf16(below) == value || std::isinf(value)) return below;
  const auto beyond = static_cast<std::uint16_t>(below + 1);
  const double step = std::abs(static_cast<double>(from_bf16(below)) - static_cast<double>(value));
  // Beyond the largest number lies what would be the next power of two.
  const double next = std::isinf(from_bf16(beyond)) ? std::copysign(std::ldexp(1.0, 128), value) : static_cast<double>(from_bf16(beyond));
  const double other = std::abs(next - static_cast<double>(value));
  return step < other || (step == other && below % 2 == 0) ? below : beyond;
}

float number(std::size_t i) {
  const float special[] = {
      0.0f,        -0.0f,      std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 3.3e38f, 1e-40f,
      1.00390625f, 1.01171875f};
  return i % 11 == 0 ? special[i / 11 % 8] : std::sin(static_cast<float>(i) * 1.7f) * std::exp2(static_cast<float>(i % 23) - 11);
}

float result(Kind kind, float a, float b) {
  switch (kind) {
    case Kind::add: return a + b;
    case Kind::subtract: return a - b;
    case Kind::multiply: return a * b;
    default: return a / b;
  }
}

std::size_t count_of(const Dims& dims) {
  std::size_t count = 1;
  for (const std::int64_t size : dims) count *= static_cast<std::size_t>(size);
  return count;
}

// The place in b of each element of the whole.
std::size_t place(const Dims& dims, const Dims& b, std::size_t flat) {
  std::size_t index = 0, stride = 1;
  for (std::size_t i = dims.size(); i-- > 0;) {
    const auto size = static_cast<std::size_t>(dims[i]);
    if (b[i] != 1) index += flat % size * stride;
    stride *= static_cast<std::size_t>(b[i]);
    flat /= size;
  }
  return index;
}

template <typename A, typename B, typename ReadA, typename ReadB, typename Write>
void check(Number type, Number b_type, ReadA read_a, ReadB read_b, Write write) {
  const Dims whole{3, 4, 5, 67};
  for (const Dims& b :
       {Dims{3, 4, 5, 67}, {1, 4, 5, 67}, {3, 1, 1, 67}, {1, 1, 1, 67}, {3, 4, 1, 1}, {1, 4, 1, 1}, {1, 1, 1, 1}, {3, 1, 5, 1}}) {
    for (const Kind kind : {Kind::add, Kind::subtract, Kind::multiply, Kind::divide}) {
      std::vector<A> left(count_of(whole)), out(left.size());
      std::vector<B> right(count_of(b));
      for (std::size_t i = 0; i < left.size(); ++i) write(left[i], number(i));
      for (std::size_t i = 0; i < right.size(); ++i)
        right[i] = std::is_same_v<B, float> ? static_cast<B>(number(3 * i + 1)) : static_cast<B>(to_bf16(number(3 * i + 1)));
      stretched_kernel(kind, whole, type, b, b_type)(reinterpret_cast<const std::byte*>(left.data()),
                                                     reinterpret_cast<const std::byte*>(right.data()),
                                                     reinterpret_cast<std::byte*>(out.data()));
      for (std::size_t i = 0; i < left.size(); ++i) {
        A expected;
        write(expected, result(kind, read_a(left[i]), read_b(right[place(whole, b, i)])));
        const bool both_nan = std::isnan(read_a(out[i])) && std::isnan(read_a(expected));
        ASSERT_TRUE(both_nan || std::bit_cast<A>(out[i]) == std::bit_cast<A>(expected) || (read_a(out[i]) == 0 && read_a(expected) == 0))
            << "element " << i << ": " << read_a(out[i]) << ", not " << read_a(expected);
      }
    }
  }
}

TEST(Stretched, InSinglePrecisionIsItsDefinition) {
  const auto plain = [](float value) { return value; };
  check<float, float>(Number::f32, Number::f32, plain, plain, [](float& to, float value) { to = value; });
}

TEST(Stretched, InBf16IsTheNearestWithTiesToEvenAndKeepsNaN) {
  const auto write = [](std::uint16_t& to, float value) { to = to_bf16(value); };
  check<std::uint16_t, std::uint16_t>(Number::bf16, Number::bf16, from_bf16, from_bf16, write);
  check<std::uint16_t, float>(
      Number::bf16, Number::f32, from_bf16, [](float value) { return value; }, write);
}

}  // namespace
}  // namespace ballast::model::onednn::stretched_test
