// SPDX-License-Identifier: Apache-2.0
//
// What an engine makes of a graph and its inputs.

#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "ballast/model/open.hpp"

namespace ballast::model {

// Row-major inputs into the session's places, with what the engine took of the network's first steps.
inline void write(const InputBuffer& buffer, const std::vector<ChannelAffine>& affine, const std::vector<double>& inputs) {
  const std::size_t size = buffer.shape.size(), positions = size / static_cast<std::size_t>(buffer.shape.channels);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::size_t place = i / size, channel = i % size / positions, position = i % positions;
    const double value = affine[channel].scale * inputs[i] + affine[channel].offset;
    const std::size_t index = place * buffer.sample_stride + channel * buffer.channel_stride + position * buffer.position_stride;
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    if (buffer.type == ElementType::bf16)
      static_cast<std::uint16_t*>(buffer.data)[index] = static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    else static_cast<float*>(buffer.data)[index] = static_cast<float>(value);
  }
}

// Of so many images.
inline std::vector<double> scores_of(const graph::Graph& graph, const std::vector<double>& inputs, int count, const ModelOptions& options) {
  const auto classifier = classifier_from(graph, options);
  const auto session = classifier->new_session();
  write(session->input(), classifier->affine(), inputs);
  const auto scores = session->scores(count);
  return {scores.begin(), scores.end()};
}

}  // namespace ballast::model
