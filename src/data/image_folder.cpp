// SPDX-License-Identifier: Apache-2.0

#include "image_folder.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/data/image_file.hpp"
#include "content_digest.hpp"
#include "image_list.hpp"

namespace ballast::data {

namespace {

constexpr int usual_resize = 256;
constexpr int usual_crop = 224;

// Sides in pixels; 0 leaves the step out.
struct Steps {
  int resize = 0;
  int crop = 0;
};

class ImageFolder final : public Dataset {
 public:
  ImageFolder(ImageList list, Steps steps, std::optional<ImageShape> file_shape)
      : list_(std::move(list)), steps_(steps), file_shape_(file_shape) {}

  std::size_t size() const override { return list_.files.size(); }
  int classes() const override { return list_.classes; }
  bool is_8bit() const override { return true; }

  Example at(std::size_t index) const override {
    require(index < size(), "no image " + std::to_string(index) + " in the data; allowed are 0 to " + std::to_string(size() - 1));
    const LabelledFile& file = list_.files[index];
    Image image = read_image_file(file.path);
    require(!file_shape_ || image.shape == *file_shape_, file.path.string() + ": its size has changed since the folder was opened");
    return {.image = prepared(std::move(image), file.path), .label = file.label};
  }

  std::optional<ImageShape> shape() const override {
    if (steps_.crop > 0) return ImageShape{3, steps_.crop, steps_.crop};
    return steps_.resize == 0 ? file_shape_ : std::nullopt;
  }

  // Computed when first asked for: it reads every file.
  std::string sha256() const override {
    std::call_once(hashed_, [this] { sha256_ = digest(); });
    return sha256_;
  }

 private:
  Image prepared(Image image, const std::filesystem::path& file) const {
    try {
      if (steps_.resize > 0) image = resize_shorter_side(image, steps_.resize);
      if (steps_.crop > 0) image = center_crop(image, steps_.crop);
      return image;
    } catch (const InputError& error) {
      throw InputError(file.string() + ": " + error.what());
    }
  }

  // Of the lines "sha256  label name", and of the steps where there are any.
  std::string digest() const {
    Sha256 lines;
    for (const LabelledFile& file : list_.files) {
      lines.add(sha256_of_file(file.path) + "  " + std::to_string(file.label) + " " + file.name + "\n");
    }
    if (steps_.resize > 0) lines.add("resize " + std::to_string(steps_.resize) + "\n");
    if (steps_.crop > 0) lines.add("crop " + std::to_string(steps_.crop) + "\n");
    return to_hex(lines.finish());
  }

  ImageList list_;
  Steps steps_;
  std::optional<ImageShape> file_shape_;  // of every file, where they are known to agree
  mutable std::once_flag hashed_;
  mutable std::string sha256_;
};

// The shape that all the files' headers give; nothing as soon as two differ.
std::optional<ImageShape> common_shape(const std::vector<LabelledFile>& files) {
  const ImageShape shape = read_image_shape(files.front().path);
  const bool agree =
      std::all_of(files.begin(), files.end(), [&](const LabelledFile& file) { return read_image_shape(file.path) == shape; });
  return agree ? std::optional(shape) : std::nullopt;
}

}  // namespace

std::unique_ptr<Dataset> open_image_folder(const std::filesystem::path& folder, const ImageFolderOptions& options) {
  ImageList list = list_images(folder, options.split);
  std::optional<ImageShape> file_shape;
  Steps steps{.resize = options.resize.value_or(usual_resize)};
  const bool always = options.resize ? steps.resize > 0 : options.always_resize;
  if (!always) {
    file_shape = common_shape(list.files);
    if (file_shape) steps.resize = 0;
  }
  steps.crop = options.crop.value_or(std::min(steps.resize, usual_crop));
  return std::make_unique<ImageFolder>(std::move(list), steps, file_shape);
}

}  // namespace ballast::data
