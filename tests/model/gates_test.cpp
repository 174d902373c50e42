// SPDX-License-Identifier: Apache-2.0
//
// Gates of every bf16 that there is.

#include "onednn/gates.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "ballast/graph/elementwise.hpp"
#include "ballast/model/open.hpp"

namespace ballast::model::gates_test {
namespace {

using graph::Activation;
using Kind = Activation::Kind;

float float_of(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

double defined(const Activation& gate, double x) {
  return graph::with_function(gate, [x](auto function) { return static_cast<double>(function(x)); });
}

std::vector<std::uint16_t> every_bf16() {
  std::vector<std::uint16_t> all;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) all.push_back(static_cast<std::uint16_t>(bits));
  return all;
}

class Gates : public ::testing::TestWithParam<Activation> {
 protected:
  void SetUp() override {
    if (!has_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
    ASSERT_TRUE(onednn::has_gate(GetParam(), onednn::Number::bf16));
  }
};

// Half a unit in the last of eight places, and what the polynomials are off.
TEST_P(Gates, AreTheirDefinitionToBf16) {
  const auto all = every_bf16();
  std::vector<std::uint16_t> out(all.size());
  onednn::gate_kernel(GetParam(), onednn::Number::bf16, all.size())(reinterpret_cast<const std::byte*>(all.data()),
                                                                    reinterpret_cast<std::byte*>(out.data()));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const float x = float_of(all[i]), y = float_of(out[i]);
    if (std::isnan(x)) ASSERT_TRUE(std::isnan(y)) << i;
    if (!std::isfinite(x)) continue;
    const double expected = defined(GetParam(), static_cast<double>(x));
    ASSERT_NEAR(static_cast<double>(y), expected, std::abs(expected) * 0x1p-8 + 4e-5) << x;
  }
  EXPECT_TRUE(std::isinf(float_of(out[0x7f80])));
  EXPECT_EQ(out[0], 0);  // what fills up blocks
}

TEST_P(Gates, OfBytesAreTheirDefinitionToAStep) {
  std::vector<std::uint16_t> some;
  for (const std::uint16_t bits : every_bf16()) {
    if (std::isfinite(float_of(bits)) || bits == 0x7f80) some.push_back(bits);
  }
  for (const Activation& rounding : {Activation{Kind::quantise, 0.03125F, 0}, Activation{Kind::quantise, 0.0625F, 128}}) {
    std::vector<std::uint8_t> out(some.size());
    onednn::gate_to_bytes(GetParam(), some.size(), rounding)(reinterpret_cast<const std::byte*>(some.data()),
                                                             reinterpret_cast<std::byte*>(out.data()));
    const double step = static_cast<double>(rounding.alpha);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const int whole = rounding.beta == 0 ? out[i] : static_cast<std::int8_t>(out[i]);
      if (float_of(some[i]) < -1e30F) continue;  // x² is beyond all numbers
      const double steps = defined(GetParam(), static_cast<double>(float_of(some[i]))) / step;
      const double least = rounding.beta == 0 ? 0 : -128, cut = std::min(std::max(steps, least), least + 255);
      ASSERT_NEAR(whole, cut, 0.5 + 4e-5 / step) << float_of(some[i]);
    }
  }
}

// As many as were asked for, and none behind them.
TEST_P(Gates, LeaveWhatIsBehindThemAlone) {
  for (const std::size_t count : {1U, 15U, 16U, 17U, 31U, 32U, 33U}) {
    std::vector<std::uint16_t> in(48, 0x3f80), out(48, 7);
    onednn::gate_kernel(GetParam(), onednn::Number::bf16, count)(reinterpret_cast<const std::byte*>(in.data()),
                                                                 reinterpret_cast<std::byte*>(out.data()));
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i] == 7, i >= count) << count << " " << i;
    std::vector<std::uint8_t> bytes(48, 200);
    onednn::gate_to_bytes(GetParam(), count, {Kind::quantise, 0.0625F, 0})(reinterpret_cast<const std::byte*>(in.data()),
                                                                           reinterpret_cast<std::byte*>(bytes.data()));
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(bytes[i] == 200, i >= count) << count << " " << i;
  }
}

TEST(GatesOfFloats, AreTheirDefinitionToSinglePrecision) {
  for (const float alpha : {1.0F, 1.702F}) {
    const Activation swish{Kind::swish, alpha};
    if (!onednn::has_gate(swish, onednn::Number::f32)) GTEST_SKIP() << "this processor has no AVX-512";
    std::vector<float> in, out(2'000'033);
    for (std::size_t i = 0; i < out.size(); ++i) in.push_back((static_cast<float>(i) - 1e6F) * 4e-5F);
    onednn::gate_kernel(swish, onednn::Number::f32, in.size())(reinterpret_cast<const std::byte*>(in.data()),
                                                               reinterpret_cast<std::byte*>(out.data()));
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double expected = defined(swish, static_cast<double>(in[i]));
      // The exponent is rounded once, which counts as often as it is large.
      ASSERT_NEAR(static_cast<double>(out[i]), expected, std::abs(expected) * (3e-7 + 2e-7 * std::abs(static_cast<double>(in[i]))))
          << in[i];
    }
    std::vector<float> some(37, std::nanf("")), rest(48, 7);
    onednn::gate_kernel(swish, onednn::Number::f32, some.size())(reinterpret_cast<const std::byte*>(some.data()),
                                                                 reinterpret_cast<std::byte*>(rest.data()));
    for (std::size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(std::isnan(rest[i]), i < some.size());
  }
}

INSTANTIATE_TEST_SUITE_P(All, Gates,
                         ::testing::Values(Activation{Kind::swish, 1}, Activation{Kind::swish, 1.702F}, Activation{Kind::gelu},
                                           Activation{Kind::gelu_tanh}));

}  // namespace
}  // namespace ballast::model::gates_test
