// SPDX-License-Identifier: Apache-2.0
//
// Which images a folder holds, and their labels.

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/data/open.hpp"

namespace ballast::data {

struct LabelledFile {
  std::filesystem::path path;
  std::string name;  // relative to the split's folder
  Label label = 0;
};

struct ImageList {
  std::vector<LabelledFile> files;
  int classes = 0;
  std::vector<std::string> class_names = {};  // in the order of labels; empty where the labels are numbers of the data's own
};

// The images of a split (test or train), in the order that indices count: of the table where there is one, else by class
// and name. Throws InputError if there are none, or naming what cannot be used.
ImageList list_images(const std::filesystem::path& folder, const std::string& split);

// All images in the folder and below with the labels of a file, as OpenOptions says. Requires options.labels. Throws InputError as above,
// and for an image without a label.
ImageList list_labelled_images(const std::filesystem::path& folder, const OpenOptions& options);

}  // namespace ballast::data
