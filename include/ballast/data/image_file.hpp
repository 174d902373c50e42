// SPDX-License-Identifier: Apache-2.0
//
// Files of images, and the usual way from a photograph to a network's input.

#pragma once

#include <filesystem>
#include <string>

#include "ballast/core/enum_names.hpp"
#include "ballast/core/image.hpp"

namespace ballast::data {

// The largest side of an image, in pixels, and the largest number of its pixels.
inline constexpr int largest_side = 1 << 14;
inline constexpr int most_pixels = 1 << 26;

struct ImageReading {
  bool gray =
      false;  // 1 channel: grey as it is stored, colours by ITU-R 601-2 (0.299 R + 0.587 G + 0.114 B), to the byte as Pillow's convert("L")
  bool exif = false;  // turned by the orientation in the metadata of JPEG, PNG, WebP and TIFF
};

// The image as 3 channels (RGB) of bytes, or of floats in [0, 1] where a PNG or TIFF holds 16 bits: grey is repeated, alpha dropped, CMYK
// of a JPEG converted. Formats: PNG, JPEG, PGM and PPM (8 bits), BMP (not packed), GIF (its first image), WebP (still) and TIFF (its first
// image; grey, RGB or of a palette). Pixels are as they are stored: the orientation in a camera's metadata is not applied unless asked, as
// torchvision does not. Throws InputError naming the file if it is none of these, larger than the limits above, damaged or cut short.
Image read_image_file(const std::filesystem::path& file, const ImageReading& how = {});

struct ImageKind {
  ImageShape shape;
  bool is_8bit = true;
  bool operator==(const ImageKind&) const = default;
};

// What read_image_file will give, without decoding the pixels. Throws InputError as it does, though not for damage that only decoding
// shows.
ImageKind read_image_kind(const std::filesystem::path& file, const ImageReading& how = {});

// Whether the file holds one channel of grey, whatever read_image_file makes of it. Throws InputError as read_image_kind does.
bool is_gray_file(const std::filesystem::path& file);

// How elements between those of an image are made, each as Pillow does for bytes.
enum class Interpolation { nearest, bilinear, bicubic, lanczos, box, hamming };
inline constexpr EnumNames<Interpolation, 6> interpolation_names{{{{Interpolation::nearest, "nearest"},
                                                                   {Interpolation::bilinear, "bilinear"},
                                                                   {Interpolation::bicubic, "bicubic"},
                                                                   {Interpolation::lanczos, "lanczos"},
                                                                   {Interpolation::box, "box"},
                                                                   {Interpolation::hamming, "hamming"}}}};

// To height x width; or, where width is 0, to a shorter side of `height` and a longer one of floor(height * longer / shorter).
struct Resizing {
  int height = 0;
  int width = 0;
  Interpolation interpolation = Interpolation::bilinear;
  bool operator==(const Resizing&) const = default;
};

// The image resized as torchvision's Resize makes it from a PIL image: antialiased (but for nearest), the same bytes as Pillow's. Throws
// InputError unless it holds bytes and both sides are 1 to largest_side.
Image resize(const Image& image, const Resizing& resizing);

// "256", "224x224 bicubic".
std::string to_string(const Resizing& resizing);

// The square of that side in the middle, as torchvision's CenterCrop(size) cuts it. Requires 1 <= size <= both sides.
Image center_crop(const Image& image, int size);

}  // namespace ballast::data
