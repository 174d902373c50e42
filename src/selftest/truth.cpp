// SPDX-License-Identifier: Apache-2.0

#include "truth.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "ballast/model/callback_classifier.hpp"

namespace ballast::selftest {
namespace {

constexpr int micro_batch = 64;
constexpr ImageShape one_pixel{1, 1, 1}, two_pixels{1, 1, 2}, nine_pixels{1, 3, 3};

// Between level c - 1 and level c, in pixel units.
double border_below(int level) { return (level - 0.5) / 255; }

Image image_of(const ImageShape& shape, NoiseKind kind, int level) {
  if (traits(kind).on_grid) return {shape, std::vector<std::uint8_t>(shape.size(), static_cast<std::uint8_t>(level))};
  return {shape, std::vector<float>(shape.size(), static_cast<float>(level / 255.0))};
}

constexpr int border = 128;  // class 1 from this level on

Subject half_line(NoiseKind kind, double scale, int level, std::string_view place) {
  Subject subject{fmt::format("{} noise, image {}", traits(kind).name, place), kind, scale};
  subject.classifier = model::classifier_from(
      [](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<double>(images[i]) > border_below(border) ? 1 : 0;
      },
      one_pixel, 2, micro_batch);
  subject.image = image_of(one_pixel, kind, level);
  const double distance = level / 255.0 - border_below(border);
  subject.p = upper_tail({*traits(kind).law, scale}, -distance);
  subject.radius = std::max(distance, 0.0);
  subject.other_radius = std::max(-distance, 0.0);
  return subject;
}

// Propositions 3 to 5: the radius of sign(w . x + b) is the distance to the plane.
Subject oblique_plane(double sigma) {
  static constexpr std::array w{0.5, -0.25, 1.0, 0.125, -0.75, 0.375, 0.875, -0.625, 0.25};
  static constexpr double b = -0.5;
  Subject subject{"gaussian noise, oblique plane", NoiseKind::gaussian, sigma};
  const auto score = [](std::span<const float> image) {
    double sum = b;
    for (std::size_t j = 0; j < w.size(); ++j) sum += w[j] * static_cast<double>(image[j]);
    return sum;
  };
  subject.classifier = model::classifier_from(
      [score](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = score(images.subspan(i * w.size(), w.size())) > 0 ? 1 : 0;
      },
      nine_pixels, 2, micro_batch);
  std::vector<float> pixels(w.size());
  for (std::size_t j = 0; j < w.size(); ++j) pixels[j] = w[j] > 0 ? 0.5f : 0.375f;
  double square = 0;
  for (const double value : w) square += value * value;
  subject.radius = score(pixels) / std::sqrt(square);
  subject.p = upper_tail({NoiseLaw::gaussian, sigma}, -subject.radius);
  subject.image = {nine_pixels, std::move(pixels)};
  return subject;
}

// Theorem 2: class 1 above one level, class 0 below a lower one, and between them classes that are each less likely than class 0, told
// apart by the other pixel. Class 1 stays the answer up to the middle of the two borders.
Subject two_half_planes(NoiseKind kind, double sigma) {
  static constexpr int low = 96, between = 12;
  constexpr int level = 156;
  Subject subject{fmt::format("{} noise, two half-planes", traits(kind).name), kind, sigma};
  subject.classifier = model::classifier_from(
      [](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) {
          const double x = static_cast<double>(images[2 * i]);
          const int other = static_cast<int>(std::floor(static_cast<double>(images[2 * i + 1]) * 255 + 0.5));
          labels[i] = x > border_below(border) ? 1 : x < border_below(low) ? 0 : 2 + ((other % between) + between) % between;
        }
      },
      two_pixels, 2 + between, micro_batch);
  subject.image = image_of(two_pixels, kind, level);
  subject.p = upper_tail({NoiseLaw::gaussian, sigma}, border_below(border) - level / 255.0);
  subject.radius = level / 255.0 - (border_below(border) + border_below(low)) / 2;
  subject.has_runner_up = true;
  return subject;
}

}  // namespace

double upper_tail(const Smoothing& smoothing, double x) {
  const double scaled = x / smoothing.scale;
  switch (smoothing.law) {
    case NoiseLaw::gaussian: return std::erfc(scaled / std::sqrt(2.0)) / 2;
    case NoiseLaw::uniform: return scaled <= -1 ? 1 : scaled >= 1 ? 0 : (1 - scaled) / 2;
    case NoiseLaw::laplace: return scaled < 0 ? 1 - std::exp(scaled) / 2 : std::exp(-scaled) / 2;
  }
  return 0;
}

std::vector<Subject> subjects() {
  constexpr int inside = border + 56, outside = border - 1;
  std::vector<Subject> all;
  for (const NoiseTraits& noise : noises) {
    if (!noise.law) continue;
    const double scale = *noise.law == NoiseLaw::uniform ? 0.5 : 0.25;
    all.push_back(half_line(noise.kind, scale, inside, "inside"));
    all.push_back(half_line(noise.kind, scale, outside, "just outside"));
    if (*noise.law == NoiseLaw::gaussian) all.push_back(two_half_planes(noise.kind, scale));
  }
  all.push_back(oblique_plane(0.25));
  return all;
}

}  // namespace ballast::selftest
