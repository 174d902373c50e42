// SPDX-License-Identifier: Apache-2.0
//
// CIFAR-10 and CIFAR-100 as their authors offer them: binary or Python's, unpacked or in the archive.

#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

struct CifarOptions {
  std::string split;           // test or train
  bool coarse_labels = false;  // refused for CIFAR-10, which has none
};

// Whether it is a file of one of the sets by its name: NAME.bin, or such as data_batch_1, test_batch, train, test.
bool is_cifar_name(const std::filesystem::path& file);

// One file, by its name: CIFAR-100's if it is train or test, .bin or not; CIFAR-10's otherwise.
std::unique_ptr<Dataset> open_cifar_file(const std::filesystem::path& file, const CifarOptions& options);

// One of the official archives, packed.
std::unique_ptr<Dataset> open_cifar_archive(const std::filesystem::path& file, const CifarOptions& options);

// The files in the folder, in one of its subfolders cifar-10-batches-bin/, cifar-10-batches-py/, cifar-100-binary/, cifar-100-python/, or
// in one of the archives there; null if it has none of these. Of a set in several forms the first is taken. Throws InputError where there
// are both sets.
std::unique_ptr<Dataset> try_open_cifar_folder(const std::filesystem::path& folder, const CifarOptions& options);

// As try_open_cifar_folder, of the set with that name alone, which is cifar10 or cifar100.
std::unique_ptr<Dataset> try_open_named_cifar(const std::filesystem::path& folder, const std::string& name, const CifarOptions& options);

}  // namespace ballast::data
