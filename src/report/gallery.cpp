// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/gallery.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"

namespace ballast::report {
namespace {

constexpr int shown_width = 112, gap = 8;  // of one picture, at least

std::string caption_of(const NoiseLevel& level) { return fmt::format("{}={:g}", scale_name(level.kind).front(), level.scale); }

std::vector<std::string> captions_of(std::span<const NoiseLevel> levels) {
  std::vector<std::string> captions;
  for (const NoiseLevel& level : levels) captions.push_back(caption_of(level));
  return captions;
}

Raster shown(const Image& image, int width) { return magnified(raster_of(image), std::max(1, width / image.shape.width)); }

}  // namespace

Image noisy_copy(const Image& image, const NoiseLevel& level, std::uint64_t seed, std::uint32_t index, std::uint32_t sample) {
  if (level.scale == 0) return image;
  return noisy_copy(image, writer_of(level, image.shape.channels), seed, index, sample);
}

noise::NoisyWriter writer_of(const NoiseLevel& level, int channels) {
  return {level.kind, level.scale, std::vector<ChannelAffine>(static_cast<std::size_t>(channels))};
}

Image noisy_copy(const Image& image, const noise::NoisyWriter& writer, std::uint64_t seed, std::uint32_t index, std::uint32_t sample) {
  writer.check(image);
  Image copy{image.shape, std::vector<float>(image.shape.size())};
  const std::size_t positions = image.shape.size() / static_cast<std::size_t>(image.shape.channels);
  const InputBuffer buffer{std::get<1>(copy.pixels).data(), ElementType::f32, image.shape, image.shape.size(), positions, 1};
  writer.write(image, {seed, noise::Purpose::measurement, index}, sample, 1, buffer);
  return copy;
}

Raster gallery(std::span<const Image> images, std::span<const NoiseLevel> levels, std::uint64_t seed) {
  require(!images.empty() && !levels.empty(), "a gallery needs an image and a noise level");
  std::vector<Raster> cells;
  for (std::size_t i = 0; i < images.size(); ++i) {
    require(images[i].shape == images[0].shape, "a gallery needs images of one size (--resize and --crop make them so)");
    for (const NoiseLevel& level : levels)
      cells.push_back(shown(noisy_copy(images[i], level, seed, static_cast<std::uint32_t>(i), 0), shown_width));
  }
  return montage(cells, captions_of(levels), gap);
}

Raster resolution_gallery(const Image& image, std::span<const NoiseLevel> levels, std::uint64_t seed) {
  constexpr int factors[] = {1, 2, 4};
  const int side = image.shape.width / 4 * 4, rows = image.shape.height / 4 * 4;
  require(side > 0 && rows > 0, "the image is smaller than 4 x 4 pixels");
  const int scale = std::max(1, shown_width / side);
  std::vector<Raster> cells;
  for (const int factor : factors) {
    const Image small = factor == 1 ? image : pooled(image, factor);
    for (NoiseLevel level : levels) {
      if (level.kind == NoiseKind::grid && factor > 1) level.kind = NoiseKind::gaussian;  // pooled pixels are not 8-bit
      const Raster picture = magnified(raster_of(noisy_copy(small, level, seed, 0, static_cast<std::uint32_t>(factor))), factor * scale);
      Raster cut(side * scale, rows * scale, 255);
      for (int y = 0; y < cut.height; ++y) {
        const auto row = [&](const Raster& r) { return 3 * static_cast<std::ptrdiff_t>(y) * r.width; };
        std::copy_n(picture.rgb.begin() + row(picture), 3 * cut.width, cut.rgb.begin() + row(cut));
      }
      cells.push_back(std::move(cut));
    }
  }
  return montage(cells, captions_of(levels), gap);
}

}  // namespace ballast::report
