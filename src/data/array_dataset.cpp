// SPDX-License-Identifier: Apache-2.0

#include "array_dataset.hpp"

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/data/image_file.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "ballast/data/npy.hpp"
#include "bytes.hpp"
#include "content_digest.hpp"
#include "npy_header.hpp"
#include "npz_names.hpp"

namespace ballast::data {

namespace {

struct Layout {
  ImageShape shape;
  bool channels_last = false;
};

bool is_channel_count(std::size_t side) { return side == 1 || side == 3; }

std::string text_of(const std::vector<std::size_t>& shape) {
  std::string text = "(";
  for (const std::size_t side : shape) {
    if (text.size() > 1) text += ',';
    text += std::to_string(side);
  }
  return text + ")";
}

Layout layout_of(const std::vector<std::size_t>& shape, const std::string& name) {
  const std::string allowed =
      ": images have shape " + text_of(shape) + "; allowed are (N,C,H,W), (N,H,W,C) and (N,H,W), with 1 or 3 channels";
  require(shape.size() == 3 || shape.size() == 4, name + allowed);
  require(shape[0] > 0, name + ": holds no images; at least 1 is needed");
  for (std::size_t i = 1; i < shape.size(); ++i) {
    require(shape[i] > 0 && shape[i] <= largest_side, name + allowed + " and sides of 1 to " + std::to_string(largest_side));
  }
  const auto side = [&](std::size_t i) { return static_cast<int>(shape[i]); };
  if (shape.size() == 3) return {{1, side(1), side(2)}, false};
  const bool first = is_channel_count(shape[1]);
  const bool last = is_channel_count(shape[3]);
  require(first || last, name + allowed);
  require(!(first && last), name + ": images of shape " + text_of(shape) + " may be (N,C,H,W) or (N,H,W,C): that is ambiguous");
  return first ? Layout{{side(1), side(2), side(3)}, false} : Layout{{side(3), side(1), side(2)}, true};
}

// One image after another from (H,W,C) to (C,H,W).
template <typename T>
std::vector<T> channels_first(const std::vector<T>& pixels, const ImageShape& shape) {
  std::vector<T> turned(pixels.size());
  const auto channels = static_cast<std::size_t>(shape.channels);
  const std::size_t plane = shape.size() / channels;
  for (std::size_t image = 0; image < pixels.size(); image += shape.size()) {
    for (std::size_t i = 0; i < shape.size(); ++i) turned[image + (i % channels) * plane + i / channels] = pixels[image + i];
  }
  return turned;
}

template <typename T>
std::vector<T> values_of(const NpyArray& array) {
  std::vector<T> values(array.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

// Doubles out of [0, 1] stay outside as floats, so that the check of the floats sees them.
std::vector<float> to_floats(const std::vector<double>& values) {
  std::vector<float> floats;
  floats.reserve(values.size());
  for (const double value : values) floats.push_back(value >= 0 && value <= 1 ? static_cast<float>(value) : value > 1 ? 2.0F : -1.0F);
  return floats;
}

MemoryDataset::Pixels pixels_of(NpyArray images, const std::string& name) {
  switch (images.type) {
    case NpyType::u8: return std::move(images.bytes);
    case NpyType::f32: return values_of<float>(images);
    case NpyType::f64: return to_floats(values_of<double>(images));
    default:
      throw InputError(name + ": images are integers of more than 8 bits or signed; allowed are uint8, and float32 or float64 in [0, 1]");
  }
}

template <typename T>
std::vector<Label> narrowed(const NpyArray& array, const std::string& name) {
  std::vector<Label> labels;
  for (const T value : values_of<T>(array)) {
    require(std::in_range<Label>(value),
            name + ": image " + std::to_string(labels.size()) + " has label " + std::to_string(value) + "; allowed are 0 and more");
    labels.push_back(static_cast<Label>(value));
  }
  return labels;
}

std::vector<Label> labels_of(const NpyArray& array, const std::string& name) {
  require(array.shape.size() == 1 || (array.shape.size() == 2 && array.shape[1] == 1),
          name + ": labels have shape " + text_of(array.shape) + "; allowed is (N)");
  switch (array.type) {
    case NpyType::u8: return narrowed<std::uint8_t>(array, name);
    case NpyType::u16: return narrowed<std::uint16_t>(array, name);
    case NpyType::u32: return narrowed<std::uint32_t>(array, name);
    case NpyType::u64: return narrowed<std::uint64_t>(array, name);
    case NpyType::i8: return narrowed<std::int8_t>(array, name);
    case NpyType::i16: return narrowed<std::int16_t>(array, name);
    case NpyType::i32: return narrowed<std::int32_t>(array, name);
    case NpyType::i64: return narrowed<std::int64_t>(array, name);
    case NpyType::f32:
    case NpyType::f64: break;
  }
  throw InputError(name + ": labels are floats; allowed are integers");
}

std::unique_ptr<Dataset> dataset_of(NpyArray images, const NpyArray& label_array, std::string sha256, const std::string& name) {
  const Layout layout = layout_of(images.shape, name);
  std::vector<Label> labels = labels_of(label_array, name);
  require(images.shape[0] == labels.size(),
          name + ": holds " + std::to_string(images.shape[0]) + " images, but " + std::to_string(labels.size()) + " labels");
  MemoryDataset::Pixels pixels = pixels_of(std::move(images), name);
  if (layout.channels_last) {
    std::visit([&](auto& values) { values = channels_first(values, layout.shape); }, pixels);
  }
  try {
    return std::make_unique<MemoryDataset>(layout.shape, std::move(pixels), std::move(labels), 0, std::move(sha256));
  } catch (const InputError& error) {
    throw InputError(name + ": " + error.what());
  }
}

std::filesystem::path labels_beside(const std::filesystem::path& images_file) {
  const std::string stem = images_file.stem().string();
  const std::filesystem::path labels = images_file.parent_path() / (stem + "_labels.npy");
  if (is_file(labels)) return labels;
  std::string message = images_file.string() + ": its labels are missing: no " + labels.string();
  if (const std::size_t at = stem.rfind("_X_"); at != std::string::npos) {
    const std::filesystem::path other = images_file.parent_path() / (std::string(stem).replace(at, 3, "_y_") + ".npy");
    if (is_file(other)) return other;
    message += " or " + other.filename().string();
  }
  throw InputError(message);
}

struct HashedArray {
  NpyArray array;
  FileDigest digest;
};

HashedArray read_hashed(const std::filesystem::path& file) {
  Bytes contents = read_npy_bytes(file);
  FileDigest digest{file.filename().string(), sha256_hex(contents)};
  return {parse_npy(std::move(contents), file.string()), std::move(digest)};
}

}  // namespace

std::unique_ptr<Dataset> open_npz(const std::filesystem::path& file, const std::string& split) {
  std::error_code missing;  // what reads it says so
  const auto written = std::filesystem::last_write_time(file, missing);
  const std::array<std::string, 2> names = array_names(file, split);
  std::vector<NpyArray> arrays = read_npz(file, names);
  const std::string sha256 = sha256_of_file(file);
  require(std::filesystem::last_write_time(file, missing) == written, file.string() + ": changed while it was read");
  return dataset_of(std::move(arrays[0]), arrays[1], sha256, file.string());
}

std::unique_ptr<Dataset> open_npy(const std::filesystem::path& images_file) {
  const std::filesystem::path labels_file = labels_beside(images_file);
  HashedArray images = read_hashed(images_file);
  const HashedArray labels = read_hashed(labels_file);
  const std::array<FileDigest, 2> digests{images.digest, labels.digest};
  return dataset_of(std::move(images.array), labels.array, combined_digest(digests), images_file.string());
}

}  // namespace ballast::data
