// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/plan.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>

#include "ballast/smooth/certify_staged.hpp"
#include "ballast/smooth/vote_counter.hpp"
#include "clock.hpp"

namespace ballast::run {
namespace {

using Random = std::mt19937_64;

// How many samples one image takes where a sample fails with this probability.
using Simulate = std::function<std::uint64_t(double failure, Random& random)>;

std::uint64_t failures(std::uint64_t samples, double failure, Random& random) {
  return std::binomial_distribution<std::uint64_t>(samples, failure)(random);
}

template <typename Test>
std::uint64_t walked(const Test& test, double failure, Random& random) {
  typename Test::Walk walk(test);
  std::uint64_t drawn = 0, failed = 0;
  while (!walk.done()) {
    const std::uint64_t look = test.looks()[walk.next_look()];
    failed += failures(look - drawn, failure, random);
    drawn = look;
    walk.look(failed);
  }
  return drawn;
}

Simulate simulation_of(const procedure::Settings& settings) {
  if (procedure::is<procedure::NamedRadii>(settings)) {
    const auto test = std::make_shared<const stats::RadiiTest>(procedure::radii_design(settings));
    return [test](double failure, Random& random) { return walked(*test, failure, random); };
  }
  if (procedure::is<procedure::Anytime>(settings)) {
    const auto test = std::make_shared<const stats::AnytimeTest>(procedure::anytime_design(settings));
    return [test](double failure, Random& random) { return walked(*test, failure, random); };
  }
  const auto test = std::make_shared<const stats::ToleranceTest>(procedure::two_stage_design(settings),
                                                                 std::get<procedure::Tolerance>(settings.method).futility);
  return [test](double failure, Random& random) {
    const std::uint64_t screened = walked(test->screen, failure, random);
    if (failure >= 0.5) return screened;
    return std::max(screened, test->stages.total(failures(test->stages.pilot(), failure, random)));
  };
}

// The class whose votes are counted, guessed from the votes themselves where it is not the label.
double failure_of(const smooth::Counts& votes, Label label, bool target_is_label) {
  const auto total = static_cast<double>(votes.total());
  return 1 - static_cast<double>(votes.of(target_is_label ? label : votes.winner())) / total;
}

}  // namespace

Plan plan(const data::Dataset& dataset, const std::vector<std::size_t>& indices, smooth::Executor& executor,
          const noise::NoisyWriter& noise, const procedure::Settings& settings, std::uint64_t seed, double seconds) {
  constexpr std::uint64_t samples_of_one = 400;
  constexpr int simulations = 20;
  const bool staged = procedure::sequential(settings) != nullptr;
  const Simulate simulate = staged ? simulation_of(settings) : Simulate();
  Plan result;
  result.images = indices.size();
  Random random(seed);
  std::vector<std::size_t> order = indices;
  std::shuffle(order.begin(), order.end(), random);

  std::vector<double> means;  // of the simulated samples, one an image
  std::uint64_t drawn = 0;
  const std::uint64_t block = std::min(samples_of_one, noise.splits() > 0 ? noise.splits() : samples_of_one);
  double drawing = 0;  // seconds
  const auto start = Clock::now();
  for (std::size_t i = 0; i == 0 || (seconds_since(start) < seconds && i < 100 * order.size()); ++i) {
    const std::size_t index = order[i % order.size()];
    const data::Example example = dataset.at(index);
    smooth::VoteCounter votes(executor, noise, example.image, seed + i / order.size(), static_cast<std::uint32_t>(index));
    const auto before = Clock::now();
    const smooth::Counts counts = votes.next(noise::Purpose::measurement, block);
    drawing += seconds_since(before);
    drawn += block;
    if (!staged || i >= order.size()) continue;
    double sum = 0;
    for (int k = 0; k < simulations; ++k)
      sum += static_cast<double>(simulate(failure_of(counts, example.label, procedure::target_is_label(settings)), random));
    means.push_back(sum / simulations);
  }
  result.samples_per_second = static_cast<double>(drawn) / drawing;
  const auto selection = static_cast<double>(procedure::selection_samples_of(settings));
  if (!staged) {
    result.samples_per_image = static_cast<double>(procedure::samples_of(settings)) + selection;
    return result;
  }
  result.tried = means.size();
  double sum = 0, squares = 0;
  for (const double mean : means) sum += mean, squares += mean * mean;
  const auto count = static_cast<double>(means.size());
  result.samples_per_image = sum / count + selection;
  result.deviation = count > 1 ? std::sqrt(std::max(0.0, squares - sum * sum / count) / (count - 1) / count) : 0;
  return result;
}

}  // namespace ballast::run
