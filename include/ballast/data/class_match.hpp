// SPDX-License-Identifier: Apache-2.0
//
// Classes of the data and classes of the model: which is which.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/data/dataset.hpp"

namespace ballast::data {

// The model's class of each of the data's, by its name: the same, else the same but for case, spaces, hyphens and underlines,
// or one of several names between commas; or a WordNet id, which stands among the model's names or has its place among the 1000 classes of
// a model of ImageNet (of 1001, behind the first, which is for the background). Names and ids may stand side by side. Without names of the
// model (empty), and with as many classes as the data: one after another. Throws InputError, saying what to do, where a class of the data
// is none or several of the model's.
std::vector<Label> match_classes(const std::vector<std::string>& data, const std::vector<std::string>& model, int model_classes);

// The same images, of which one of class c is labelled classes_of[c] of so many.
std::unique_ptr<Dataset> relabelled(std::unique_ptr<Dataset> dataset, std::vector<Label> classes_of, int classes);

// One image, labelled 0, whose class has this name: which of a model's it is must be told by it.
std::unique_ptr<Dataset> with_class_name(std::unique_ptr<Dataset> image, std::string name);

}  // namespace ballast::data
