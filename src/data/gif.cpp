// SPDX-License-Identifier: Apache-2.0
//
// The first image of a GIF. What it does not paint has its transparent colour, or the first of the palette, as Pillow has it.

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "image_format.hpp"

namespace ballast::data {

namespace {

constexpr std::size_t screen_header = 13, image_header = 10;
constexpr std::uint8_t extension = 0x21, image = 0x2c, graphics_control = 0xf9;
constexpr int most_codes = 4096;

bool is_gif(Contents contents) {
  const std::string_view start(reinterpret_cast<const char*>(contents.data()), std::min<std::size_t>(contents.size(), 6));
  return start == "GIF87a" || start == "GIF89a";
}

// What lies before the first image's pixels.
struct GifHeader {
  std::size_t width = 0, height = 0;                  // of the canvas
  std::size_t left = 0, top = 0, wide = 0, high = 0;  // of the image on it
  bool interlaced = false;
  Contents palette;  // three bytes a colour; empty: indices are grey
  std::optional<std::uint8_t> transparent;
  Contents pixels;  // from the size of the first codes on
};

// Goes through the blocks.
class GifWalker {
 public:
  GifWalker(Contents contents, const std::string& name) : rest_(contents), name_(name) {}

  Contents take(std::size_t count) {
    require(rest_.size() >= count, name_ + ": is cut short: the GIF ends before its first image does");
    const Contents taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  // The part of a block that follows, empty at the block's end.
  Contents take_part() { return take(take(1)[0]); }
  Contents take_palette(std::uint8_t flags) { return (flags & 0x80) != 0 ? take(std::size_t{3} << ((flags & 7) + 1)) : Contents{}; }
  Contents rest() const { return rest_; }

 private:
  Contents rest_;
  const std::string& name_;
};

// Up to the first image's own header; what is said of its transparent colour on the way is kept.
void skip_extensions(GifWalker& walker, GifHeader& header, const std::string& name) {
  for (std::uint8_t block = walker.take(1)[0]; block != image; block = walker.take(1)[0]) {
    require(block == extension, name + ": is a GIF without an image");
    const std::uint8_t kind = walker.take(1)[0];
    for (Contents part = walker.take_part(); !part.empty(); part = walker.take_part()) {
      if (kind != graphics_control || part.size() < 4) continue;
      header.transparent = (part[0] & 1) != 0 ? std::optional(part[3]) : std::nullopt;
    }
  }
}

GifHeader read_gif_header(Contents contents, const std::string& name) {
  GifWalker walker(contents, name);
  GifHeader header;
  const Contents screen = walker.take(screen_header);
  header.palette = walker.take_palette(screen[10]);
  skip_extensions(walker, header, name);
  const Contents own = walker.take(image_header - 1);
  header.left = little_16(own, 0), header.top = little_16(own, 2), header.wide = little_16(own, 4), header.high = little_16(own, 6);
  header.width = std::max<std::size_t>(little_16(screen, 6), header.left + header.wide);
  header.height = std::max<std::size_t>(little_16(screen, 8), header.top + header.high);
  header.interlaced = (own[8] & 0x40) != 0;
  if (const Contents palette = walker.take_palette(own[8]); !palette.empty()) header.palette = palette;
  header.pixels = walker.rest();
  walker.take(1);
  while (!walker.take_part().empty()) {
  }
  return header;
}

ImageHeader gif_header(Contents contents, const std::string& name) {
  const GifHeader header = read_gif_header(contents, name);
  checked_shape(3, header.wide, header.high, name);
  return {checked_shape(header.palette.empty() ? 1 : 3, header.width, header.height, name)};
}

// The codes of an image, of growing numbers of bits, out of its block's parts.
class Codes {
 public:
  Codes(Contents pixels, const std::string& name) : walker_(pixels, name) { walker_.take(1); }

  // -1 at the block's end.
  int next(int bits) {
    while (held_ < bits) {
      if (part_.empty()) part_ = walker_.take_part();
      if (part_.empty()) return -1;
      buffer_ |= static_cast<std::uint32_t>(part_[0]) << held_;
      part_ = part_.subspan(1);
      held_ += 8;
    }
    const int code = static_cast<int>(buffer_ & ((1U << bits) - 1));
    buffer_ >>= bits;
    held_ -= bits;
    return code;
  }

 private:
  GifWalker walker_;
  Contents part_;
  std::uint32_t buffer_ = 0;
  int held_ = 0;
};

// Lempel-Ziv-Welch: each code is a string, which is an earlier one and one value more.
class Strings {
 public:
  explicit Strings(int bits) : clear_(1 << bits) { reset(); }

  int clear() const { return clear_; }
  int end() const { return clear_ + 1; }
  int count() const { return count_; }
  void reset() { count_ = clear_ + 2; }

  void add(int before, std::uint8_t last) {
    if (count_ == most_codes) return;
    before_[at(count_)] = before;
    last_[at(count_++)] = last;
  }

  std::uint8_t first_of(int code) const {
    while (code >= clear_) code = before_[at(code)];
    return static_cast<std::uint8_t>(code);
  }

  void append(int code, std::vector<std::uint8_t>& values) const {
    const auto start = static_cast<std::ptrdiff_t>(values.size());
    for (; code >= clear_; code = before_[at(code)]) values.push_back(last_[at(code)]);
    values.push_back(static_cast<std::uint8_t>(code));
    std::reverse(values.begin() + start, values.end());
  }

 private:
  static std::size_t at(int code) { return static_cast<std::size_t>(code); }

  int clear_, count_ = 0;
  std::array<int, most_codes> before_{};
  std::array<std::uint8_t, most_codes> last_{};
};

int bits_for(int count) {
  int bits = 1;
  while (bits < 12 && 1 << bits <= count) ++bits;
  return bits;
}

std::vector<std::uint8_t> unpacked(Contents pixels, std::size_t size, const std::string& name) {
  const int first_bits = pixels[0];
  require(first_bits >= 1 && first_bits <= 8, name + ": has GIF codes of " + std::to_string(first_bits) + " bits; allowed are 1 to 8");
  Codes codes(pixels, name);
  Strings strings(first_bits);
  std::vector<std::uint8_t> values;
  values.reserve(size + most_codes);
  int before = -1;
  while (values.size() < size) {
    const int code = codes.next(bits_for(strings.count()));
    require(code >= 0 && code != strings.end(), name + ": holds fewer pixels than its header says");
    if (code == strings.clear()) {
      strings.reset();
      before = -1;
      continue;
    }
    require(before >= 0 ? code <= strings.count() : code < strings.clear(), name + ": its GIF data is damaged");
    if (before >= 0) strings.add(before, strings.first_of(code < strings.count() ? code : before));
    require(code < strings.count(), name + ": its GIF data is damaged");
    strings.append(code, values);
    before = code;
  }
  values.resize(size);
  return values;
}

// The rows of an interlaced image in the order in which they are stored.
std::vector<std::size_t> row_order(const GifHeader& header) {
  std::vector<std::size_t> rows;
  if (!header.interlaced) {
    for (std::size_t y = 0; y < header.high; ++y) rows.push_back(y);
    return rows;
  }
  constexpr std::array<std::array<std::size_t, 2>, 4> passes{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  for (const auto& [first, step] : passes) {
    for (std::size_t y = first; y < header.high; y += step) rows.push_back(y);
  }
  return rows;
}

std::vector<Colour> palette_of(const GifHeader& header) {
  std::vector<Colour> palette;
  for (std::size_t i = 0; i < header.palette.size(); i += 3)
    palette.push_back({header.palette[i], header.palette[i + 1], header.palette[i + 2]});
  return palette;
}

Image gif_decode(Contents contents, const ImageHeader& known, const std::string& name) {
  const GifHeader header = read_gif_header(contents, name);
  const std::vector<std::uint8_t> values = unpacked(header.pixels, header.wide * header.high, name);
  std::vector<std::uint8_t> canvas(header.width * header.height, header.transparent.value_or(0));
  const std::vector<std::size_t> rows = row_order(header);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = values.begin() + static_cast<std::ptrdiff_t>(i * header.wide);
    std::copy_n(row, header.wide, canvas.begin() + static_cast<std::ptrdiff_t>((header.top + rows[i]) * header.width + header.left));
  }
  if (header.palette.empty()) return {known.shape, std::move(canvas)};
  return {known.shape, painted(canvas, palette_of(header), name)};
}

}  // namespace

const ImageFormat gif_format{is_gif, gif_header, gif_decode, [](Contents) { return 1; }};

}  // namespace ballast::data
