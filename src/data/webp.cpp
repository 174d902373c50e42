// SPDX-License-Identifier: Apache-2.0
//
// WebP, decoded by libwebp.

#include <webp/decode.h>

#include <string_view>

#include "ballast/core/errors.hpp"
#include "exif.hpp"
#include "image_format.hpp"

namespace ballast::data {

namespace {

constexpr std::size_t riff_header = 12, chunk_header = 8;

std::string_view text_at(Contents contents, std::size_t at) { return {reinterpret_cast<const char*>(contents.data()) + at, 4}; }

bool is_webp(Contents contents) {
  return contents.size() >= riff_header && text_at(contents, 0) == "RIFF" && text_at(contents, 8) == "WEBP";
}

ImageHeader webp_header(Contents contents, const std::string& name) {
  require(std::uint64_t{little_32(contents, 4)} + chunk_header <= contents.size(), name + ": is cut short: the WebP ends early");
  WebPBitstreamFeatures features;
  require(WebPGetFeatures(contents.data(), contents.size(), &features) == VP8_STATUS_OK, name + ": its WebP header is damaged");
  require(features.has_animation == 0, name + ": is an animated WebP; allowed are still images");
  return {checked_shape(3, static_cast<std::uint64_t>(features.width), static_cast<std::uint64_t>(features.height), name)};
}

Image webp_decode(Contents contents, const ImageHeader& header, const std::string& name) {
  std::vector<std::uint8_t> pixels(header.shape.size());
  require(WebPDecodeRGBInto(contents.data(), contents.size(), pixels.data(), pixels.size(), 3 * header.shape.width) != nullptr,
          name + ": cannot be decoded as WebP: it is damaged or cut short");
  return {header.shape, planes_of<std::uint8_t>(pixels, header.shape, 3)};
}

int webp_orientation(Contents contents) {
  for (std::size_t at = riff_header; at + chunk_header <= contents.size();) {
    const std::size_t size = little_32(contents, at + 4), rest = contents.size() - at - chunk_header;
    if (size > rest) return 1;
    if (text_at(contents, at) == "EXIF") {
      const Contents block = contents.subspan(at + chunk_header, size);
      const bool has_tag = size >= 6 && text_at(block, 0) == "Exif";  // as JPEG has it
      return exif_orientation(has_tag ? block.subspan(6) : block);
    }
    at += chunk_header + size + size % 2;
  }
  return 1;
}

}  // namespace

const ImageFormat webp_format{is_webp, webp_header, webp_decode, webp_orientation};

}  // namespace ballast::data
