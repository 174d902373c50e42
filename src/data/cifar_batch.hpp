// SPDX-License-Identifier: Apache-2.0
//
// The images and labels in one file of CIFAR-10 or CIFAR-100.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "bytes.hpp"

namespace ballast::data {

// Which labels are read, and where they stand.
struct CifarLabels {
  const char* owner;  // in messages
  const char* key;    // of a pickled file's list
  int classes;
  std::size_t per_record, place;  // the bytes before a binary record's pixels, and which of them it is
};

inline constexpr CifarLabels cifar10_labels{"CIFAR-10", "labels", 10, 1, 0};
inline constexpr CifarLabels cifar100_fine_labels{"CIFAR-100", "fine_labels", 100, 2, 1};
inline constexpr CifarLabels cifar100_coarse_labels{"CIFAR-100 (coarse)", "coarse_labels", 20, 2, 0};

// 3x32x32 pixels an image.
struct CifarImages {
  Bytes pixels;
  std::vector<Label> labels;
};

// Adds the images of a binary file: records of labels and pixels. Throws InputError starting with `name` if it is none.
void add_cifar_records(std::span<const std::uint8_t> contents, const CifarLabels& kind, const std::string& name, CifarImages& images);

// Adds the images of the file's Python form: a pickled dictionary with an array `data` and a list of labels.
void add_cifar_pickle(std::span<const std::uint8_t> contents, const CifarLabels& kind, const std::string& name, CifarImages& images);

}  // namespace ballast::data
