// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/open.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "array_dataset.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/data/image_file.hpp"
#include "bytes.hpp"
#include "cifar.hpp"
#include "idx.hpp"
#include "image_folder.hpp"
#include "image_names.hpp"
#include "known_classes.hpp"
#include "mat.hpp"

namespace ballast::data {

namespace {

constexpr std::array<std::string_view, 6> set_names{"fashion-mnist", "mnist", "cifar10", "cifar100", "svhn", "imagenet"};
constexpr const char* packaged_fashion_mnist = "/usr/share/datasets/fashion-mnist";

bool is_name(const std::string& text) { return std::find(set_names.begin(), set_names.end(), text) != set_names.end(); }

std::filesystem::path data_dir_of(const OpenOptions& options) {
  if (!options.data_dir.empty()) return options.data_dir;
  const char* variable = std::getenv("BALLAST_DATA");
  return variable != nullptr ? variable : "";
}

// The folder of a named data set.
std::filesystem::path find_named(const std::string& name, const OpenOptions& options) {
  const std::filesystem::path data_dir = data_dir_of(options);
  const bool packaged = name == "fashion-mnist";
  if (!data_dir.empty() && is_folder(data_dir / name)) return data_dir / name;
  if (packaged && is_folder(packaged_fashion_mnist)) return packaged_fashion_mnist;
  std::string message = name + ": not found: ";
  message += data_dir.empty() ? "no data folder is given (--data-dir or $BALLAST_DATA)" : "no folder " + (data_dir / name).string();
  if (!data_dir.empty() && name.starts_with("cifar")) message += ", and no official folder or archive of it in " + data_dir.string();
  if (packaged) message += std::string(" and no ") + packaged_fashion_mnist + "; apt-get install dataset-fashion-mnist brings it";
  throw InputError(message);
}

CifarOptions cifar_options(const OpenOptions& options) { return {options.split, options.coarse_labels}; }

void require_no_coarse_labels(const OpenOptions& options, const std::filesystem::path& path) {
  require(!options.coarse_labels, path.string() + ": has no coarse labels; CIFAR-100 alone has");
}

// What would be ignored is refused.
void require_nothing_of_images(const OpenOptions& options, const std::filesystem::path& path) {
  const bool is_nothing = options.labels.empty() && !options.label_order && options.synsets.empty() && options.class_names.empty();
  require(is_nothing, path.string() + ": has labels of its own; a file of labels, their order and names are for folders of images");
  require(!options.gray && !options.exif, path.string() + ": holds arrays; --gray and --exif are for images in files of their own");
  require(!options.label, path.string() + ": has labels of its own; --label is for a single image");
}

std::unique_ptr<Dataset> checked(std::unique_ptr<Dataset> dataset, const OpenOptions& options, const std::filesystem::path& path) {
  if (dataset != nullptr) require_nothing_of_images(options, path);
  return dataset;
}

// IDX, CIFAR's or SVHN's files; null where there are none.
std::unique_ptr<Dataset> try_open_arrays(const std::filesystem::path& folder, const OpenOptions& options) {
  if (const auto images = find_idx_images(folder, options.split)) {
    require_no_coarse_labels(options, folder);
    return open_idx(*images);
  }
  require(!find_idx_images(folder, options.split == "test" ? "train" : "test"),
          folder.string() + ": has no IDX files of the split " + options.split + " (" + (options.split == "test" ? "t10k" : "train") +
              "-images-idx3-ubyte, .gz or not), only of the other");
  if (auto cifar = try_open_cifar_folder(folder, cifar_options(options))) return cifar;
  require_no_coarse_labels(options, folder);
  return try_open_svhn_folder(folder, options.split);
}

std::unique_ptr<Dataset> open_folder(const std::filesystem::path& folder, const OpenOptions& options, bool always_resize) {
  if (auto arrays = checked(try_open_arrays(folder, options), options, folder)) return arrays;
  require(!options.label, folder.string() + ": is a folder; --label is for a single image");
  return open_image_folder(folder, options, always_resize);
}

std::unique_ptr<Dataset> open_array_file(const std::filesystem::path& file, const OpenOptions& options) {
  const std::string name = file.filename().string();
  if (name.ends_with(".tar.gz") || name.ends_with(".tgz")) return open_cifar_archive(file, cifar_options(options));
  if (is_cifar_name(file) && !is_idx_images_name(file)) return open_cifar_file(file, cifar_options(options));
  require_no_coarse_labels(options, file);
  if (name.ends_with(".npz")) return open_npz(file, options.split);
  if (name.ends_with(".npy")) return open_npy(file);
  if (is_idx_images_name(file)) return open_idx(file);
  if (name.ends_with(".mat")) return open_mat(file);
  throw InputError(file.string() +
                   ": not a data set's file by its name; allowed are .npz, .npy, .bin and .tar.gz (CIFAR), .mat (SVHN), names with " +
                   "images-idx3, those of CIFAR's files for Python (data_batch_1, test_batch, train, test), and one image");
}

std::unique_ptr<Dataset> open_file(const std::filesystem::path& file, const OpenOptions& options) {
  if (!is_image(file)) return checked(open_array_file(file, options), options, file);
  require_no_coarse_labels(options, file);
  require(options.labels.empty() && !options.label_order && options.synsets.empty(),
          file.string() + ": is one image; --label says its label, and --labels those of a folder");
  return open_single_image(file, options);
}

std::unique_ptr<Dataset> open_named(const std::string& name, const OpenOptions& options) {
  const std::filesystem::path data_dir = data_dir_of(options);
  if (!data_dir.empty() && !is_folder(data_dir / name)) {
    if (auto cifar = checked(try_open_named_cifar(data_dir, name, cifar_options(options)), options, data_dir)) return cifar;
  }
  return open_folder(find_named(name, options), options, name == "imagenet");
}

void check_side(const char* option, std::optional<int> side) {
  require(!side || (*side >= 0 && *side <= largest_side), std::string(option) + " is " + std::to_string(side.value_or(0)) +
                                                              "; allowed are 1 to " + std::to_string(largest_side) + ", or 0 for none");
}

}  // namespace

bool is_image_file(const std::filesystem::path& path) { return !is_folder(path) && is_image(path); }

std::unique_ptr<Dataset> open_dataset(const std::string& name_or_path, const OpenOptions& options) {
  require(options.split == "test" || options.split == "train", "split is " + options.split + "; allowed are test and train");
  if (options.resize) check_side("resize", options.resize->height), check_side("resize", options.resize->width);
  check_side("crop", options.crop);
  if (is_name(name_or_path)) return with_known_names(open_named(name_or_path, options), name_or_path);
  if (is_folder(name_or_path)) return open_folder(name_or_path, options, false);
  require(is_file(name_or_path),
          name_or_path +
              ": no such data; allowed are fashion-mnist, mnist, cifar10, cifar100, svhn, imagenet, and the path of a folder or file");
  return open_file(name_or_path, options);
}

}  // namespace ballast::data
