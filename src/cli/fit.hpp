// SPDX-License-Identifier: Apache-2.0
//
// Whether data and model mean the same by a class and by a pixel.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/smooth/executor.hpp"
#include "options.hpp"

namespace ballast::cli {

// Labels as classes of a model with these names (empty: not known), where the data has no more than names. Returns what was done; nothing
// where labels stay as they are. Throws InputError where classes cannot be told.
std::string fit_names(std::unique_ptr<data::Dataset>& dataset, const std::vector<std::string>& model_names, int classes);

// Labels as the model's classes: by name where the data has no more than names, and moved by --label-offset. Returns what was done, for
// the manifest ("cat=281, dog=207", "+1"); nothing where labels stay as they are. Throws InputError where classes cannot be told.
std::string fit_classes(std::unique_ptr<data::Dataset>& dataset, const ModelArguments::Opened& model, int label_offset);

// Names of the model's classes: its own, or the data's where there are as many; empty where neither has any.
std::vector<std::string> names_of_classes(const data::Dataset& dataset, const ModelArguments::Opened& model);

// Where the model is no better than chance on up to 100 of these images without noise, and would be much better if its classes or
// pixels were taken otherwise: a line on standard error that says by which option. Nothing where all seems well.
void warn_of_accuracy(const ModelArguments& arguments, const ModelArguments::Opened& model, const data::Dataset& dataset,
                      const std::vector<std::size_t>& indices, smooth::Executor& executor);

}  // namespace ballast::cli
