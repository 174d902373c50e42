// SPDX-License-Identifier: Apache-2.0
//
// Writers of small BMP, GIF, TIFF and 16-bit PNG files.

#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sample_files.hpp"

namespace ballast::data::testing {

inline Bytes bytes_of(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

// Of little-endian numbers one behind the other.
inline void put(Bytes& bytes, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

struct Bmp {
  int width = 1, height = 1;  // a negative height: from the top down
  std::uint32_t bits = 24, compression = 0, colours = 0;
};

// between: the palette or the masks. pixels: rows from the bottom up, each filled up to four bytes.
inline Bytes bmp(const Bmp& header, const Bytes& between, const Bytes& pixels) {
  Bytes bytes{'B', 'M'};
  const auto start = static_cast<std::uint32_t>(54 + between.size());
  put(bytes, static_cast<std::uint32_t>(start + pixels.size()), 4);
  put(bytes, 0, 4);
  put(bytes, start, 4);
  put(bytes, 40, 4);
  put(bytes, static_cast<std::uint32_t>(header.width), 4);
  put(bytes, static_cast<std::uint32_t>(header.height), 4);
  put(bytes, 1, 2);
  put(bytes, header.bits, 2);
  put(bytes, header.compression, 4);
  for (int i = 0; i < 3; ++i) put(bytes, 0, 4);
  put(bytes, header.colours, 4);
  put(bytes, 0, 4);
  return joined({bytes, between, pixels});
}

struct Gif {
  int width = 1, height = 1, left = 0, top = 0, wide = 1, high = 1;
  Bytes palette;  // 2, 4, ... 256 colours
  Bytes values;   // below 4
  std::optional<std::uint8_t> transparent = {};
  bool packs = false;  // else each value is a code of its own
};

// Codes of two-bit values by Lempel, Ziv and Welch.
class GifCodes {
 public:
  Bytes packed(const Bytes& values, bool packs) {
    start_anew();
    std::string known;
    for (const std::uint8_t value : values) {
      if (!packs && emitted_ == 100) start_anew();
      const std::string longer = known + static_cast<char>(value);
      if (codes_.contains(longer) && (packs || known.empty())) {
        known = longer;
        continue;
      }
      put_code(codes_.at(known));
      if (codes_.size() < 4094) codes_.emplace(longer, static_cast<int>(codes_.size()) + 2);
      known = std::string(1, static_cast<char>(value));
    }
    put_code(codes_.at(known));
    put_code(clear + 1);
    if (held_ > 0) bytes_.push_back(static_cast<std::uint8_t>(buffer_));
    return bytes_;
  }

 private:
  static constexpr int clear = 4;

  void start_anew() {
    put_code(clear);
    codes_.clear();
    for (int value = 0; value < clear; ++value) codes_.emplace(std::string(1, static_cast<char>(value)), value);
    emitted_ = 0;
  }

  // A reader knows a string more after each code from the second on.
  void put_code(int code) {
    const int known = std::min(4096, clear + 2 + std::max(0, emitted_ - 1));
    int bits = 3;
    while (bits < 12 && 1 << bits <= known) ++bits;
    buffer_ |= static_cast<std::uint32_t>(code) << held_;
    for (held_ += bits; held_ >= 8; held_ -= 8, buffer_ >>= 8) bytes_.push_back(static_cast<std::uint8_t>(buffer_));
    ++emitted_;
  }

  int emitted_ = 0, held_ = 0;
  std::uint32_t buffer_ = 0;
  std::map<std::string, int> codes_;
  Bytes bytes_;
};

inline Bytes gif(const Gif& image) {
  const auto number = [](int value) { return static_cast<std::uint32_t>(value); };
  std::uint32_t size = 0;
  while (3U << (size + 1) < image.palette.size()) ++size;
  Bytes bytes = letters("GIF89a");
  put(bytes, number(image.width), 2);
  put(bytes, number(image.height), 2);
  put(bytes, 0x80 | size, 3);
  bytes = joined({bytes, image.palette});
  if (image.transparent) bytes = joined({bytes, {0x21, 0xf9, 4, 1, 0, 0, *image.transparent, 0}});
  bytes.push_back(0x2c);
  for (const int value : {image.left, image.top, image.wide, image.high}) put(bytes, number(value), 2);
  put(bytes, 0, 1);
  put(bytes, 2, 1);
  const Bytes codes = GifCodes().packed(image.values, image.packs);
  for (std::size_t at = 0; at < codes.size(); at += 255) {
    const std::size_t count = std::min<std::size_t>(255, codes.size() - at);
    bytes.push_back(static_cast<std::uint8_t>(count));
    bytes.insert(bytes.end(), codes.begin() + static_cast<std::ptrdiff_t>(at), codes.begin() + static_cast<std::ptrdiff_t>(at + count));
  }
  return joined({bytes, {0, 0x3b}});
}

struct Tiff {
  std::uint32_t width = 1, height = 1, bits = 8, samples = 1;
  std::uint32_t meaning = 1;      // 0 white is zero, 1 black is zero, 2 RGB
  std::uint32_t arrangement = 1;  // 1 pixels, 2 planes
  std::uint32_t tile = 0;         // side; 0: strips of the whole image
};

// Not packed: one strip, one for each plane, or tiles one behind the other.
inline Bytes tiff(const Tiff& header, const Bytes& pixels) {
  struct Entry {
    std::uint32_t tag, type, count, value;
  };
  const std::uint32_t planes = header.arrangement == 2 ? header.samples : 1;
  const std::uint32_t across = header.tile > 0 ? (header.width + header.tile - 1) / header.tile : 1;
  const std::uint32_t parts = header.tile > 0 ? across * ((header.height + header.tile - 1) / header.tile) : planes;
  const auto part_bytes = static_cast<std::uint32_t>(pixels.size()) / parts;
  const bool tiled = header.tile > 0;
  std::vector<Entry> entries{
      {256, 4, 1, header.width},   {257, 4, 1, header.height},  {258, 3, header.samples, header.bits}, {259, 3, 1, 1},
      {262, 3, 1, header.meaning}, {277, 3, 1, header.samples}, {284, 3, 1, header.arrangement}};
  if (!tiled) entries.push_back({278, 4, 1, header.height});
  if (tiled) entries.insert(entries.end(), {{322, 4, 1, header.tile}, {323, 4, 1, header.tile}});
  const std::uint32_t places = 8 + 2 + 12 * (static_cast<std::uint32_t>(entries.size()) + 2) + 4;
  const std::uint32_t sizes = places + 4 * parts, depths = sizes + 4 * parts, start = depths + 2 * header.samples;
  entries[2].value = header.samples > 2 ? depths : header.bits * (header.samples == 2 ? 0x10001 : 1);
  entries.push_back({tiled ? 324U : 273U, 4, parts, parts > 1 ? places : start});
  entries.push_back({tiled ? 325U : 279U, 4, parts, parts > 1 ? sizes : part_bytes});
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.tag < b.tag; });
  Bytes bytes{'I', 'I', 42, 0, 8, 0, 0, 0};
  put(bytes, static_cast<std::uint32_t>(entries.size()), 2);
  for (const Entry& entry : entries) {
    put(bytes, entry.tag, 2), put(bytes, entry.type, 2), put(bytes, entry.count, 4);
    put(bytes, entry.value, 4);
  }
  put(bytes, 0, 4);
  for (std::uint32_t i = 0; i < parts; ++i) put(bytes, start + i * part_bytes, 4);
  for (std::uint32_t i = 0; i < parts; ++i) put(bytes, part_bytes, 4);
  for (std::uint32_t i = 0; i < header.samples; ++i) put(bytes, header.bits, 2);
  return joined({bytes, pixels});
}

// Pixels in the order of square tiles, those at the border filled up.
inline Bytes tiles_of(const Bytes& pixels, std::size_t width, std::size_t height, std::size_t samples, std::size_t side) {
  Bytes tiles;
  for (std::size_t top = 0; top < height; top += side) {
    for (std::size_t left = 0; left < width; left += side) {
      for (std::size_t y = top; y < top + side; ++y) {
        for (std::size_t x = left; x < left + side; ++x) {
          for (std::size_t s = 0; s < samples; ++s) tiles.push_back(x < width && y < height ? pixels[(y * width + x) * samples + s] : 0);
        }
      }
    }
  }
  return tiles;
}

// Values of 16 bits, one pixel's channels after another: 1 or 3.
inline Bytes png_16(std::uint32_t width, std::uint32_t height, std::uint32_t channels, const std::vector<std::uint16_t>& values) {
  const auto big = [](Bytes& bytes, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  };
  Bytes rows;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % (width * channels) == 0) rows.push_back(0);
    rows.push_back(static_cast<std::uint8_t>(values[i] >> 8));
    rows.push_back(static_cast<std::uint8_t>(values[i]));
  }
  Bytes packed(compressBound(rows.size()));
  uLongf packed_size = packed.size();
  compress(packed.data(), &packed_size, rows.data(), rows.size());
  packed.resize(packed_size);
  Bytes header;
  big(header, width), big(header, height);
  header = joined({header, {16, static_cast<std::uint8_t>(channels == 1 ? 0 : 2), 0, 0, 0}});
  Bytes bytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  for (const auto& [type, data] : Members{{"IHDR", header}, {"IDAT", packed}, {"IEND", {}}}) {
    const Bytes typed = joined({letters(type), data});
    big(bytes, static_cast<std::uint32_t>(data.size()));
    bytes = joined({bytes, typed});
    big(bytes, static_cast<std::uint32_t>(crc32(0, typed.data(), static_cast<uInt>(typed.size()))));
  }
  return bytes;
}

}  // namespace ballast::data::testing
