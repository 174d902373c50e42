// SPDX-License-Identifier: Apache-2.0
//
// Passes leave what a network computes as it was, and do what they are for.

#include "ballast/graph/passes.hpp"

#include <gtest/gtest.h>

#include "network.hpp"

namespace ballast::graph::passes_test {
namespace {

using namespace testing;

using Pass = void (*)(Graph&);

// The network after a pass, which computes the same.
Graph after(Pass pass, const Graph& before) {
  Graph graph = before;
  pass(graph);
  expect_same(graph, before);
  return graph;
}

// ---- batch normalisations

TEST(FoldBatchNorms, TakesThemIntoConvolutionsAndLinearLayers) {
  Network net({batch, 4, 5, 5});
  net.convolution(6, 3), net.batch_norm(), net.relu();
  net.convolution(6, 3, false), net.batch_norm();
  net.flatten(), net.linear(5, false), net.batch_norm(), net.relu(), net.linear(3), net.batch_norm();
  const Graph graph = after(fold_batch_norms, net.finish());
  EXPECT_EQ(count_of<BatchNorm>(graph), 0);
  EXPECT_EQ(graph.nodes.size(), 7u);
}

TEST(FoldBatchNorms, WorksBehindGroupedConvolutions) {
  for (const std::int64_t groups : {2, 4}) {
    Network net({batch, 4, 4, 4});
    net.convolution(8, 3, true, groups), net.batch_norm();
    EXPECT_EQ(count_of<BatchNorm>(after(fold_batch_norms, net.finish())), 0);
  }
}

TEST(FoldBatchNorms, LeavesALayerThatIsReadTwice) {
  Network net({batch, 3, 4, 4});
  const ValueId conv = net.convolution(4, 3);
  net.batch_norm(), net.relu(), net.add(conv);
  EXPECT_EQ(count_of<BatchNorm>(after(fold_batch_norms, net.finish())), 1);
}

TEST(FoldBatchNorms, LeavesALayerThatIsAlsoTheOutput) {
  Network net({batch, 3, 4, 4});
  const ValueId conv = net.convolution(4, 3);
  net.batch_norm();
  net.x = conv;
  EXPECT_EQ(count_of<Convolution>(after(fold_batch_norms, net.finish())), 1);
}

TEST(FoldBatchNorms, TakesTwoInARow) {
  Network net({batch, 3, 4, 4});
  net.convolution(4, 3), net.batch_norm(), net.batch_norm(), net.relu();
  EXPECT_EQ(count_of<BatchNorm>(after(fold_batch_norms, net.finish())), 0);
}

TEST(FoldBatchNorms, StopsWhereTheResultOfAFoldIsReadTwice) {
  Network net({batch, 3, 4, 4});
  net.convolution(4, 3);
  const ValueId first = net.batch_norm();
  net.batch_norm(), net.add(first);
  EXPECT_EQ(count_of<BatchNorm>(after(fold_batch_norms, net.finish())), 1);
}

TEST(FoldBatchNorms, KeepsWeightsThatAnotherLayerShares) {
  Network net({batch, 3, 4, 4});
  const ValueId input = net.x, weights = net.constant({3, 3, 1, 1});
  net.apply(Convolution{}, {input, weights}), net.batch_norm();
  const ValueId left = net.x;
  net.apply(Convolution{}, {input, weights}), net.add(left);
  EXPECT_EQ(count_of<BatchNorm>(after(fold_batch_norms, net.finish())), 0);
}

TEST(FoldBatchNorms, LeavesTokensWhoseChannelsAreNotTheLayersOutputs) {
  Network net({batch, 4, 4});
  net.linear(4), net.batch_norm();
  EXPECT_EQ(count_of<BatchNorm>(after(fold_batch_norms, net.finish())), 1);
}

TEST(FoldBatchNorms, LeavesThoseWithoutALayer) {
  Network net({batch, 3, 4, 4});
  net.batch_norm(), net.relu(), net.batch_norm();
  EXPECT_EQ(count_of<BatchNorm>(after(fold_batch_norms, net.finish())), 2);
}

TEST(BatchNormsToBinaries, LeavesNone) {
  for (const Dims& dims : {Dims{batch, 4, 3, 3}, Dims{batch, 4, 3}, Dims{batch, 4}}) {
    Network net(dims);
    net.batch_norm(), net.relu();
    const ValueId read_twice = net.batch_norm();
    net.batch_norm(), net.add(read_twice);
    const Graph graph = after(batch_norms_to_binaries, net.finish());
    EXPECT_EQ(count_of<BatchNorm>(graph), 0);
    EXPECT_EQ(count_of<Binary>(graph), 7);
  }
}

// ---- biases

int additions_left(Network net, const Dims& bias, bool constant_first = false) {
  const ValueId layer = net.x, added = net.constant(bias);
  net.apply(Binary{Binary::Kind::add}, constant_first ? std::vector{added, layer} : std::vector{layer, added});
  net.relu();
  return count_of<Binary>(after(fold_biases, net.finish()));
}

TEST(FoldBiases, TakesVectorsByChannelAndSingleNumbers) {
  for (const bool biased : {false, true}) {
    for (const bool constant_first : {false, true}) {
      Network net({batch, 2, 3, 5});
      net.convolution(4, 3, biased);
      for (const Dims& dims : {Dims{4, 1, 1}, Dims{1, 4, 1, 1}, Dims{}, Dims{1}, Dims{1, 1, 1, 1}}) {
        EXPECT_EQ(additions_left(net, dims, constant_first), 0) << to_string(dims);
      }
    }
  }
}

TEST(FoldBiases, LeavesWhatDiffersBetweenPixels) {
  Network net({batch, 2, 4, 4});
  net.convolution(4, 3);
  for (const Dims& dims : {Dims{4}, Dims{1, 4}, Dims{4, 4}, Dims{4, 1}, Dims{4, 4, 4}, Dims{1, 4, 1, 4}, Dims{1, 1, 4, 4}}) {
    EXPECT_EQ(additions_left(net, dims), 1) << to_string(dims);
  }
}

TEST(FoldBiases, WorksBehindLinearLayers) {
  Network net({batch, 6});
  net.linear(4, false);
  for (const Dims& dims : {Dims{4}, Dims{1, 4}, Dims{}, Dims{1}}) EXPECT_EQ(additions_left(net, dims), 0);
  Network tokens({batch, 4, 6});
  tokens.linear(4, false);
  EXPECT_EQ(additions_left(tokens, {4}), 0);
  EXPECT_EQ(additions_left(tokens, {1, 1, 4}), 0);
  EXPECT_EQ(additions_left(tokens, {4, 1}), 1);
  EXPECT_EQ(additions_left(tokens, {1, 4, 4}), 1);
}

TEST(FoldBiases, LeavesALayerThatIsReadTwice) {
  Network net({batch, 3, 4, 4});
  const ValueId conv = net.convolution(4, 3);
  net.add(net.constant({4, 1, 1})), net.relu(), net.add(conv);
  EXPECT_EQ(count_of<Binary>(after(fold_biases, net.finish())), 2);
}

TEST(FoldBiases, StopsWhereTheResultOfAFoldIsReadTwice) {
  Network net({batch, 3, 4, 4});
  net.convolution(4, 3);
  const ValueId first = net.add(net.constant({4, 1, 1}));
  net.add(net.constant({4, 1, 1})), net.add(first);
  EXPECT_EQ(count_of<Binary>(after(fold_biases, net.finish())), 2);
}

TEST(FoldBiases, LeavesAConstantThatWidensTheOutput) {
  Network net({batch, 3, 1, 1});
  net.convolution(1, 1), net.add(net.constant({1, 4, 1, 1}));
  EXPECT_EQ(count_of<Binary>(after(fold_biases, net.finish())), 1);
}

TEST(FoldBiases, LeavesOtherBinariesAlone) {
  for (const auto kind : {Binary::Kind::subtract, Binary::Kind::multiply, Binary::Kind::divide}) {
    Network net({batch, 3, 4, 4});
    net.convolution(4, 3);
    const ValueId conv = net.x;
    net.apply(Binary{kind}, {conv, net.constant({4, 1, 1}, 0.5, 2)});
    EXPECT_EQ(count_of<Binary>(after(fold_biases, net.finish())), 1);
  }
}

// ---- shortcuts

struct Shortcut {
  std::vector<std::int64_t> starts{0, 0, 0, 0}, steps{1, 1, 2, 2};
  std::array<std::int64_t, 2> sizes{3, 4};
  Pad pad{{0, 2, 0, 0}, {0, 1, 0, 0}, 0};
};

int convolutions_after(const Shortcut& shortcut) {
  Network net({batch, 2, 6, 7});
  const ValueId input = net.x;
  net.apply(Slice{shortcut.starts, shortcut.steps}, {input}, {batch, 2, shortcut.sizes[0], shortcut.sizes[1]});
  net.apply(shortcut.pad, {net.x});
  const Graph graph = after(shortcuts_to_convolutions, net.finish());
  if (count_of<Slice>(graph) == 0) {
    EXPECT_EQ(count_of<Pad>(graph), 0);
  }
  return count_of<Slice>(graph) == 0 ? count_of<Convolution>(graph) : 0;
}

TEST(ShortcutsToConvolutions, TakesEverySecondPixelAndPaddedChannels) { EXPECT_EQ(convolutions_after({}), 1); }

TEST(ShortcutsToConvolutions, LeavesSlicesThatDoNotStartOrEndAtTheEdge) {
  EXPECT_EQ(convolutions_after({.starts = {0, 0, 1, 1}, .sizes = {3, 3}}), 0);
  EXPECT_EQ(convolutions_after({.sizes = {2, 4}}), 0);
  EXPECT_EQ(convolutions_after({.sizes = {3, 3}}), 0);
}

TEST(ShortcutsToConvolutions, LeavesPaddingOfPixelsOrWithAnotherValue) {
  EXPECT_EQ(convolutions_after({.pad = {{0, 1, 1, 0}, {0, 1, 0, 0}, 0}}), 0);
  EXPECT_EQ(convolutions_after({.pad = {{0, 1, 0, 0}, {0, 1, 0, 0}, 1}}), 0);
}

TEST(ShortcutsToConvolutions, JoinsSlicesOfRowsAndOfColumns) {
  Network net({batch, 2, 7, 9});
  const ValueId input = net.x;
  net.apply(Slice{{0, 0, 0, 0}, {1, 1, 2, 1}}, {input}, {batch, 2, 4, 9});
  net.apply(Slice{{0, 0, 0, 0}, {1, 1, 1, 3}}, {net.x}, {batch, 2, 4, 3});
  net.apply(Slice{{0, 0, 0, 0}, {1, 1, 2, 1}}, {net.x}, {batch, 2, 2, 3});
  net.apply(Pad{{0, 1, 0, 0}, {0, 0, 0, 0}, 0}, {net.x});
  const Graph graph = after(shortcuts_to_convolutions, net.finish());
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(std::get<Convolution>(graph.nodes[0].operation).strides, (Sides{4, 3}));
}

TEST(ShortcutsToConvolutions, KeepsASliceThatIsReadTwice) {
  Network net({batch, 2, 6, 6});
  const ValueId input = net.x;
  const ValueId sliced = net.apply(Slice{{0, 0, 0, 0}, {1, 1, 2, 2}}, {input}, {batch, 2, 3, 3});
  const ValueId padded = net.apply(Pad{{0, 1, 0, 0}, {0, 1, 0, 0}, 0}, {sliced});
  net.apply(Concat{1}, {padded, sliced});
  EXPECT_EQ(count_of<Slice>(after(shortcuts_to_convolutions, net.finish())), 1);
}

// ---- what nothing needs

TEST(RemoveUnused, DropsNodesAndConstantsThatTheOutputDoesNotNeed) {
  Network net({batch, 3, 4, 4});
  const ValueId conv = net.convolution(4, 3);
  net.batch_norm(), net.relu();
  net.constant({7});
  net.x = conv;
  const Graph graph = after(remove_unused, net.finish());
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.values.size(), 4u);
}

TEST(RemoveUnused, KeepsAnInputThatIsTheOutput) {
  const Graph graph = after(remove_unused, Network({batch, 4}).finish());
  EXPECT_EQ(graph.input, graph.output);
}

// ---- all of them, on networks drawn at random

void grow(Network& net) {
  const std::int64_t channels = net.graph.dims(net.x)[1];
  switch (net.below(9)) {
    case 0: net.convolution(4, 3, net.below(2) == 0, net.below(2) == 0 ? 2 : 1); return;
    case 1: net.convolution(4, 1, net.below(2) == 0), net.batch_norm(); return;
    case 2: net.batch_norm(); return;
    case 3: net.relu(); return;
    case 4: net.add(net.constant({channels, 1, 1})); return;
    case 5: net.add(net.constant(net.below(2) == 0 ? Dims{} : Dims{1, 1, 4, 4})); return;
    case 6: net.convolution(4, 3), net.add(net.constant({1, 4, 1, 1})); return;
    case 7: {
      const ValueId left = net.x;
      net.convolution(channels, 3), net.batch_norm(), net.add(left);
      return;
    }
    case 8: {
      const ValueId left = net.x;
      net.apply(Pad{{0, 1, 0, 0}, {0, 1, 0, 0}, 0}, {left});
      return;
    }
  }
}

TEST(Passes, LeaveRandomNetworksAsTheyWere) {
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Network net({batch, 4, 4, 4}, seed);
    for (int i = 0; i < 6; ++i) grow(net);
    Graph graph = net.finish();
    for (const Pass pass : {fold_batch_norms, fold_biases, shortcuts_to_convolutions, batch_norms_to_binaries, fold_biases, remove_unused})
      graph = after(pass, graph);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ballast::graph::passes_test
