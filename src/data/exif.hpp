// SPDX-License-Identifier: Apache-2.0
//
// The orientation in a camera's metadata.

#pragma once

#include <cstdint>
#include <span>

#include "ballast/core/image.hpp"

namespace ballast::data {

// The orientation that an EXIF block (a TIFF header and what follows) says, 1 to 8; 1 where it says none or is damaged.
int exif_orientation(std::span<const std::uint8_t> block);

// The image as it is to be looked at. Requires an orientation of 1 (unchanged) to 8.
Image turned(const Image& image, int orientation);

}  // namespace ballast::data
