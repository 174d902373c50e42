// SPDX-License-Identifier: Apache-2.0
//
// PNG, JPEG, PGM and PPM files, and the usual way from a photograph to a network's input.

#pragma once

#include <filesystem>

#include "ballast/core/image.hpp"

namespace ballast::data {

// The largest side of an image, in pixels, and the largest number of its pixels.
inline constexpr int largest_side = 1 << 14;
inline constexpr int most_pixels = 1 << 26;

// The image as 3 channels (RGB) of bytes: grey is repeated, alpha dropped, 16 bits reduced to 8, CMYK converted. The
// orientation in a camera's metadata is not applied, as torchvision does not. PGM and PPM are read as they are, raw or plain, where
// their largest value is 255. Throws InputError naming the file if it is none of these, larger than the limits above, damaged or cut short.
Image read_image_file(const std::filesystem::path& file);

// The shape that read_image_file will give, without decoding the pixels. Throws InputError as it does, though not for
// damage that only decoding shows.
ImageShape read_image_shape(const std::filesystem::path& file);

// The image with its shorter side `size` long and its longer side floor(size * longer / shorter), as torchvision's
// Resize(size) makes it from a PIL image: antialiased bilinear, the same bytes as Pillow's. Requires bytes and size >= 1.
Image resize_shorter_side(const Image& image, int size);

// The square of that side in the middle, as torchvision's CenterCrop(size) cuts it. Requires bytes and 1 <= size <= both sides.
Image center_crop(const Image& image, int size);

}  // namespace ballast::data
