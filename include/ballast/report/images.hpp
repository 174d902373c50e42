// SPDX-License-Identifier: Apache-2.0
//
// Which images of which data a log is about, and of which model: what a table or a figure has to name.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ballast/report/source.hpp"

namespace ballast::report {

// "fashion-mnist, test": the data set and its part, without folders. "" where the log does not say.
std::string data_text(const Source& source);

// "500 images of 10000 (0 to 9980, every 20th)", as far as it is known.
std::string images_text(const Source& source);

// The model's file, without folders. "" where the log does not say.
std::string model_text(const Source& source);

// Numbers from 0 on, in order of appearance: two sources have the same where they hold rows of the same images with the same labels, and
// neither's manifest says that its data are others. Accuracies of different images are no comparison.
std::vector<std::size_t> image_groups(std::span<const Source> sources);

// What all sources share, as in "fashion-mnist, test: 500 images of 10000; model fashion-mnist-0.25.onnx": as far as it is known and the
// same. Requires one group.
std::string subject_of(std::span<const Source> sources);

// The same in few words, for a figure: "fashion-mnist, test: 500 images; fashion-mnist-0.25.onnx".
std::string short_subject_of(std::span<const Source> sources);

}  // namespace ballast::report
