// SPDX-License-Identifier: Apache-2.0
//
// Which files are images, by their names.

#pragma once

#include <filesystem>

namespace ballast::data {

// PNG, JPEG, PGM, PPM, BMP, GIF, WebP or TIFF. Throws InputError where it is an image of a format that is not read: such are refused, not
// skipped, as a certified accuracy is one over all images.
bool is_image(const std::filesystem::path& file);

// Whether the format by its name may hold 16 bits a value.
bool may_hold_16_bits(const std::filesystem::path& file);

}  // namespace ballast::data
