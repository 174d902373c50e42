// SPDX-License-Identifier: Apache-2.0
//
// Whether an image file is whole: what the decoder itself does not check.

#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ballast::data {

bool is_png(std::span<const std::uint8_t> contents);
bool is_jpeg(std::span<const std::uint8_t> contents);

// Requires chunks with right checksums up to the closing IEND. Throws InputError starting with `name` otherwise.
void check_png(std::span<const std::uint8_t> contents, const std::string& name);

// Requires of a PNG with right chunks that its image data unpack to no more than its size needs, but for a few bytes, which the
// decoder would take memory for. Throws InputError starting with `name` otherwise, or where the data is damaged.
void check_png_data(std::span<const std::uint8_t> contents, const std::string& name);

// Requires segments and scans up to the end-of-image marker (the decoder fills what is missing with grey), Huffman tables
// that fit the decoder's, at most 100 scans, and that CMYK images say how they store it. Bytes after the marker are allowed. Throws
// InputError starting with `name` otherwise.
void check_jpeg(std::span<const std::uint8_t> contents, const std::string& name);

// The EXIF block of a file that the check above has passed; empty where there is none.
std::span<const std::uint8_t> exif_of_png(std::span<const std::uint8_t> contents);
std::span<const std::uint8_t> exif_of_jpeg(std::span<const std::uint8_t> contents);

}  // namespace ballast::data
