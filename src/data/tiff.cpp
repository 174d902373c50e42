// SPDX-License-Identifier: Apache-2.0
//
// The first image of a TIFF file, decoded by libtiff: grey, RGB or of a palette, with 1, 4 (palette), 8 or 16 bits.

#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "ballast/core/errors.hpp"
#include "image_format.hpp"

namespace ballast::data {

namespace {

constexpr tmsize_t largest_allocation = tmsize_t{1} << 29;

bool is_tiff(Contents contents) {
  if (contents.size() < 8) return false;
  const bool little = contents[0] == 'I' && contents[1] == 'I' && (contents[2] == 42 || contents[2] == 43) && contents[3] == 0;
  const bool big = contents[0] == 'M' && contents[1] == 'M' && contents[2] == 0 && (contents[3] == 42 || contents[3] == 43);
  return little || big;
}

// The contents as libtiff reads them.
struct Source {
  Contents contents;
  std::uint64_t at = 0;
};

tmsize_t read_from(thandle_t handle, void* to, tmsize_t size) {
  auto& source = *static_cast<Source*>(handle);
  const std::uint64_t there = source.at < source.contents.size() ? source.contents.size() - source.at : 0;
  const std::uint64_t count = std::min<std::uint64_t>(there, static_cast<std::uint64_t>(std::max<tmsize_t>(size, 0)));
  if (count > 0) std::memcpy(to, source.contents.data() + source.at, static_cast<std::size_t>(count));
  source.at += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t write_nowhere(thandle_t, void*, tmsize_t) { return -1; }

toff_t seek_in(thandle_t handle, toff_t offset, int from) {
  auto& source = *static_cast<Source*>(handle);
  if (from == SEEK_CUR) offset += source.at;
  if (from == SEEK_END) offset += source.contents.size();
  return source.at = offset;
}

int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return static_cast<Source*>(handle)->contents.size(); }
int be_silent(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct CloseTiff {
  void operator()(TIFF* file) const { TIFFClose(file); }
};
struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
using Tiff = std::unique_ptr<TIFF, CloseTiff>;

// Requires the source to outlive the file.
Tiff open_tiff(Source& source, const std::string& name) {
  const std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), largest_allocation);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), be_silent, nullptr);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), be_silent, nullptr);
  Tiff file(
      TIFFClientOpenExt("", "rm", &source, read_from, write_nowhere, seek_in, close_nothing, size_of, nullptr, nullptr, options.get()));
  require(file != nullptr, name + ": cannot be decoded as TIFF: it is damaged or cut short");
  return file;
}

// How the pixels are stored.
struct TiffHeader {
  std::uint32_t width = 0, height = 0;
  std::uint16_t bits = 1, samples = 1, meaning = 0, arrangement = PLANARCONFIG_CONTIG, compression = COMPRESSION_NONE,
                kind = SAMPLEFORMAT_UINT;

  bool is_grey() const { return meaning == PHOTOMETRIC_MINISBLACK || meaning == PHOTOMETRIC_MINISWHITE; }
  bool is_colour() const { return meaning == PHOTOMETRIC_RGB; }
  bool has_palette() const { return meaning == PHOTOMETRIC_PALETTE; }
  std::size_t channels() const { return is_colour() ? 3 : 1; }
  bool is_separate() const { return arrangement == PLANARCONFIG_SEPARATE && samples > 1; }
  std::size_t samples_together() const { return is_separate() ? 1 : samples; }
};

TiffHeader read_tiff_header(TIFF* file, const std::string& name) {
  TiffHeader header;
  TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &header.compression);
  const bool has_meaning = TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &header.meaning) == 1;
  if (header.compression == COMPRESSION_JPEG && header.meaning == PHOTOMETRIC_YCBCR) {
    TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    header.meaning = PHOTOMETRIC_RGB;
  }
  TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &header.width);
  TIFFGetField(file, TIFFTAG_IMAGELENGTH, &header.height);
  TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &header.bits);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &header.samples);
  TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &header.arrangement);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &header.kind);
  const std::string allowed = "; allowed are grey of 1, 8 or 16 bits, RGB of 8 or 16, and palettes of 4 or 8";
  require(has_meaning && (header.is_grey() || header.is_colour() || header.has_palette()),
          name + ": is a TIFF of another kind of colours (" + std::to_string(header.meaning) + ")" + allowed);
  const std::uint16_t bits = header.bits;
  const bool fits =
      (bits == 8) || (bits == 16 && !header.has_palette()) || (bits == 1 && header.is_grey()) || (bits == 4 && header.has_palette());
  const std::string of_integers = header.kind == SAMPLEFORMAT_UINT ? "" : " that are no unsigned integers";
  require(fits && of_integers.empty(), name + ": is a TIFF of " + std::to_string(bits) + " bits" + of_integers + allowed);
  require(header.samples >= header.channels() && header.samples <= 8 && (bits >= 8 || header.samples == 1),
          name + ": is a TIFF of " + std::to_string(header.samples) + " values a pixel" + allowed);
  require(TIFFIsCODECConfigured(header.compression) == 1, name + ": is packed in a way that libtiff does not know");
  return header;
}

ImageHeader tiff_header(Contents contents, const std::string& name) {
  Source source{contents};
  const Tiff file = open_tiff(source, name);
  const TiffHeader header = read_tiff_header(file.get(), name);
  return {checked_shape(header.is_grey() ? 1 : 3, header.width, header.height, name), header.bits != 16};
}

// The values of T out of rows of a part of the image, put where they belong; the bits of one byte are spread.
class Sorter {
 public:
  Sorter(const TiffHeader& header, std::size_t wide) : header_(header), wide_(wide) {}

  std::size_t row_bytes() const { return (wide_ * header_.samples_together() * header_.bits + 7) / 8; }

  // row: of the part that begins at x, y of the image; sample: the first of it.
  template <typename T>
  void put(const std::uint8_t* row, std::size_t x, std::size_t y, std::size_t sample, std::vector<T>& planes) const {
    const std::size_t width = header_.width, plane = width * header_.height, together = header_.samples_together();
    for (std::size_t i = 0; i < wide_ && x + i < width; ++i) {
      for (std::size_t s = 0; s < together && sample + s < header_.channels(); ++s)
        planes[(sample + s) * plane + y * width + x + i] = value<T>(row, i * together + s);
    }
  }

 private:
  template <typename T>
  T value(const std::uint8_t* row, std::size_t i) const {
    if constexpr (sizeof(T) == 2) {
      std::uint16_t wide = 0;
      std::memcpy(&wide, row + 2 * i, 2);
      return wide;
    } else {
      if (header_.bits == 8) return row[i];
      const std::size_t bit = i * header_.bits;
      const auto value = static_cast<unsigned>(row[bit / 8] >> (8 - header_.bits - bit % 8)) & ((1U << header_.bits) - 1);
      return static_cast<T>(header_.bits == 1 ? 255 * value : value);
    }
  }

  const TiffHeader& header_;
  std::size_t wide_;
};

[[noreturn]] void refuse_tiff(const std::string& name) {
  throw InputError(name + ": cannot be decoded as TIFF: it is damaged or cut short");
}

template <typename T>
void read_rows(TIFF* file, const TiffHeader& header, std::vector<T>& planes, const std::string& name) {
  const Sorter sorter(header, header.width);
  const auto size = static_cast<std::size_t>(std::max<tmsize_t>(TIFFScanlineSize(file), 0));
  if (size < sorter.row_bytes()) refuse_tiff(name);
  std::vector<std::uint8_t> row(size);
  for (std::uint16_t sample = 0; sample < (header.is_separate() ? header.channels() : 1); ++sample) {
    for (std::uint32_t y = 0; y < header.height; ++y) {
      if (TIFFReadScanline(file, row.data(), y, sample) != 1) refuse_tiff(name);
      sorter.put(row.data(), 0, y, sample, planes);
    }
  }
}

template <typename T>
void read_tiles(TIFF* file, const TiffHeader& header, std::vector<T>& planes, const std::string& name) {
  std::uint32_t wide = 0, high = 0;
  TIFFGetField(file, TIFFTAG_TILEWIDTH, &wide);
  TIFFGetField(file, TIFFTAG_TILELENGTH, &high);
  const ImageShape tile_shape = checked_shape(1, wide, high, name + ": a tile");
  const Sorter sorter(header, wide);
  const auto size = static_cast<std::size_t>(std::max<tmsize_t>(TIFFTileSize(file), 0));
  if (size < sorter.row_bytes() * static_cast<std::size_t>(tile_shape.height) || static_cast<tmsize_t>(size) > largest_allocation)
    refuse_tiff(name);
  std::vector<std::uint8_t> tile(size);
  for (std::uint16_t sample = 0; sample < (header.is_separate() ? header.channels() : 1); ++sample) {
    for (std::uint32_t y = 0; y < header.height; y += high) {
      for (std::uint32_t x = 0; x < header.width; x += wide) {
        if (TIFFReadTile(file, tile.data(), x, y, 0, sample) < 0) refuse_tiff(name);
        for (std::uint32_t i = 0; i < high && y + i < header.height; ++i)
          sorter.put(tile.data() + i * sorter.row_bytes(), x, y + i, sample, planes);
      }
    }
  }
}

template <typename T>
std::vector<T> values_of(TIFF* file, const TiffHeader& header, const std::string& name) {
  std::vector<T> planes(header.channels() * header.width * header.height);
  if (TIFFIsTiled(file) != 0) read_tiles(file, header, planes, name);
  else read_rows(file, header, planes, name);
  if (header.meaning == PHOTOMETRIC_MINISWHITE) {
    for (T& value : planes) value = static_cast<T>(~value);
  }
  return planes;
}

// Of 16 bits each, of which the upper half counts.
std::vector<Colour> palette_of(TIFF* file, const TiffHeader& header, const std::string& name) {
  std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  require(TIFFGetField(file, TIFFTAG_COLORMAP, &red, &green, &blue) == 1, name + ": has no palette");
  std::vector<Colour> palette;
  for (std::size_t i = 0; i < std::size_t{1} << header.bits; ++i) {
    const auto upper = [](std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); };
    palette.push_back({upper(red[i]), upper(green[i]), upper(blue[i])});
  }
  return palette;
}

Image tiff_decode(Contents contents, const ImageHeader& known, const std::string& name) {
  Source source{contents};
  const Tiff file = open_tiff(source, name);
  const TiffHeader header = read_tiff_header(file.get(), name);
  if (header.bits == 16) return {known.shape, unit_floats(values_of<std::uint16_t>(file.get(), header, name))};
  std::vector<std::uint8_t> values = values_of<std::uint8_t>(file.get(), header, name);
  if (header.has_palette()) return {known.shape, painted(values, palette_of(file.get(), header, name), name)};
  return {known.shape, std::move(values)};
}

int tiff_orientation(Contents contents) {
  Source source{contents};
  const Tiff file = open_tiff(source, "");
  std::uint16_t orientation = 1;
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_ORIENTATION, &orientation);
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

}  // namespace

const ImageFormat tiff_format{is_tiff, tiff_header, tiff_decode, tiff_orientation};

}  // namespace ballast::data
