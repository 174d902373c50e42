// SPDX-License-Identifier: Apache-2.0
//
// BMP, not packed: colours of a palette, or of 16, 24 or 32 bits.

#include <array>
#include <bit>

#include "ballast/core/errors.hpp"
#include "image_format.hpp"

namespace ballast::data {

namespace {

constexpr std::size_t file_header = 14;
constexpr std::uint32_t plain = 0, by_masks = 3;  // kinds of compression

// The channels' bits in a pixel: red, green, blue.
using Masks = std::array<std::uint32_t, 3>;

struct BmpHeader {
  std::size_t size = 0;   // of the header behind the file's
  std::size_t start = 0;  // of the pixels
  std::uint64_t width = 0, height = 0;
  bool top_down = false;
  std::uint32_t bits = 0, compression = plain, colours = 0;

  bool has_palette() const { return bits <= 8; }
  bool is_old() const { return size == 12; }
  std::size_t stride() const { return static_cast<std::size_t>((width * bits + 31) / 32 * 4); }
  std::size_t masks_at() const { return file_header + 40; }
  std::size_t palette_at() const { return file_header + size; }
};

bool is_bmp(Contents contents) { return contents.size() >= 2 && contents[0] == 'B' && contents[1] == 'M'; }

bool is_header_size(std::uint32_t size) {
  return size == 12 || size == 40 || size == 52 || size == 56 || size == 64 || size == 108 || size == 124;
}

BmpHeader read_bmp_header(Contents contents, const std::string& name) {
  const std::string cut = name + ": is cut short inside the BMP header";
  require(contents.size() >= file_header + 12, cut);
  BmpHeader header{.size = little_32(contents, 14), .start = little_32(contents, 10)};
  require(is_header_size(little_32(contents, 14)),
          name + ": has a BMP header of " + std::to_string(header.size) + " bytes, which is not known");
  require(contents.size() >= file_header + header.size, cut);
  if (header.is_old()) {
    header.width = little_16(contents, 18), header.height = little_16(contents, 20), header.bits = little_16(contents, 24);
  } else {
    const auto height = static_cast<std::int64_t>(static_cast<std::int32_t>(little_32(contents, 22)));
    header.width = little_32(contents, 18);
    header.top_down = height < 0;
    header.height = static_cast<std::uint64_t>(height < 0 ? -height : height);
    header.bits = little_16(contents, 28), header.compression = little_32(contents, 30), header.colours = little_32(contents, 46);
  }
  if (header.has_palette() && header.colours == 0) header.colours = 1U << header.bits;
  return header;
}

Masks masks_of(Contents contents, const BmpHeader& header) {
  if (header.compression == by_masks)
    return {little_32(contents, header.masks_at()), little_32(contents, header.masks_at() + 4), little_32(contents, header.masks_at() + 8)};
  if (header.bits == 16) return {0x7c00, 0x03e0, 0x001f};
  return {0xff0000, 0x00ff00, 0x0000ff};
}

// 5, 6 or 8 bits that lie together.
bool is_channel(std::uint32_t mask, std::uint32_t bits) {
  const auto count = std::popcount(mask);
  const bool together = mask != 0 && static_cast<int>(std::bit_width(mask)) - std::countr_zero(mask) == count;
  return together && (bits == 32 ? count == 8 : (count == 5 || count == 6) && mask < 1U << 16);
}

void check(Contents contents, const BmpHeader& header, const std::string& name) {
  const std::uint32_t bits = header.bits;
  const bool is_plain = header.compression == plain && (bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32);
  const bool has_masks = header.compression == by_masks && (bits == 16 || bits == 32);
  require(is_plain || has_masks, name + ": is a BMP of " + std::to_string(bits) + " bits and compression " +
                                     std::to_string(header.compression) + "; allowed are 1, 4, 8, 16, 24 and 32 bits without compression");
  const std::size_t end_of_header =
      has_masks ? header.masks_at() + 12
                : header.palette_at() + (header.has_palette() ? header.colours * (header.is_old() ? 3ULL : 4ULL) : 0);
  require(header.colours <= 256 || !header.has_palette(), name + ": has a palette of " + std::to_string(header.colours) + " colours");
  require(end_of_header <= contents.size(), name + ": is cut short inside the BMP header");
  if (has_masks) {
    for (const std::uint32_t mask : masks_of(contents, header)) require(is_channel(mask, bits), name + ": has colours of an unknown kind");
  }
  require(header.start <= contents.size() && header.stride() * header.height <= contents.size() - header.start,
          name + ": is cut short: the BMP has fewer pixels than its header says");
}

ImageHeader bmp_header(Contents contents, const std::string& name) {
  const BmpHeader header = read_bmp_header(contents, name);
  const ImageShape shape = checked_shape(3, header.width, header.height, name);
  check(contents, header, name);
  return {shape};
}

std::vector<Colour> palette_of(Contents contents, const BmpHeader& header) {
  const std::size_t step = header.is_old() ? 3 : 4;
  std::vector<Colour> palette;
  for (std::size_t i = 0; i < header.colours; ++i) {
    const std::size_t at = header.palette_at() + i * step;
    palette.push_back({contents[at + 2], contents[at + 1], contents[at]});
  }
  return palette;
}

Contents row_of(Contents contents, const BmpHeader& header, std::size_t y) {
  const std::size_t stored = header.top_down ? y : static_cast<std::size_t>(header.height) - 1 - y;
  return contents.subspan(header.start + stored * header.stride(), header.stride());
}

std::vector<std::uint8_t> indices_of(Contents contents, const BmpHeader& header) {
  std::vector<std::uint8_t> indices;
  for (std::size_t y = 0; y < header.height; ++y) {
    const Contents row = row_of(contents, header, y);
    for (std::size_t x = 0; x < header.width; ++x) {
      const std::size_t bit = x * header.bits;
      indices.push_back(static_cast<std::uint8_t>(row[bit / 8] >> (8 - header.bits - bit % 8) & ((1U << header.bits) - 1)));
    }
  }
  return indices;
}

std::uint32_t pixel_at(Contents row, std::size_t x, std::uint32_t bits) {
  switch (bits) {
    case 16: return little_16(row, 2 * x);
    case 24: return little_16(row, 3 * x) | static_cast<std::uint32_t>(row[3 * x + 2]) << 16;
    default: return little_32(row, 4 * x);
  }
}

// Of 5 or 6 bits rounded down, as Pillow has it.
std::uint8_t channel_of(std::uint32_t pixel, std::uint32_t mask) {
  const int shift = std::countr_zero(mask);
  return static_cast<std::uint8_t>(((pixel & mask) >> shift) * 255 / (mask >> shift));
}

std::vector<std::uint8_t> colours_of(Contents contents, const BmpHeader& header) {
  const Masks masks = masks_of(contents, header);
  const auto width = static_cast<std::size_t>(header.width), plane = width * static_cast<std::size_t>(header.height);
  std::vector<std::uint8_t> planes(3 * plane);
  for (std::size_t y = 0; y < header.height; ++y) {
    const Contents row = row_of(contents, header, y);
    for (std::size_t x = 0; x < width; ++x) {
      const std::uint32_t pixel = pixel_at(row, x, header.bits);
      for (std::size_t c = 0; c < 3; ++c) planes[c * plane + y * width + x] = channel_of(pixel, masks[c]);
    }
  }
  return planes;
}

Image bmp_decode(Contents contents, const ImageHeader& known, const std::string& name) {
  const BmpHeader header = read_bmp_header(contents, name);
  if (header.has_palette()) return {known.shape, painted(indices_of(contents, header), palette_of(contents, header), name)};
  return {known.shape, colours_of(contents, header)};
}

}  // namespace

const ImageFormat bmp_format{is_bmp, bmp_header, bmp_decode, [](Contents) { return 1; }};

}  // namespace ballast::data
