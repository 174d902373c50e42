// SPDX-License-Identifier: Apache-2.0
//
// What the noise does to images, to look at.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/noise/noisy_writer.hpp"
#include "ballast/report/raster.hpp"

namespace ballast::report {

struct NoiseLevel {
  NoiseKind kind = NoiseKind::gaussian;
  double scale = 0;  // sigma or lambda; 0: the image as it is
};

// Copy number `sample` of the image under noise, not yet clipped. The draws are those of purpose measurement, which no certificate uses.
Image noisy_copy(const Image& image, const NoiseLevel& level, std::uint64_t seed, std::uint32_t index, std::uint32_t sample);

// The same by a writer that is made once, as its table takes longer than a copy: of the level's noise, without an affine map.
Image noisy_copy(const Image& image, const noise::NoisyWriter& writer, std::uint64_t seed, std::uint32_t index, std::uint32_t sample);
noise::NoisyWriter writer_of(const NoiseLevel& level, int channels);

// One row an image, one column a level. As Figures 17 and 18 of Cohen et al. 2019.
Raster gallery(std::span<const Image> images, std::span<const NoiseLevel> levels, std::uint64_t seed);

// One row a resolution (the image pooled by 1, 2, 4), one column a level: the same noise hides more of a smaller image. As Figure 12.
Raster resolution_gallery(const Image& image, std::span<const NoiseLevel> levels, std::uint64_t seed);

}  // namespace ballast::report
