// SPDX-License-Identifier: Apache-2.0
//
// How often the noise is each number of levels, against its law.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/noise/noisy_writer.hpp"
#include "checks.hpp"

namespace ballast::selftest {
namespace {

constexpr ImageShape levels_shape{3, 16, 16};
constexpr int middle = 128, range = 1 << 14;  // noise is counted up to so many levels either way
constexpr int level_places = 64;

// Float noise is rounded, and a border between levels with it.
constexpr double level_slack = 1e-6;

struct Counts {
  std::vector<std::uint64_t> of_level = std::vector<std::uint64_t>(2 * range + 1);
  std::uint64_t values = 0;
  std::uint64_t pairs = 0, both_high = 0;  // of neighbouring pixels, and of a pixel in samples one after the other

  void add(const std::vector<float>& batch) {
    const auto is_high = [&](std::size_t i) { return std::lround(static_cast<double>(batch[i]) * 255) > middle; };
    for (const float value : batch) {
      const long level = std::lround(static_cast<double>(value) * 255) - middle;
      ++of_level[static_cast<std::size_t>(std::clamp<long>(level, -range, range) + range)];
    }
    values += batch.size();
    for (std::size_t i = 0; i + 1 < batch.size(); i += 2) both_high += is_high(i) && is_high(i + 1);
    pairs += batch.size() / 2;
    const std::size_t size = levels_shape.size();
    for (std::size_t sample = 0; sample + 1 < level_places; sample += 2) {
      for (std::size_t i = 0; i < size; ++i) both_samples += is_high(sample * size + i) && is_high((sample + 1) * size + i);
    }
  }
  std::uint64_t both_samples = 0;
};

Counts drawn(NoiseKind kind, const WriteFn& write, std::uint64_t values, std::uint64_t seed) {
  Image image{levels_shape, std::vector<std::uint8_t>(levels_shape.size(), middle)};
  if (!traits(kind).on_grid) image.pixels = std::vector<float>(levels_shape.size(), static_cast<float>(middle / 255.0));
  std::vector<float> batch(level_places * levels_shape.size());
  const InputBuffer buffer{batch.data(), ElementType::f32, levels_shape, levels_shape.size(), levels_shape.size() / 3, 1};
  Counts counts;
  for (std::uint32_t first = 0; counts.values < values; first += level_places) {
    write(image, {seed, noise::Purpose::measurement, first / 1024}, first % 1024, level_places, buffer);
    counts.add(batch);
  }
  return counts;
}

Finding pair_finding(const std::string& what, std::uint64_t both, std::uint64_t pairs, double high, double slack) {
  const double p = high * high;
  Finding finding{"noise", what};
  finding.found = fmt::format("share {:.6f}", static_cast<double>(both) / static_cast<double>(pairs));
  finding.allowed = fmt::format("{:.6f}, {:.6f} off", p, 7.2 * std::sqrt(p * (1 - p) / static_cast<double>(pairs)));
  finding.verdict = is_unlikely(both, pairs, p - slack, p + slack, level_of_a_test) ? Finding::Verdict::fails : Finding::Verdict::holds;
  finding.numbers = {{"both", static_cast<double>(both)}, {"pairs", static_cast<double>(pairs)}, {"probability", p}};
  return finding;
}

}  // namespace

Findings check_levels(NoiseKind kind, double scale, const WriteFn& write, std::uint64_t values, std::uint64_t seed) {
  const Smoothing smoothing{*traits(kind).law, scale};
  const double slack = traits(kind).on_grid ? 0 : level_slack;
  const Counts counts = drawn(kind, write, values, seed);
  // Each level, and all up to it: each count is binomial. The level of the test is shared out among them.
  const auto above = [&](int level) { return upper_tail(smoothing, (level + 0.5) / 255); };
  const auto at_most = [&](int level) { return upper_tail(smoothing, -(level + 0.5) / 255); };  // the laws are symmetric
  const double level_of_each = level_of_a_test / (2 * (2 * range + 1));
  std::uint64_t below = 0;
  int seen = 0, unlikely = 0;
  double farthest = 0;
  const auto test = [&](std::uint64_t found, double p) {
    const double least = std::max(p - slack, 0.0), most = std::min(p + slack, 1.0);
    unlikely += is_unlikely(found, counts.values, least, most, level_of_each);
    const double expected = p * static_cast<double>(counts.values), deviation = std::sqrt(expected * (1 - p));
    if (deviation > 3) farthest = std::max(farthest, std::abs(static_cast<double>(found) - expected) / deviation);
  };
  for (int level = -range; level <= range; ++level) {
    const std::uint64_t here = counts.of_level[static_cast<std::size_t>(level + range)];
    below += here;
    seen += here > 0;
    // Differences of the smaller tail, so that a small probability is exact.
    test(here,
         level <= 0 ? at_most(level) - (level == -range ? 0 : at_most(level - 1)) : above(level - 1) - (level == range ? 0 : above(level)));
    if (level < range) test(level < 0 ? below : counts.values - below, level < 0 ? at_most(level) : above(level));
  }
  const std::string name = fmt::format("{} noise of {}", traits(kind).name, scale);
  Finding finding{"noise", name + ", by level"};
  finding.found = fmt::format("{} of {} levels off, farthest {:.1f} deviations", unlikely, seen, farthest);
  finding.allowed = "0";
  finding.verdict = unlikely == 0 ? Finding::Verdict::holds : Finding::Verdict::fails;
  finding.numbers = {
      {"levels", seen}, {"levels_off", unlikely}, {"farthest_in_deviations", farthest}, {"values", static_cast<double>(counts.values)}};
  return {finding, pair_finding(name + ", both of neighbouring pixels", counts.both_high, counts.pairs, above(0), slack),
          pair_finding(name + ", both of successive samples", counts.both_samples, counts.pairs, above(0), slack)};
}

std::vector<Check> level_checks(const Amount& amount, std::uint64_t seed) {
  std::vector<Check> checks;
  for (const NoiseTraits& noise : noises) {
    if (!noise.law) continue;
    for (const double scale : {0.1, 0.5}) {
      checks.emplace_back([=] {
        const noise::NoisyWriter writer(noise.kind, scale, std::vector<ChannelAffine>(3));
        const std::uint64_t own = noise::derive_seed({"selftest", fmt::format("{}", seed), noise.name, fmt::format("{}", scale)});
        return check_levels(
            noise.kind, scale,
            [&](const Image& image, const noise::Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer) {
              writer.write(image, stream, first, count, buffer);
            },
            amount.noise_values, own);
      });
    }
  }
  return checks;
}

}  // namespace ballast::selftest
