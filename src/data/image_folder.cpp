// SPDX-License-Identifier: Apache-2.0

#include "image_folder.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/data/image_file.hpp"
#include "class_labels.hpp"
#include "image_format.hpp"
#include "image_list.hpp"
#include "image_names.hpp"

namespace ballast::data {

namespace {

constexpr int usual_resize = 256;
constexpr int usual_crop = 224;

// Sides in pixels; a height and a crop of 0 leave their step out.
struct Steps {
  Resizing resize;
  int crop = 0;
};

struct Preparation {
  ImageReading reading;
  Steps steps;
};

class ImageFolder final : public Dataset {
 public:
  // first: of the first file. one_size: of every file, where they are known to agree.
  ImageFolder(ImageList list, Preparation preparation, const ImageKind& first, bool one_size)
      : list_(std::move(list)), preparation_(preparation), first_(first), one_size_(one_size) {}

  std::size_t size() const override { return list_.files.size(); }
  int classes() const override { return list_.classes; }
  std::vector<std::string> class_names() const override { return list_.class_names; }
  bool labelled_by_name() const override { return !list_.class_names.empty(); }
  bool is_8bit() const override { return first_.is_8bit; }
  Label label(std::size_t index) const override { return list_.files.at(index).label; }
  Fitting fitting() const override {
    const Steps& steps = preparation_.steps;
    return {steps.resize.height > 0 ? to_string(steps.resize) : "", steps.crop};
  }
  bool repeats_gray() const override {
    return !preparation_.reading.gray &&
           std::all_of(list_.files.begin(), list_.files.end(), [](const LabelledFile& file) { return is_gray_file(file.path); });
  }

  Example at(std::size_t index) const override {
    require(index < size(), "no image " + std::to_string(index) + " in the data; allowed are 0 to " + std::to_string(size() - 1));
    const LabelledFile& file = list_.files[index];
    const Bytes contents = read_image_contents(file.path);
    require_unchanged(index, contents);
    Image image = image_of(contents, file.path.string(), preparation_.reading);
    require(!one_size_ || image.shape == first_.shape, file.path.string() + ": its size has changed since the folder was opened");
    require_same_depth(file, image.is_8bit());
    return {.image = prepared(std::move(image), file.path), .label = file.label};
  }

  std::optional<ImageShape> shape() const override {
    const Steps& steps = preparation_.steps;
    if (steps.crop > 0) return ImageShape{first_.shape.channels, steps.crop, steps.crop};
    if (steps.resize.width > 0) return ImageShape{first_.shape.channels, steps.resize.height, steps.resize.width};
    return steps.resize.height == 0 && one_size_ ? std::optional(first_.shape) : std::nullopt;
  }

  // Computed when first asked for: it reads every file.
  std::string sha256() const override {
    std::call_once(hashed_, [this] {
      sha256_ = digest();
      is_hashed_ = true;
    });
    return sha256_;
  }

  void require_same_depth(const LabelledFile& file, bool is_8bit) const {
    if (is_8bit == first_.is_8bit) return;
    const auto bits = [](bool eight) { return std::string(eight ? "8" : "16") + " bits a value"; };
    throw InputError(file.path.string() + ": holds " + bits(is_8bit) + ", and " + list_.files.front().path.string() + " " +
                     bits(first_.is_8bit) + "; allowed is one depth for all images");
  }

 private:
  Image prepared(Image image, const std::filesystem::path& file) const {
    const Steps& steps = preparation_.steps;
    try {
      if (steps.resize.height > 0) image = resize(image, steps.resize);
      if (steps.crop > 0) image = center_crop(image, steps.crop);
      return image;
    } catch (const InputError& error) {
      throw InputError(file.string() + ": " + error.what());
    }
  }

  // What the digest was made of is what is given from then on.
  void require_unchanged(std::size_t index, const Bytes& contents) const {
    if (!is_hashed_) return;
    const std::filesystem::path& file = list_.files[index].path;
    require(digest_of(contents) == digests_[index], file.string() + ": has changed since the data set's SHA-256 was computed");
  }

  static Digest digest_of(const Bytes& contents) {
    Sha256 hash;
    hash.add(contents);
    return hash.finish();
  }

  // Of the lines "sha256  label name", and of what is done to the images where anything is.
  std::string digest() const {
    Sha256 lines;
    digests_.clear();  // of an attempt that failed
    for (const LabelledFile& file : list_.files) {
      digests_.push_back(digest_of(read_image_contents(file.path)));
      lines.add(to_hex(digests_.back()) + "  " + std::to_string(file.label) + " " + file.name + "\n");
    }
    const auto& [reading, steps] = preparation_;
    if (reading.gray) lines.add("gray\n");
    if (reading.exif) lines.add("exif\n");
    if (steps.resize.height > 0) lines.add("resize " + to_string(steps.resize) + "\n");
    if (steps.crop > 0) lines.add("crop " + std::to_string(steps.crop) + "\n");
    return to_hex(lines.finish());
  }

  ImageList list_;
  Preparation preparation_;
  ImageKind first_;
  bool one_size_;
  mutable std::once_flag hashed_;
  mutable std::atomic<bool> is_hashed_ = false;
  mutable std::vector<Digest> digests_;  // of each file, once they are hashed
  mutable std::string sha256_;
};

// Whether all the files' headers give the shape of the first.
bool have_one_size(const std::vector<LabelledFile>& files, const ImageReading& reading, const ImageKind& first) {
  return std::all_of(files.begin() + 1, files.end(),
                     [&](const LabelledFile& file) { return read_image_kind(file.path, reading).shape == first.shape; });
}

std::unique_ptr<Dataset> open_list(ImageList list, const OpenOptions& options, bool always_resize) {
  Preparation preparation{{.gray = options.gray, .exif = options.exif},
                          {.resize = options.resize.value_or(Resizing{usual_resize, 0, Interpolation::bilinear})}};
  Steps& steps = preparation.steps;
  const ImageKind first = read_image_kind(list.files.front().path, preparation.reading);
  const bool always = options.resize ? steps.resize.height > 0 : always_resize;
  const bool one_size = !always && have_one_size(list.files, preparation.reading, first);
  if (one_size) steps.resize = {};
  steps.crop = options.crop.value_or(steps.resize.width > 0 ? 0 : std::min(steps.resize.height, usual_crop));
  const std::vector<LabelledFile> files = list.files;
  auto folder = std::make_unique<ImageFolder>(std::move(list), preparation, first, one_size);
  for (const LabelledFile& file : files) {
    if (may_hold_16_bits(file.path)) folder->require_same_depth(file, read_image_kind(file.path).is_8bit);
  }
  return folder;
}

}  // namespace

std::unique_ptr<Dataset> open_image_folder(const std::filesystem::path& folder, const OpenOptions& options, bool always_resize) {
  require(!options.labels.empty() || (!options.label_order && options.synsets.empty() && options.class_names.empty()),
          folder.string() + ": what labels mean is said (label order, synsets or class names), but no file of labels is given");
  return open_list(options.labels.empty() ? list_images(folder, options.split) : list_labelled_images(folder, options), options,
                   always_resize);
}

std::unique_ptr<Dataset> open_single_image(const std::filesystem::path& file, const OpenOptions& options) {
  require(options.label.has_value(), file.string() + ": one image has no label of its own; --label says it");
  require(*options.label >= 0 && *options.label < most_classes,
          "label is " + std::to_string(*options.label) + "; allowed are 0 to " + std::to_string(most_classes - 1));
  return open_list({{{file, file.filename().string(), *options.label}}, *options.label + 1}, options, false);
}

}  // namespace ballast::data
