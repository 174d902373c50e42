// SPDX-License-Identifier: Apache-2.0
//
// Pictures made of pixels, and put together.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"

namespace ballast::report {

// Rows of red, green, blue bytes.
struct Raster {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;

  Raster() = default;
  Raster(int w, int h, std::uint8_t grey);
};

// Of one grey or three colour channels, clipped to [0, 1]; of others the first.
Raster raster_of(const Image& image);

// Each pixel as a square of factor x factor.
Raster magnified(const Raster& raster, int factor);

// The mean of each factor x factor square; what is left over at the edges goes.
Image pooled(const Image& image, int factor);

// Dark on light, in a font of 5 x 7 pixels magnified by scale: digits, and "." "=" "x" "-" and the letters of sigma and lambda ("s", "l").
void write_text(Raster& raster, const std::string& text, int x, int y, int scale);
int text_width(const std::string& text, int scale);

// Cells of one size in rows, each row as long as the captions, which stand above the columns. The cells must be as many as rows x captions.
Raster montage(std::span<const Raster> cells, std::span<const std::string> captions, int gap);

// The bytes of a PNG file. Throws std::runtime_error if it cannot be made.
std::string png(const Raster& raster);

}  // namespace ballast::report
