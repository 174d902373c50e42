// SPDX-License-Identifier: Apache-2.0

#include "image_structure.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

#include "ballast/core/errors.hpp"

namespace ballast::data {

namespace {

using Contents = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 8> kPngSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

std::size_t big_endian_32(Contents bytes) {
  return static_cast<std::size_t>(bytes[0]) << 24 | static_cast<std::size_t>(bytes[1]) << 16 | static_cast<std::size_t>(bytes[2]) << 8 |
         bytes[3];
}

// JPEG's markers, the byte after 0xFF.
constexpr int kStartOfImage = 0xd8;
constexpr int kEndOfImage = 0xd9;
constexpr int kStartOfScan = 0xda;
constexpr int kHuffmanTables = 0xc4;
constexpr int kAdobe = 0xee;

bool is_restart(int marker) { return marker >= 0xd0 && marker <= 0xd7; }
bool is_frame(int marker) { return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc; }

// Goes from marker to marker.
class JpegWalker {
 public:
  JpegWalker(Contents contents, const std::string& name) : rest_(contents.subspan(2)), name_(name) {}

  // The next marker; the bytes before it, a scan's, are skipped: in them 0xFF is followed by 0 or is a restart.
  int next_marker() {
    while (true) {
      const auto prefix = std::find(rest_.begin(), rest_.end(), 0xff);
      const auto marker = std::find_if(prefix, rest_.end(), [](std::uint8_t byte) { return byte != 0xff; });
      require(marker != rest_.end(), name_ + ": is cut short: the JPEG data has no end-of-image marker");
      rest_ = rest_.subspan(static_cast<std::size_t>(marker - rest_.begin()) + 1);
      if (*marker != 0 && !is_restart(*marker)) return *marker;
    }
  }

  // The segment that a marker begins.
  Contents take_segment() {
    require(rest_.size() >= 2, cut());
    const std::size_t length = static_cast<std::size_t>(rest_[0]) << 8 | rest_[1];
    require(length >= 2, name_ + ": has a JPEG segment of " + std::to_string(length) + " bytes; at least 2 are needed");
    require(length <= rest_.size(), cut());
    const Contents segment = rest_.subspan(2, length - 2);
    rest_ = rest_.subspan(length);
    return segment;
  }

 private:
  std::string cut() const { return name_ + ": is cut short inside a JPEG segment"; }

  Contents rest_;
  const std::string& name_;
};

// A segment's tables: a number, 16 counts of codes, and a value for each code, of which there are at most 256. Older
// decoders write past their tables where there are more.
void check_huffman_tables(Contents segment, const std::string& name) {
  while (!segment.empty()) {
    const Contents counts = segment.subspan(1, std::min<std::size_t>(segment.size() - 1, 16));
    const std::size_t codes = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
    require(codes <= 256 && 17 + codes <= segment.size(), name + ": has a damaged Huffman table");
    segment = segment.subspan(17 + codes);
  }
}

bool is_adobe(Contents segment) {
  constexpr std::string_view tag = "Adobe";
  return segment.size() >= 12 && std::equal(tag.begin(), tag.end(), segment.begin());
}

}  // namespace

bool is_png(Contents contents) {
  return contents.size() >= kPngSignature.size() && std::equal(kPngSignature.begin(), kPngSignature.end(), contents.begin());
}

bool is_jpeg(Contents contents) {
  return contents.size() >= 3 && contents[0] == 0xff && contents[1] == kStartOfImage && contents[2] == 0xff;
}

void check_png(Contents contents, const std::string& name) {
  Contents rest = contents.subspan(kPngSignature.size());
  while (true) {
    require(rest.size() >= 12, name + ": is cut short: the PNG data has no IEND chunk");
    const std::size_t length = big_endian_32(rest);
    require(length <= rest.size() - 12, name + ": is cut short inside a PNG chunk");
    const Contents typed = rest.subspan(4, 4 + length);
    require(crc32(0, typed.data(), static_cast<uInt>(typed.size())) == big_endian_32(rest.subspan(8 + length)),
            name + ": a PNG chunk's checksum is wrong: the file is damaged");
    if (std::string_view(reinterpret_cast<const char*>(typed.data()), 4) == "IEND") return;
    rest = rest.subspan(12 + length);
  }
}

void check_jpeg(Contents contents, const std::string& name) {
  JpegWalker walker(contents, name);
  bool adobe = false;
  bool four_channels = false;
  bool scanned = false;
  while (true) {
    const int marker = walker.next_marker();
    if (marker == kEndOfImage) break;
    if (marker == kStartOfImage || marker == 1) continue;  // these have no segment
    const Contents segment = walker.take_segment();
    if (marker == kHuffmanTables) check_huffman_tables(segment, name);
    if (marker == kAdobe && is_adobe(segment)) adobe = true;
    if (is_frame(marker) && segment.size() >= 6) four_channels = segment[5] == 4;
    if (marker == kStartOfScan) scanned = true;
  }
  require(scanned, name + ": is a JPEG file without image data");
  require(!four_channels || adobe, name + ": is a JPEG of 4 channels without the Adobe marker that says how they are stored; allowed are " +
                                       "grey, RGB, and CMYK with it");
}

}  // namespace ballast::data
