// SPDX-License-Identifier: Apache-2.0
//
// Where an engine wants its input: the buffer that noise is written into.

#pragma once

#include <cstddef>

#include "ballast/core/image.hpp"

namespace ballast {

enum class ElementType { f32, bf16 };

// Room for a micro-batch of images. Element (sample, channel, position) lies
// at data[sample * sample_stride + channel * channel_stride + position *
// position_stride], counted in elements; position is row * width + column.
struct InputBuffer {
  void* data = nullptr;
  ElementType type = ElementType::f32;
  ImageShape shape;
  std::size_t sample_stride = 0;
  std::size_t channel_stride = 0;
  std::size_t position_stride = 0;
};

constexpr std::size_t bytes_of(ElementType type) { return type == ElementType::bf16 ? 2 : 4; }

// The same buffer from this sample on.
inline InputBuffer from_place(InputBuffer buffer, std::size_t sample) {
  buffer.data = static_cast<char*>(buffer.data) + sample * buffer.sample_stride * bytes_of(buffer.type);
  return buffer;
}

// What is applied to a pixel of [0, 1] before it is stored: scale * pixel + offset, one pair for each channel.
struct ChannelAffine {
  double scale = 1;
  double offset = 0;
};

}  // namespace ballast
