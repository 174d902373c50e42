// SPDX-License-Identifier: Apache-2.0
//
// Convolutions by Winograd's filtering beside their definition, with sums and activations behind them, at sizes that its tiles do not fit.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "../graph/network.hpp"
#include "ballast/model/open.hpp"
#include "scores.hpp"

namespace ballast::model::winograd_test {
namespace {

bool is_in(const std::vector<std::string>& plan, const std::string& words) {
  return std::any_of(plan.begin(), plan.end(), [&](const std::string& line) { return line.find(words) != std::string::npos; });
}

TEST(Winograd, IsTheConvolution) {
  bool filtered = false;
  for (const std::int64_t channels : {32, 48, 64}) {
    for (const std::int64_t side : {4, 7, 9, 14}) {
      SCOPED_TRACE(testing::Message() << channels << " channels, " << side);
      graph::testing::Network net({graph::batch, channels, side, side + 1}, static_cast<std::uint32_t>(channels + side));
      const graph::ValueId image = net.x;
      net.convolution(channels, 3), net.relu();
      net.convolution(channels, 3), net.add(image), net.relu();
      net.convolution(32, 3), net.flatten();
      const graph::Graph graph = net.finish();
      constexpr int images = 2;
      std::vector<double> inputs(static_cast<std::size_t>(images * graph::elements(graph.dims(graph.input))));
      for (std::size_t i = 0; i < inputs.size(); ++i)
        inputs[i] = static_cast<double>(static_cast<float>(std::sin(static_cast<double>(i * i % 1009))));
      const auto expected = graph::testing::run(graph, inputs);
      const auto scores = scores_of(graph, inputs, images, {.precision = Precision::fp32});
      double largest = 0, off = 0;
      for (std::size_t i = 0; i < scores.size(); ++i) {
        largest = std::max(largest, std::abs(expected[i]));
        off = std::max(off, std::abs(scores[i] - expected[i]));
      }
      EXPECT_LT(off, 3e-6 * largest);  // three layers; by the direct way a few 1e-7
      filtered = filtered || is_in(classifier_from(graph, {.precision = Precision::fp32})->plan(), "[jit_wino");
    }
  }
  graph::testing::Network any({graph::batch, 3, 4, 4});
  any.flatten();
  const auto classifier = classifier_from(any.finish(), {.precision = Precision::fp32});
  const bool has_kernels = classifier->instruction_set().starts_with("avx512") && classifier->engine().starts_with("onednn 2.");
  EXPECT_EQ(filtered, has_kernels);
}

}  // namespace
}  // namespace ballast::model::winograd_test
