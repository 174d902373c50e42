// SPDX-License-Identifier: Apache-2.0
//
// Tiny ImageNet (tiny-imagenet-200), as it is offered.

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "image_list.hpp"

namespace ballast::data {

// Its images of a split in the unpacked folder, which holds wnids.txt: of val/images by val/val_annotations.txt for the test, as the labels
// of its own test images are not public, or of train/ID/images. The folder may be val/ or train/ itself. Labels are the places of the
// sorted WordNet ids. Nothing where it is no such folder. Throws InputError where an image or an id is missing.
std::optional<ImageList> try_list_tiny_imagenet(const std::filesystem::path& folder, const std::string& split);

}  // namespace ballast::data
