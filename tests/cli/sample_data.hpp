// SPDX-License-Identifier: Apache-2.0
//
// Small data sets, as the bytes of their files.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ballast::cli::testing {

inline std::string idx(const std::vector<std::uint32_t>& sizes, const std::string& values) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift & 0xff);
  }
  return bytes + values;
}

struct SampleImages {
  static constexpr std::size_t count = 40;
  std::string pixels, labels;  // 1x8x8 bytes an image; labels 0 to 2
};

// Image i has label i % 3 and, on a grey ground, the brighter band of that class of `band_model`, by 3 i steps of grey: the
// first are certified nothing, the last a large radius. Every seventh image shows the next class's band.
inline SampleImages sample_images() {
  SampleImages images;
  for (std::size_t i = 0; i < SampleImages::count; ++i) {
    const std::size_t shown = (i + (i % 7 == 6)) % 3;
    for (std::size_t pixel = 0; pixel < 64; ++pixel) {
      const bool bright = pixel / 8 / 3 == shown && pixel / 8 % 3 < 2;
      images.pixels += static_cast<char>(100 + (bright ? 3 * i : 0));
    }
    images.labels += static_cast<char>(i % 3);
  }
  return images;
}

inline std::string idx_images(const SampleImages& images) {
  return idx({static_cast<std::uint32_t>(images.labels.size()), 8, 8}, images.pixels);
}
inline std::string idx_labels(const SampleImages& images) { return idx({static_cast<std::uint32_t>(images.labels.size())}, images.labels); }

// A CIFAR-10 binary file of so many images, labelled 0, 1, ...
inline std::string cifar(std::size_t images) {
  std::string bytes;
  for (std::size_t i = 0; i < images; ++i) {
    bytes += static_cast<char>(i % 10);
    for (std::size_t pixel = 0; pixel < 3072; ++pixel) bytes += static_cast<char>((pixel * 7 + i * 31) % 256);
  }
  return bytes;
}

}  // namespace ballast::cli::testing
