// SPDX-License-Identifier: Apache-2.0
//
// Noise values a second by kind, scale, type and instruction set, and the time of a bound and a radius.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"
#include "kernel.hpp"

namespace {

using namespace ballast;

struct Noise {
  NoiseKind kind;
  double scale;
  ElementType type;
  const noise::Loops* loops;
};

std::string name_of(const Noise& noise) {
  return fmt::format("write_noise/{}_{}_{}_{}", traits(noise.kind).name, noise.scale, noise.type == ElementType::bf16 ? "bf16" : "f32",
                     noise.loops->name);
}

// As convolutions take it: the channels of a position side by side.
void write_noise(benchmark::State& state, const Noise& noise) {
  const ImageShape shape{3, 32, 32};
  const Image image{shape, std::vector<std::uint8_t>(shape.size(), 100)};
  const auto kernel = kernel_of(noise.kind, noise.scale, std::vector<ChannelAffine>(3, {4, -2}), *noise.loops);
  constexpr std::size_t copies = 32;
  std::vector<float> room(shape.size() * copies);
  const InputBuffer buffer{room.data(), noise.type, shape, shape.size(), 1, 3};
  std::uint32_t sample = 0;
  for (auto _ : state) {
    for (std::size_t place = 0; place < copies; ++place) {
      kernel->write(image, {1, noise::Purpose::measurement, 0}, sample++, place, buffer);
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * copies * shape.size()));
}

const bool noise_is_registered = [] {
  const auto add = [](const Noise& noise) { benchmark::RegisterBenchmark(name_of(noise).c_str(), write_noise, noise); };
  for (const noise::Loops* loops : noise::available_loops()) {
    for (const ElementType type : {ElementType::bf16, ElementType::f32}) {
      for (const double sigma : {0.25, 0.5, 1.0, 2.0}) add({NoiseKind::grid, sigma, type, loops});
    }
    for (const NoiseKind kind : {NoiseKind::laplace_grid, NoiseKind::uniform_grid, NoiseKind::gaussian, NoiseKind::uniform,
                                 NoiseKind::laplace, NoiseKind::split}) {
      add({kind, kind == NoiseKind::split ? 0.5 : 0.25, ElementType::f32, loops});
    }
  }
  return true;
}();

void bound_and_radius(benchmark::State& state) {
  const auto trials = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t successes = trials * 9 / 10;
  for (auto _ : state) benchmark::DoNotOptimize(stats::radius_below(0.25, stats::upper_failure_bound({successes, trials}, 0.001)));
}
BENCHMARK(bound_and_radius)->Arg(1000)->Arg(100'000)->Arg(10'000'000);

}  // namespace
