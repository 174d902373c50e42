// SPDX-License-Identifier: Apache-2.0
//
// Noise values a second by kind and type, and the time of a bound and a radius.

#include <benchmark/benchmark.h>

#include "ballast/noise/noisy_writer.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"

namespace {

using namespace ballast;

void write_noise(benchmark::State& state, NoiseKind kind, ElementType type) {
  const ImageShape shape{3, 32, 32};
  const Image image{shape, std::vector<std::uint8_t>(shape.size(), 100)};
  const noise::NoisyWriter writer(kind, 0.25, std::vector<ChannelAffine>(3, {4, -2}));
  constexpr int copies = 32;
  std::vector<float> room(shape.size() * copies);
  const InputBuffer buffer{room.data(), type, shape, shape.size(), 1, 3};
  std::uint32_t first = 0;
  for (auto _ : state) {
    writer.write(image, {1, noise::Purpose::measurement, 0}, first, copies, buffer);
    first += copies;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * copies * static_cast<std::int64_t>(shape.size()));
}
BENCHMARK_CAPTURE(write_noise, grid_bf16, NoiseKind::grid, ElementType::bf16);
BENCHMARK_CAPTURE(write_noise, grid_f32, NoiseKind::grid, ElementType::f32);
BENCHMARK_CAPTURE(write_noise, gaussian_f32, NoiseKind::gaussian, ElementType::f32);

void bound_and_radius(benchmark::State& state) {
  const auto trials = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t successes = trials * 9 / 10;
  for (auto _ : state) benchmark::DoNotOptimize(stats::radius_below(0.25, stats::upper_failure_bound({successes, trials}, 0.001)));
}
BENCHMARK(bound_and_radius)->Arg(1000)->Arg(100'000)->Arg(10'000'000);

}  // namespace
