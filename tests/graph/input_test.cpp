// SPDX-License-Identifier: Apache-2.0
//
// How images fit a network's input, and the normalisation that is taken off it.

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/graph/passes.hpp"
#include "network.hpp"

namespace ballast::graph::input_test {
namespace {

using namespace testing;

// ---- layouts

Graph taking(const Dims& dims) { return Network(dims).finish(); }

TEST(FitLayout, TriesChannelsFirstThenChannelsLastThenFlat) {
  const ImageShape shape{3, 4, 5};
  EXPECT_EQ(fit_layout(taking({batch, 3, 4, 5}), shape), InputLayout::chw);
  EXPECT_EQ(fit_layout(taking({batch, 4, 5, 3}), shape), InputLayout::hwc);
  EXPECT_EQ(fit_layout(taking({batch, 60}), shape), InputLayout::flat);
  EXPECT_EQ(fit_layout(taking({batch, 60, 1}), shape), InputLayout::flat);
  EXPECT_EQ(fit_layout(taking({batch, 3, 3, 3}), {3, 3, 3}), InputLayout::chw);
}

TEST(FitLayout, FollowsTheWishWhereItFits) {
  EXPECT_EQ(fit_layout(taking({batch, 3, 3, 3}), {3, 3, 3}, InputLayout::hwc), InputLayout::hwc);
  EXPECT_THROW(fit_layout(taking({batch, 3, 4, 5}), {3, 4, 5}, InputLayout::hwc), InputError);
  EXPECT_THROW(fit_layout(taking({batch, 3, 4, 5}), {3, 4, 5}, InputLayout::flat), InputError);
  EXPECT_THROW(fit_layout(taking({batch, 60}), {3, 4, 5}, InputLayout::chw), InputError);
}

TEST(FitLayout, RefusesNamingBothShapes) {
  try {
    fit_layout(taking({batch, 3, 4, 4}), {3, 4, 5});
    ADD_FAILURE();
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("batch x 3 x 4 x 4"), std::string::npos) << message;
    EXPECT_NE(message.find("3x4x5"), std::string::npos) << message;
  }
  EXPECT_THROW(fit_layout(taking({batch, 59}), {3, 4, 5}), InputError);
}

TEST(InputLayout, HasANameForEachWay) {
  EXPECT_EQ(to_string(InputLayout::chw), "chw");
  EXPECT_EQ(to_string(InputLayout::hwc), "hwc");
  EXPECT_EQ(to_string(InputLayout::flat), "flat");
}

// ---- the normalisation that a network begins with

struct Layout {
  InputLayout layout;
  Dims input, by_channel;
};
const ImageShape shape{3, 2, 4};
const Layout layouts[] = {
    {InputLayout::chw, {batch, 3, 2, 4}, {3, 1, 1}}, {InputLayout::hwc, {batch, 2, 4, 3}, {3}}, {InputLayout::flat, {batch, 24}, {1}}};

std::vector<double> affine_applied(std::vector<double> images, const std::vector<ChannelAffine>& affine, InputLayout layout) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::size_t channel = layout == InputLayout::hwc ? i % 3 : i % 24 / 8;
    images[i] = affine[channel].scale * images[i] + affine[channel].offset;
  }
  return images;
}

// The network after its normalisation is taken off: on inputs that went through the affine map, it computes what it did.
Graph without_affine(const Graph& before, InputLayout layout) {
  Graph graph = before;
  const auto affine = take_input_affine(graph, shape, layout);
  EXPECT_EQ(affine.size(), 3u);
  EXPECT_EQ(graph.dims(graph.input), before.dims(before.input));
  for (const std::int64_t count : {1, 2}) {
    const auto images = sample_images(before, count);
    expect_near(run(graph, affine_applied(images, affine, layout)), run(before, images), rounding_of_weights);
  }
  return graph;
}

// One step of a normalisation; 0 to 7 are the binaries with the constant on either side, 8 is a batch normalisation.
void normalise(Network& net, std::size_t step, const Dims& dims) {
  if (step == 8) {
    net.batch_norm();
    return;
  }
  const ValueId from = net.x, constant = net.constant(dims, 0.5, 2);
  net.apply(Binary{static_cast<Binary::Kind>(step % 4)}, step < 4 ? std::vector{from, constant} : std::vector{constant, from});
}

TEST(TakeInputAffine, TakesEveryPairOfStepsInEveryLayout) {
  for (const Layout& layout : layouts) {
    for (std::size_t first = 0; first < 9; ++first) {
      for (std::size_t second = 0; second < 9; ++second) {
        const auto stays = [&](std::size_t step) { return step == 7 || (step == 8 && layout.layout != InputLayout::chw); };
        SCOPED_TRACE(std::to_string(first) + ", " + std::to_string(second) + " in " + std::string(to_string(layout.layout)));
        Network net(layout.input);
        normalise(net, first, layout.by_channel), normalise(net, second, layout.by_channel),
            net.apply(Activation{Activation::Kind::tanh}, {net.x});
        const std::size_t left = stays(first) ? 3 : stays(second) ? 2 : 1;
        EXPECT_EQ(without_affine(net.finish(), layout.layout).nodes.size(), left);
      }
    }
  }
}

TEST(TakeInputAffine, TakesTheChainOfFourAndSingleNumbers) {
  for (const Layout& layout : layouts) {
    Network net(layout.input);
    for (const std::size_t step : {2, 1, 3, 0}) normalise(net, step, layout.by_channel);
    for (const Dims& dims : {Dims{}, Dims{1, 1}}) normalise(net, 1, dims);
    net.relu();
    EXPECT_EQ(without_affine(net.finish(), layout.layout).nodes.size(), 1u);
  }
}

TEST(TakeInputAffine, LeavesConstantsThatDifferBetweenPixels) {
  const auto left = [](const Dims& input, const Dims& dims, InputLayout layout) {
    Network net(input);
    normalise(net, 1, dims), net.relu();
    return without_affine(net.finish(), layout).nodes.size();
  };
  EXPECT_EQ(left({batch, 3, 2, 4}, {2, 4}, InputLayout::chw), 2u);
  EXPECT_EQ(left({batch, 3, 2, 4}, {3, 2, 4}, InputLayout::chw), 2u);
  EXPECT_EQ(left({batch, 3, 2, 4}, {3, 1, 4}, InputLayout::chw), 2u);
  EXPECT_EQ(left({batch, 3, 2, 4}, {4}, InputLayout::chw), 2u);
  EXPECT_EQ(left({batch, 2, 4, 3}, {4, 1}, InputLayout::hwc), 2u);
  EXPECT_EQ(left({batch, 2, 4, 3}, {2, 4, 3}, InputLayout::hwc), 2u);
  EXPECT_EQ(left({batch, 24}, {24}, InputLayout::flat), 2u);
}

// Three rows or columns look like three channels.
TEST(TakeInputAffine, TellsChannelsFromRowsAndColumnsOfTheSameNumber) {
  const auto left = [](const Dims& dims, InputLayout layout) {
    Network net({batch, 3, 3, 3});
    normalise(net, 1, dims), net.relu();
    Graph graph = net.finish();
    take_input_affine(graph, {3, 3, 3}, layout);
    return graph.nodes.size();
  };
  EXPECT_EQ(left({3, 1, 1}, InputLayout::chw), 1u);
  EXPECT_EQ(left({3, 1}, InputLayout::chw), 2u);
  EXPECT_EQ(left({3}, InputLayout::chw), 2u);
  EXPECT_EQ(left({3, 1, 1}, InputLayout::hwc), 2u);
  EXPECT_EQ(left({3}, InputLayout::hwc), 1u);
}

TEST(TakeInputAffine, LeavesAnInputThatTwoNodesRead) {
  for (const Layout& layout : layouts) {
    Network net(layout.input);
    const ValueId input = net.x;
    normalise(net, 1, layout.by_channel), net.add(input);
    EXPECT_EQ(without_affine(net.finish(), layout.layout).nodes.size(), 2u);
  }
}

TEST(TakeInputAffine, LeavesAnInputThatIsAddedToItself) {
  Network net({batch, 3, 2, 4});
  net.add(net.x), net.relu();
  EXPECT_EQ(without_affine(net.finish(), InputLayout::chw).nodes.size(), 2u);
}

TEST(TakeInputAffine, StopsWhereANormalisedValueIsReadTwice) {
  Network net({batch, 3, 2, 4});
  normalise(net, 1, {3, 1, 1});
  const ValueId centred = net.x;
  normalise(net, 3, {3, 1, 1}), net.add(centred);
  EXPECT_EQ(without_affine(net.finish(), InputLayout::chw).nodes.size(), 2u);
}

TEST(TakeInputAffine, LeavesTheNodeThatIsTheOutput) {
  Network net({batch, 3, 2, 4});
  normalise(net, 1, {3, 1, 1});
  EXPECT_EQ(without_affine(net.finish(), InputLayout::chw).nodes.size(), 1u);
}

TEST(TakeInputAffine, LeavesAConstantThatWidensTheInput) {
  Network net({batch, 1, 2, 4});
  normalise(net, 1, {3, 1, 1}), net.relu();
  Graph graph = net.finish();
  take_input_affine(graph, {1, 2, 4}, InputLayout::chw);
  EXPECT_EQ(graph.nodes.size(), 2u);
}

// ---- architectures

TEST(Architectures, TheirNormalisationIsTakenOffAndTheirNormsFolded) {
  Graph graph = build_architecture("resnet8", {3, 8, 8}, 10, {{0.1f, 0.2f, 0.3f}, {0.5f, 0.25f, 2.0f}});
  EXPECT_EQ(graph.classes(), 10);
  const auto affine = take_input_affine(graph, {3, 8, 8}, InputLayout::chw);
  EXPECT_NEAR(affine[1].scale, 4, 1e-6);
  EXPECT_NEAR(affine[1].offset, -0.8, 1e-6);
  fold_batch_norms(graph);
  EXPECT_EQ(count_of<BatchNorm>(graph), 0);
}

}  // namespace
}  // namespace ballast::graph::input_test
