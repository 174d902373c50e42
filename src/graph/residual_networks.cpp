// SPDX-License-Identifier: Apache-2.0
//
// Residual networks: each block adds what it computes to what it was given.

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>

#include "networks.hpp"

namespace ballast::graph {
namespace {

std::string block_name(int stage, int block) { return fmt::format("stage{}.block{}", stage + 1, block + 1); }

// The first block of every stage but the first halves height and width.
std::int64_t stride_of(int stage, int block) { return stage > 0 && block == 0 ? 2 : 1; }

// What is added to a block's result: the block's input, through a 1x1 convolution where sizes change.
ValueId shortcut(LayerBuilder& layers, const std::string& name, ValueId from, std::int64_t out, std::int64_t stride) {
  if (stride == 1 && layers.channels(from) == out) return from;
  return layers.convolution_and_norm(name + ".shortcut", from, out, {1, stride, 0});
}

// Two 3x3 convolutions.
ValueId basic_block(LayerBuilder& layers, const std::string& name, ValueId from, std::int64_t out, std::int64_t stride) {
  const ValueId kept = shortcut(layers, name, from, out, stride);
  const ValueId inner = layers.relu(name + ".relu1", layers.convolution_and_norm(name + ".1", from, out, {3, stride, 1}));
  const ValueId sum = layers.sum(name + ".sum", layers.convolution_and_norm(name + ".2", inner, out, {3, 1, 1}), kept);
  return layers.relu(name + ".relu2", sum);
}

// 1x1, 3x3 and 1x1 convolutions, the last to four times the channels.
ValueId bottleneck(LayerBuilder& layers, const std::string& name, ValueId from, std::int64_t inner, std::int64_t stride) {
  const std::int64_t out = 4 * inner;
  const ValueId kept = shortcut(layers, name, from, out, stride);
  ValueId x = layers.relu(name + ".relu1", layers.convolution_and_norm(name + ".1", from, inner, {1, 1, 0}));
  x = layers.relu(name + ".relu2", layers.convolution_and_norm(name + ".2", x, inner, {3, stride, 1}));
  x = layers.convolution_and_norm(name + ".3", x, out, {1, 1, 0});
  return layers.relu(name + ".relu3", layers.sum(name + ".sum", x, kept));
}

// Norm and ReLU come before each convolution; a shortcut that changes sizes starts behind the first of them.
ValueId pre_activation_block(LayerBuilder& layers, const std::string& name, ValueId from, std::int64_t out, std::int64_t stride) {
  const ValueId active = layers.norm_and_relu(name + ".1", from);
  const bool same_size = stride == 1 && layers.channels(from) == out;
  const ValueId kept = same_size ? from : layers.convolution(name + ".shortcut.conv", active, out, {1, stride, 0});
  ValueId x = layers.convolution(name + ".1.conv", active, out, {3, stride, 1});
  x = layers.convolution(name + ".2.conv", layers.norm_and_relu(name + ".2", x), out, {3, 1, 1});
  return layers.sum(name + ".sum", x, kept);
}

}  // namespace

Graph cifar_residual_network(LayerBuilder layers, int blocks, int classes) {
  ValueId x = layers.relu("stem.relu", layers.convolution_and_norm("stem", layers.image(), 16, {3, 1, 1}));
  for (int stage = 0; stage < 3; ++stage) {
    for (int block = 0; block < blocks; ++block) {
      x = basic_block(layers, block_name(stage, block), x, 16 << stage, stride_of(stage, block));
    }
  }
  return layers.finish(layers.linear("classify", layers.mean_over_image(x), classes));
}

Graph imagenet_residual_network(LayerBuilder layers, int classes) {
  constexpr std::array blocks{3, 4, 6, 3};
  ValueId x = layers.relu("stem.relu", layers.convolution_and_norm("stem", layers.image(), 64, {7, 2, 3}));
  x = layers.max_pool("stem.pool", x, {3, 2, 1});
  for (int stage = 0; stage < 4; ++stage) {
    for (int block = 0; block < blocks[static_cast<std::size_t>(stage)]; ++block) {
      x = bottleneck(layers, block_name(stage, block), x, 64 << stage, stride_of(stage, block));
    }
  }
  return layers.finish(layers.linear("classify", layers.mean_over_image(x), classes));
}

Graph wide_residual_network(LayerBuilder layers, int blocks, int width, int classes) {
  ValueId x = layers.convolution("stem.conv", layers.image(), 16, {3, 1, 1});
  for (int stage = 0; stage < 3; ++stage) {
    for (int block = 0; block < blocks; ++block) {
      x = pre_activation_block(layers, block_name(stage, block), x, std::int64_t{16} * width << stage, stride_of(stage, block));
    }
  }
  x = layers.norm_and_relu("final", x);
  return layers.finish(layers.linear("classify", layers.mean_over_image(x), classes));
}

}  // namespace ballast::graph
