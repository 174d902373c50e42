// SPDX-License-Identifier: Apache-2.0
//
// CIFAR-10's binary format: records of a label byte and 3x32x32 pixels.

#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

// One file of records.
std::unique_ptr<Dataset> open_cifar_file(const std::filesystem::path& file);

// The official archive, packed; `split` is test or train.
std::unique_ptr<Dataset> open_cifar_archive(const std::filesystem::path& file, const std::string& split);

// The batches in the folder, in its cifar-10-batches-bin/ or in its cifar-10-binary.tar.gz; null if it has none of these.
std::unique_ptr<Dataset> try_open_cifar_folder(const std::filesystem::path& folder, const std::string& split);

}  // namespace ballast::data
