// SPDX-License-Identifier: Apache-2.0
//
// The noise that randomized smoothing adds, as one table: its law decides in
// which norm, and how far, a vote certifies.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

// Independent for each pixel.
enum class NoiseLaw {
  gaussian,  // N(0, sigma^2)
  uniform,   // on [-lambda, lambda]
  laplace    // density exp(-|e|/lambda) / (2 lambda)
};

// What there is to know of a law.
struct NoiseLawTraits {
  std::string_view name;
  std::string_view norm;        // of the perturbations that are certified: "l2" or "l1"
  std::string_view scale_name;  // "sigma" or "lambda"
  std::string_view scale_meaning;
  double radius_unit;  // the share of the scale that radii are shown at multiples of
};

constexpr NoiseLawTraits traits(NoiseLaw law) {
  switch (law) {
    case NoiseLaw::gaussian: return {"gaussian", "l2", "sigma", "a standard deviation", 1};
    case NoiseLaw::uniform: return {"uniform", "l1", "lambda", "a half-width", 0.25};
    case NoiseLaw::laplace: return {"laplace", "l1", "lambda", "a scale", 0.25};
  }
  return {};
}

// A law and its scale in pixel units: sigma, or lambda.
struct Smoothing {
  NoiseLaw law = NoiseLaw::gaussian;
  double scale = 0;

  bool operator==(const Smoothing&) const = default;
};

// On the 8-bit grid noise is exact, so that certificates are sound in floating
// point; float noise is as in the papers, sound up to floating-point rounding.
enum class NoiseKind {
  grid,      // Gaussian
  gaussian,  // float
  uniform_grid,
  uniform,  // float
  laplace_grid,
  laplace,  // float
  split     // deterministic splitting (Levine and Feizi 2021); stays the last
};

// What there is to know of a kind.
struct NoiseTraits {
  NoiseKind kind;
  std::string_view name;        // in a manifest
  std::string_view word;        // what a caller asks for; several kinds of one word are told apart by the images
  std::optional<NoiseLaw> law;  // none: splitting, which is not independent between pixels
  bool on_grid;                 // images must be 8-bit
};
inline constexpr std::array noises{NoiseTraits{NoiseKind::grid, "grid", "grid", NoiseLaw::gaussian, true},
                                   NoiseTraits{NoiseKind::gaussian, "gaussian", "gaussian", NoiseLaw::gaussian, false},
                                   NoiseTraits{NoiseKind::uniform_grid, "uniform-grid", "uniform", NoiseLaw::uniform, true},
                                   NoiseTraits{NoiseKind::uniform, "uniform", "uniform", NoiseLaw::uniform, false},
                                   NoiseTraits{NoiseKind::laplace_grid, "laplace-grid", "laplace", NoiseLaw::laplace, true},
                                   NoiseTraits{NoiseKind::laplace, "laplace", "laplace", NoiseLaw::laplace, false},
                                   NoiseTraits{NoiseKind::split, "split", "split", std::nullopt, true}};

// Every kind has its row, at its place.
static_assert([] {
  for (std::size_t i = 0; i < noises.size(); ++i) {
    if (static_cast<std::size_t>(noises[i].kind) != i) return false;
  }
  return noises.size() == static_cast<std::size_t>(NoiseKind::split) + 1;
}());

constexpr const NoiseTraits& traits(NoiseKind kind) { return noises[static_cast<std::size_t>(kind)]; }

// The norm of the certificates, and the name of the scale; splitting certifies in l1 by its lambda.
constexpr std::string_view norm_of(NoiseKind kind) { return traits(kind).law ? traits(*traits(kind).law).norm : "l1"; }
constexpr std::string_view scale_name(NoiseKind kind) { return traits(kind).law ? traits(*traits(kind).law).scale_name : "lambda"; }

// The kind of this name in a manifest.
constexpr std::optional<NoiseKind> noise_named(std::string_view name) {
  for (const NoiseTraits& noise : noises) {
    if (noise.name == name) return noise.kind;
  }
  return {};
}

// What a caller's word stands for with such images: "auto" is Gaussian noise, and where a law is on the grid and in floats, 8-bit images
// get the grid's. None: not a word, or these images cannot have it.
constexpr std::optional<NoiseKind> choose_noise(std::string_view word, bool is_8bit) {
  if (word == "auto") return is_8bit ? NoiseKind::grid : NoiseKind::gaussian;
  for (const NoiseTraits& noise : noises) {  // the grid's stands before the floats'
    if (noise.word == word && (is_8bit || !noise.on_grid)) return noise.kind;
  }
  return {};
}

// What a caller may ask for, in the order of the table.
inline std::vector<std::string> noise_words() {
  std::vector<std::string> words{"auto"};
  for (const NoiseTraits& noise : noises) {
    if (noise.word != words.back()) words.emplace_back(noise.word);
  }
  return words;
}

// Samples of one image that the noise can number, for each purpose.
inline constexpr std::uint64_t most_samples = std::uint64_t{1} << 32;

// Splits of lambda = 1 (Levine and Feizi 2021, on the 8-bit grid).
inline constexpr double splits_of_unit_lambda = 510;

}  // namespace ballast
