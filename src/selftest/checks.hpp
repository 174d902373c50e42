// SPDX-License-Identifier: Apache-2.0
//
// The checks, each a list of findings, and what tests put in their place to
// see that a fault is found.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ballast/graph/graph.hpp"
#include "ballast/model/classifier.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/selftest/selftest.hpp"
#include "ballast/smooth/certifier.hpp"
#include "truth.hpp"

namespace ballast::selftest {

using Findings = std::vector<Finding>;
using Check = std::function<Findings()>;

// How many draws.
struct Amount {
  std::uint64_t images, noise_values;
};
inline constexpr Amount whole{10'000, 16'000'000}, twentieth{500, 800'000};

// The most successes that chance explains: more of so many trials of probability p have at most this probability.
std::uint64_t most_successes(std::uint64_t trials, double p, double level = level_of_a_test);

// Whether so many successes have a tail of at most this probability, on either side, for every p from least to most.
bool is_unlikely(std::uint64_t successes, std::uint64_t trials, double least, double most, double level);

// What each procedure claims of the subject, image by image: how often it is false.
std::vector<Check> certificate_checks(const std::vector<Subject>& subjects, const Amount& amount, std::uint64_t seed);

// Splitting: for every level of a pixel, that no level nearer than the radius has another answer.
std::vector<Check> splitting_checks(std::uint64_t seed);

// How a noisy image is written: the noise writer's own way, or one that errs.
using WriteFn =
    std::function<void(const Image& image, const noise::Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer)>;

// The noise by grid level, against the law's distribution function.
Findings check_levels(NoiseKind kind, double scale, const WriteFn& write, std::uint64_t values, std::uint64_t seed);
std::vector<Check> level_checks(const Amount& amount, std::uint64_t seed);

// The noise's bits, against digests.
Findings check_bits(NoiseKind kind, const WriteFn& write);
std::vector<Check> bit_checks();

// A small network, and the scores that its definition gives in double precision.
graph::Graph small_network();
std::vector<double> plain_scores(const graph::Graph& network, const std::vector<float>& image);

// Scores beside the plain ones, and that an image's scores do not depend on its place or its neighbours. tolerance: a share of the
// largest score.
Findings check_engine(const std::string& name, const model::Classifier& classifier, double tolerance);
std::vector<Check> engine_checks();

}  // namespace ballast::selftest
