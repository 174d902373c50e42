// SPDX-License-Identifier: Apache-2.0

#include "mat.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/data/image_file.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "bytes.hpp"
#include "content_digest.hpp"
#include "mat_array.hpp"

namespace ballast::data {

namespace {

constexpr std::uintmax_t largest_mat = std::uintmax_t{1} << 32;  // SVHN's largest has 1.3 GB
constexpr int svhn_classes = 10;
constexpr std::size_t channel_count = 3;

// The four dimensions; MATLAB drops the last where there is one image.
std::array<std::size_t, 4> sizes_of(const MatArray& images, const std::string& name) {
  const std::string allowed = fmt::format("{}: X is {}; allowed is height x width x 3 x images, at least 1 image, and sides of 1 to {}",
                                          name, fmt::join(images.dims, " x "), largest_side);
  require(images.dims.size() == 3 || images.dims.size() == 4, allowed);
  const std::array<std::size_t, 4> sizes{images.dims[0], images.dims[1], images.dims[2], images.dims.size() == 4 ? images.dims[3] : 1};
  const auto fits = [](std::size_t side) { return side >= 1 && side <= largest_side; };
  require(fits(sizes[0]) && fits(sizes[1]) && sizes[2] == channel_count && sizes[3] >= 1, allowed);
  return sizes;
}

// Each plane of each image from columns to rows.
Bytes rows_of(const Bytes& columns, std::size_t height, std::size_t width) {
  Bytes rows(columns.size());
  for (std::size_t plane = 0; plane < columns.size(); plane += height * width) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t y = 0; y < height; ++y) rows[plane + y * width + x] = columns[plane + x * height + y];
    }
  }
  return rows;
}

// From SVHN's 1 to 10 to the digit.
std::vector<Label> labels_of(const MatArray& array, const std::string& name) {
  const bool is_vector = array.dims.size() == 2 && (array.dims[0] == 1 || array.dims[1] == 1);
  require(is_vector, fmt::format("{}: y is {}; allowed is one label an image", name, fmt::join(array.dims, " x ")));
  std::vector<Label> labels;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const double value = array.value(i);
    require(value >= 1 && value <= svhn_classes && value == std::floor(value),
            fmt::format("{}: image {} has label {}; SVHN has 1 to 10, where 10 is the digit 0", name, i, value));
    labels.push_back(static_cast<Label>(value) % svhn_classes);
  }
  return labels;
}

}  // namespace

std::unique_ptr<Dataset> open_mat(const std::filesystem::path& file) {
  const std::string name = file.string();
  require(is_file(file), name + ": no such file");
  check_mat_header(read_start(file, mat_start), name);
  Bytes contents = read_file(file, largest_mat);
  const std::array<std::string, 2> names{"X", "y"};
  const std::vector<MatArray> arrays = read_mat(contents, names, name);
  const std::string sha256 = sha256_hex(contents);
  contents = {};  // the pixels take as much again
  const MatArray &images = arrays[0], &label_array = arrays[1];
  require(images.is_uint8 && images.storage == MatType::u8, name + ": X holds other numbers than uint8; allowed is uint8");
  const auto [height, width, channels, count] = sizes_of(images, name);
  std::vector<Label> labels = labels_of(label_array, name);
  require(labels.size() == count, fmt::format("{}: holds {} images, but {} labels", name, count, labels.size()));
  const ImageShape shape{static_cast<int>(channels), static_cast<int>(height), static_cast<int>(width)};
  return std::make_unique<MemoryDataset>(shape, rows_of(images.bytes, height, width), std::move(labels), svhn_classes, sha256);
}

std::unique_ptr<Dataset> try_open_svhn_folder(const std::filesystem::path& folder, const std::string& split) {
  const std::filesystem::path train = folder / "train_32x32.mat", test = folder / "test_32x32.mat";
  if (!is_file(train) && !is_file(test)) return nullptr;
  return open_mat(split == "train" ? train : test);
}

}  // namespace ballast::data
