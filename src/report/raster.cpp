// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/raster.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <stdexcept>

#include "ballast/core/errors.hpp"

// The library's functions, for this file alone.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace ballast::report {
namespace {

using Glyph = std::array<std::uint8_t, 7>;  // rows of five bits, the leftmost highest

const std::map<char, Glyph>& font() {
  static const std::map<char, Glyph> glyphs{
      {'0', {0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E}}, {'1', {0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E}},
      {'2', {0x0E, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1F}}, {'3', {0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E}},
      {'4', {0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02}}, {'5', {0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E}},
      {'6', {0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E}}, {'7', {0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
      {'8', {0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E}}, {'9', {0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C}},
      {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0C, 0x0C}}, {'=', {0x00, 0x00, 0x1F, 0x00, 0x1F, 0x00, 0x00}},
      {'x', {0x00, 0x00, 0x11, 0x0A, 0x04, 0x0A, 0x11}}, {'-', {0x00, 0x00, 0x00, 0x1F, 0x00, 0x00, 0x00}},
      {'s', {0x00, 0x00, 0x0F, 0x12, 0x11, 0x11, 0x0E}}, {'l', {0x18, 0x04, 0x04, 0x04, 0x0A, 0x11, 0x11}},
  };
  return glyphs;
}

constexpr int glyph_width = 5, glyph_height = 7, glyph_gap = 1;

std::uint8_t* pixel(Raster& raster, int x, int y) {
  return &raster.rgb[3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(raster.width) + static_cast<std::size_t>(x))];
}

void paste(const Raster& from, Raster& to, int x, int y) {
  for (int row = 0; row < from.height; ++row) {
    const auto* start = &from.rgb[3 * static_cast<std::size_t>(row) * static_cast<std::size_t>(from.width)];
    std::copy(start, start + 3 * from.width, pixel(to, x, y + row));
  }
}

}  // namespace

Raster::Raster(int w, int h, std::uint8_t grey)
    : width(w), height(h), rgb(3 * static_cast<std::size_t>(w) * static_cast<std::size_t>(h), grey) {}

Raster raster_of(const Image& image) {
  const auto [channels, height, width] = image.shape;
  const std::vector<float> pixels = image.unit_pixels();
  Raster raster(width, height, 0);
  const std::size_t positions = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  for (std::size_t at = 0; at < positions; ++at) {
    for (std::size_t colour = 0; colour < 3; ++colour) {
      const float value = pixels[(channels == 3 ? colour : 0) * positions + at];
      raster.rgb[3 * at + colour] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0f, 1.0f)));
    }
  }
  return raster;
}

Raster magnified(const Raster& raster, int factor) {
  Raster result(raster.width * factor, raster.height * factor, 0);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      const auto from =
          3 * (static_cast<std::size_t>(y / factor) * static_cast<std::size_t>(raster.width) + static_cast<std::size_t>(x / factor));
      std::copy_n(&raster.rgb[from], 3, pixel(result, x, y));
    }
  }
  return result;
}

Image pooled(const Image& image, int factor) {
  const auto [channels, height, width] = image.shape;
  Image result{{channels, height / factor, width / factor}, std::vector<float>()};
  require(result.shape.size() > 0, "the image is smaller than the square to be pooled");
  const std::vector<float> pixels = image.unit_pixels();
  auto& means = std::get<1>(result.pixels);
  for (int c = 0; c < channels; ++c) {
    for (int y = 0; y < result.shape.height; ++y) {
      for (int x = 0; x < result.shape.width; ++x) {
        double sum = 0;
        for (int dy = 0; dy < factor; ++dy) {
          for (int dx = 0; dx < factor; ++dx) {
            sum += static_cast<double>(pixels[static_cast<std::size_t>((c * height + y * factor + dy) * width + x * factor + dx)]);
          }
        }
        means.push_back(static_cast<float>(sum / (factor * factor)));
      }
    }
  }
  return result;
}

void write_text(Raster& raster, const std::string& text, int x, int y, int scale) {
  for (const char c : text) {
    const auto glyph = font().find(c);
    for (int row = 0; glyph != font().end() && row < glyph_height * scale; ++row) {
      for (int column = 0; column < glyph_width * scale; ++column) {
        const bool inked = glyph->second[static_cast<std::size_t>(row / scale)] >> (glyph_width - 1 - column / scale) & 1;
        const int at_x = x + column, at_y = y + row;
        if (inked && at_x >= 0 && at_x < raster.width && at_y >= 0 && at_y < raster.height)
          std::fill_n(pixel(raster, at_x, at_y), 3, std::uint8_t{32});
      }
    }
    x += (glyph_width + glyph_gap) * scale;
  }
}

int text_width(const std::string& text, int scale) {
  return static_cast<int>(text.size()) * (glyph_width + glyph_gap) * scale - glyph_gap * scale;
}

Raster montage(std::span<const Raster> cells, std::span<const std::string> captions, int gap) {
  require(!captions.empty() && !cells.empty() && cells.size() % captions.size() == 0, "a montage needs whole rows of pictures");
  const int columns = static_cast<int>(captions.size()), rows = static_cast<int>(cells.size()) / columns;
  const int width = cells[0].width, height = cells[0].height;
  int scale = std::max(1, width / 50);
  while (scale > 1 &&
         std::any_of(captions.begin(), captions.end(), [&](const std::string& text) { return text_width(text, scale) > width; }))
    --scale;
  const int head = gap + glyph_height * scale;
  Raster result(gap + columns * (width + gap), head + gap + rows * (height + gap), 255);
  for (int column = 0; column < columns; ++column) {
    const std::string& caption = captions[static_cast<std::size_t>(column)];
    write_text(result, caption, gap + column * (width + gap) + (width - text_width(caption, scale)) / 2, gap, scale);
    for (int row = 0; row < rows; ++row) {
      const Raster& cell = cells[static_cast<std::size_t>(row * columns + column)];
      require(cell.width == width && cell.height == height, "a montage needs pictures of one size");
      paste(cell, result, gap + column * (width + gap), head + gap + row * (height + gap));
    }
  }
  return result;
}

std::string png(const Raster& raster) {
  std::string bytes;
  const auto add = [](void* context, void* data, int size) {
    static_cast<std::string*>(context)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
  };
  if (!stbi_write_png_to_func(add, &bytes, raster.width, raster.height, 3, raster.rgb.data(), 3 * raster.width))
    throw std::runtime_error("the PNG could not be made");
  return bytes;
}

}  // namespace ballast::report
