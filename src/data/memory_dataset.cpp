// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/memory_dataset.hpp"

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "class_labels.hpp"

namespace ballast::data {

namespace {

std::size_t count(const MemoryDataset::Pixels& pixels) {
  return std::visit([](const auto& values) { return values.size(); }, pixels);
}

template <typename T>
std::span<const std::uint8_t> as_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

void check_labels(const std::vector<Label>& labels, int classes) {
  const Label end = classes > 0 ? classes : most_classes;
  const auto wrong = std::find_if(labels.begin(), labels.end(), [end](Label label) { return label < 0 || label >= end; });
  if (wrong == labels.end()) return;
  throw InputError("image " + std::to_string(wrong - labels.begin()) + " has label " + std::to_string(*wrong) + "; allowed are 0 to " +
                   std::to_string(end - 1));
}

void check_range(const std::vector<float>& values, std::size_t image_size) {
  const auto wrong = std::find_if(values.begin(), values.end(), [](float value) { return !(value >= 0 && value <= 1); });
  if (wrong == values.end()) return;
  throw InputError("image " + std::to_string(static_cast<std::size_t>(wrong - values.begin()) / image_size) + " has a pixel of " +
                   std::to_string(*wrong) + "; allowed are 0 to 1");
}

std::string digest(const ImageShape& shape, const MemoryDataset::Pixels& pixels, const std::vector<Label>& labels) {
  Sha256 hash;
  hash.add(to_string(shape) + " " + std::to_string(labels.size()) + (pixels.index() == 0 ? " bytes\n" : " floats\n"));
  hash.add(as_bytes(labels));
  std::visit([&](const auto& values) { hash.add(as_bytes(values)); }, pixels);
  return to_hex(hash.finish());
}

}  // namespace

MemoryDataset::MemoryDataset(ImageShape shape, Pixels pixels, std::vector<Label> labels, int classes, std::string sha256)
    : shape_(shape), pixels_(std::move(pixels)), labels_(std::move(labels)), classes_(classes), sha256_(std::move(sha256)) {
  require(!labels_.empty(), "holds no images; at least 1 is needed");
  require(shape_.channels > 0 && shape_.height > 0 && shape_.width > 0, "image shape " + to_string(shape_) + " is empty");
  require(count(pixels_) % shape_.size() == 0 && count(pixels_) / shape_.size() == labels_.size(),
          "holds " + std::to_string(count(pixels_)) + " pixel values, but " + std::to_string(labels_.size()) + " labels, and images of " +
              to_string(shape_));
  require(classes_ >= 0, "number of classes " + std::to_string(classes_) + " is negative");
  check_labels(labels_, classes_);
  if (!is_8bit()) check_range(std::get<1>(pixels_), shape_.size());
  if (classes_ == 0) classes_ = *std::max_element(labels_.begin(), labels_.end()) + 1;
  if (sha256_.empty()) sha256_ = digest(shape_, pixels_, labels_);
}

Example MemoryDataset::at(std::size_t index) const {
  require(index < size(), "no image " + std::to_string(index) + " in the data; allowed are 0 to " + std::to_string(size() - 1));
  const auto first = static_cast<std::ptrdiff_t>(index * shape_.size());
  const auto last = first + static_cast<std::ptrdiff_t>(shape_.size());
  Example example{.image = {.shape = shape_, .pixels = {}}, .label = labels_[index]};
  std::visit(
      [&](const auto& values) { example.image.pixels = std::decay_t<decltype(values)>(values.begin() + first, values.begin() + last); },
      pixels_);
  return example;
}

}  // namespace ballast::data
