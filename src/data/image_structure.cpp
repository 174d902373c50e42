// SPDX-License-Identifier: Apache-2.0

#include "image_structure.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>
#include <string_view>

#include "ballast/core/errors.hpp"

namespace ballast::data {

namespace {

using Contents = std::span<const std::uint8_t>;

constexpr std::size_t spare_bytes = 1 << 10;  // some encoders write a little too much

constexpr std::array<std::uint8_t, 8> png_signature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

std::size_t big_endian_32(Contents bytes) {
  return static_cast<std::size_t>(bytes[0]) << 24 | static_cast<std::size_t>(bytes[1]) << 16 | static_cast<std::size_t>(bytes[2]) << 8 |
         bytes[3];
}

// JPEG's markers, the byte after 0xFF.
constexpr int start_of_image = 0xd8;
constexpr int end_of_image = 0xd9;
constexpr int start_of_scan = 0xda;
constexpr int huffman_tables = 0xc4;
constexpr int adobe_segment = 0xee;
constexpr int exif_segment = 0xe1;

constexpr int most_scans = 100;  // each is a pass over the whole image

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
  return contents.size() >= png_signature.size() && std::equal(png_signature.begin(), png_signature.end(), contents.begin());
}

bool is_jpeg(Contents contents) {
  return contents.size() >= 3 && contents[0] == 0xff && contents[1] == start_of_image && contents[2] == 0xff;
}

void check_png(Contents contents, const std::string& name) {
  Contents rest = contents.subspan(png_signature.size());
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

namespace {

// What a PNG's first chunk says.
struct PngHeader {
  std::size_t width = 0, height = 0, bits = 0;  // bits: of a pixel
  bool interlaced = false;
};

PngHeader png_header(Contents contents, const std::string& name) {
  const Contents rest = contents.subspan(png_signature.size());
  require(rest.size() >= 25 && std::string_view(reinterpret_cast<const char*>(rest.data()) + 4, 4) == "IHDR",
          name + ": the PNG data does not begin with its header");
  constexpr std::array<std::size_t, 7> channels{1, 0, 3, 1, 2, 0, 4};  // by type of colour
  const std::size_t colour = rest[17];
  return {big_endian_32(rest.subspan(8)), big_endian_32(rest.subspan(12)), rest[16] * (colour < channels.size() ? channels[colour] : 4),
          rest[20] != 0};
}

// Rows of pixels, each behind a byte that says how it is filtered.
std::size_t rows_bytes(std::size_t width, std::size_t height, std::size_t bits) {
  return width == 0 ? 0 : height * (1 + (width * bits + 7) / 8);
}

std::size_t unpacked_bytes(const PngHeader& header) {
  if (!header.interlaced) return rows_bytes(header.width, header.height, header.bits);
  constexpr std::array<std::array<std::size_t, 4>, 7> passes{
      {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};  // first x, y; steps
  std::size_t bytes = 0;
  for (const auto& [x, y, step_x, step_y] : passes) {
    const auto count = [](std::size_t size, std::size_t from, std::size_t step) { return size > from ? (size - from - 1) / step + 1 : 0; };
    bytes += rows_bytes(count(header.width, x, step_x), count(header.height, y, step_y), header.bits);
  }
  return bytes;
}

// Unpacks zlib's data piece by piece and keeps none of it.
class Measure {
 public:
  explicit Measure(std::size_t limit) : limit_(limit) {
    if (inflateInit(&stream_) != Z_OK) throw std::runtime_error("zlib cannot be started");
  }
  ~Measure() { inflateEnd(&stream_); }
  Measure(const Measure&) = delete;
  Measure& operator=(const Measure&) = delete;

  // False once the data is damaged; the end, or the limit, may come before the piece's.
  bool add(Contents piece) {
    stream_.next_in = const_cast<Bytef*>(piece.data());
    stream_.avail_in = static_cast<uInt>(piece.size());
    while (!ended_ && !is_beyond() && (stream_.avail_in > 0 || stream_.avail_out == 0)) {
      stream_.next_out = block_.data();
      stream_.avail_out = static_cast<uInt>(block_.size());
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return false;
      size_ += block_.size() - stream_.avail_out;
      ended_ = state == Z_STREAM_END;
    }
    return true;
  }

  bool is_beyond() const { return size_ > limit_; }

 private:
  std::array<Bytef, 1 << 16> block_;
  z_stream stream_{};
  std::size_t limit_, size_ = 0;
  bool ended_ = false;
};

}  // namespace

void check_png_data(Contents contents, const std::string& name) {
  const PngHeader header = png_header(contents, name);
  Measure measure(unpacked_bytes(header) + spare_bytes);
  for (Contents rest = contents.subspan(png_signature.size()); true;) {
    const std::size_t length = big_endian_32(rest);
    const std::string_view type(reinterpret_cast<const char*>(rest.data()) + 4, 4);
    if (type == "IEND") return;
    if (type == "IDAT") require(measure.add(rest.subspan(8, length)), name + ": its image data is damaged");
    require(!measure.is_beyond(), name + ": holds more image data than its " + std::to_string(header.width) + "x" +
                                      std::to_string(header.height) + " pixels take");
    rest = rest.subspan(12 + length);
  }
}

void check_jpeg(Contents contents, const std::string& name) {
  JpegWalker walker(contents, name);
  bool adobe = false;
  bool four_channels = false;
  int scans = 0;
  while (true) {
    const int marker = walker.next_marker();
    if (marker == end_of_image) break;
    if (marker == start_of_image || marker == 1) continue;  // these have no segment
    const Contents segment = walker.take_segment();
    if (marker == huffman_tables) check_huffman_tables(segment, name);
    if (marker == adobe_segment && is_adobe(segment)) adobe = true;
    if (is_frame(marker) && segment.size() >= 6) four_channels = segment[5] == 4;
    if (marker == start_of_scan) ++scans;
    require(scans <= most_scans, name + ": is a JPEG file of more than " + std::to_string(most_scans) + " scans");
  }
  require(scans > 0, name + ": is a JPEG file without image data");
  require(!four_channels || adobe, name + ": is a JPEG of 4 channels without the Adobe marker that says how they are stored; allowed are " +
                                       "grey, RGB, and CMYK with it");
}

Contents exif_of_png(Contents contents) {
  for (Contents rest = contents.subspan(png_signature.size()); true;) {
    const std::size_t length = big_endian_32(rest);
    const std::string_view type(reinterpret_cast<const char*>(rest.data()) + 4, 4);
    if (type == "eXIf") return rest.subspan(8, length);
    if (type == "IEND") return {};
    rest = rest.subspan(12 + length);
  }
}

Contents exif_of_jpeg(Contents contents) {
  constexpr std::string_view tag("Exif\0\0", 6);
  const std::string name;
  JpegWalker walker(contents, name);
  while (true) {
    const int marker = walker.next_marker();
    if (marker == end_of_image || marker == start_of_scan) return {};
    if (marker == start_of_image || marker == 1) continue;
    const Contents segment = walker.take_segment();
    const bool is_exif = marker == exif_segment && segment.size() >= tag.size() && std::equal(tag.begin(), tag.end(), segment.begin());
    if (is_exif) return segment.subspan(tag.size());
  }
}

}  // namespace ballast::data
