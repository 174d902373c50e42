// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/noise_ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "ballast/core/errors.hpp"

namespace ballast::smooth::noise_ring_test {
namespace {

// A ring over its own memory, of images of one number.
struct Ring {
  Ring(int buffers, int batch, int threads, ImageShape shape = {1, 1, 1})
      : memory(static_cast<std::size_t>(buffers), std::vector<float>(shape.size() * static_cast<std::size_t>(batch))),
        noise(buffers, batch, threads) {
    for (std::size_t b = 0; b < memory.size(); ++b) noise.set_buffer(b, {memory[b].data(), ElementType::f32, shape, shape.size(), 1, 1});
  }

  std::vector<std::vector<float>> memory;
  NoiseRing noise;
};

// Each sample's number, in every element.
void write_numbers(std::uint64_t first, int count, const InputBuffer& buffer) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(count) * buffer.sample_stride; ++i)
    static_cast<float*>(buffer.data)[i] = static_cast<float>(first + i / buffer.sample_stride);
}

TEST(NoiseRing, GivesEverySampleOnceInItsPlace) {
  for (const int buffers : {2, 3}) {
    for (const int batch : {1, 7, 64}) {
      for (const int threads : {1, 2, 5}) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{10'000}}) {  // a batch in one piece, and in many
          Ring ring(buffers, batch, threads, {1, 1, static_cast<int>(size)});
          const Executor::WriteSamples write = write_numbers;
          for (const std::uint64_t samples : {0, 1, 63, 64, 200}) {
            ring.noise.begin(samples, write);
            const auto step = static_cast<std::uint64_t>(batch), batches = (samples + step - 1) / step;
            for (std::uint64_t b = 0; b < batches; ++b) {
              ring.noise.take(b);
              const auto& memory = ring.memory[b % ring.memory.size()];
              for (std::uint64_t i = 0; i < std::min(step, samples - b * step); ++i) {
                ASSERT_EQ(memory[i * size], static_cast<float>(b * step + i));
                ASSERT_EQ(memory[(i + 1) * size - 1], static_cast<float>(b * step + i));
              }
              ring.noise.give_back(b);
            }
            ring.noise.end();
          }
        }
      }
    }
  }
}

// Two batches ahead, and no further: the buffer that was taken is not written.
TEST(NoiseRing, WritesNoBufferThatSomebodyHas) {
  Ring ring(3, 4, 2);
  std::atomic<std::uint64_t> written{0};
  const Executor::WriteSamples write = [&](std::uint64_t first, int count, const InputBuffer& buffer) {
    write_numbers(first, count, buffer);
    written += static_cast<std::uint64_t>(count);
  };
  ring.noise.begin(1000, write);
  for (std::uint64_t b = 0; b < 3; ++b) ring.noise.take(b);
  EXPECT_EQ(written, 12u);
  EXPECT_EQ(ring.memory[0], (std::vector<float>{0, 1, 2, 3}));
  ring.noise.give_back(0);
  ring.noise.take(3);
  EXPECT_EQ(written, 16u);
  EXPECT_EQ(ring.memory[0], (std::vector<float>{12, 13, 14, 15}));
  EXPECT_EQ(ring.memory[1], (std::vector<float>{4, 5, 6, 7}));
  ring.noise.end();
  EXPECT_EQ(written, 16u);
}

TEST(NoiseRing, ThrowsWhatWritingThrewAndGoesOnAfterIt) {
  Ring ring(3, 4, 2);
  const Executor::WriteSamples fails = [](std::uint64_t first, int, const InputBuffer&) {
    if (first >= 8) throw InputError("no noise");
  };
  ring.noise.begin(100, fails);
  const auto take_all = [&] {
    for (std::uint64_t b = 0; b < 25; ++b) {
      ring.noise.take(b);
      ring.noise.give_back(b);
    }
  };
  EXPECT_THROW(take_all(), InputError);
  ring.noise.end();
  const Executor::WriteSamples write = write_numbers;
  ring.noise.begin(100, write);
  take_all();
  EXPECT_EQ(ring.memory[0], (std::vector<float>{96, 97, 98, 99}));
  ring.noise.end();
}

TEST(NoiseRing, EndsInTheMidstOfARound) {
  Ring ring(2, 8, 4);
  const Executor::WriteSamples write = write_numbers;
  for (int round = 0; round < 50; ++round) {
    ring.noise.begin(1000, write);
    ring.noise.take(0);
    ring.noise.end();
  }
  EXPECT_THROW(NoiseRing(2, 8, -1), InputError);
}

}  // namespace
}  // namespace ballast::smooth::noise_ring_test
