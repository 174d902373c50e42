// SPDX-License-Identifier: Apache-2.0
//
// What lies beside a model and says how images are made ready for it.

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::model {

// Of pixels by a filter, as Pillow computes them.
struct Resizing {
  int height = 0, width = 0;  // exactly; or, where width is 0, height is the length of the shorter side
  std::string interpolation;  // nearest, bilinear, bicubic, lanczos, box or hamming
};

struct Preprocessing {
  std::optional<Resizing> resizing;
  std::optional<int> crop;              // then a square of this side from the middle
  double input_scale = 1;               // pixels of [0, 1] are multiplied by this
  std::vector<double> mean, deviation;  // and then (x - mean) / deviation by channel; empty: as they are
};

struct ModelFolder {
  std::filesystem::path model;
  std::vector<std::string> class_names;  // in the order of scores; empty: not said
  std::optional<Preprocessing> preprocessing;
};

// A folder as Hugging Face lays it out: model.onnx or onnx/model.onnx, config.json (id2label) and preprocessor_config.json; or, of
// timm, pretrained_cfg in config.json. Throws InputError, naming the file, where there is no model, a file cannot be read, or it asks
// for what cannot be done.
ModelFolder read_model_folder(const std::filesystem::path& folder);

// In a line, for people and manifests: "shorter side to 256 (bicubic), crop of 224, mean 0.5,0.5,0.5, std 0.5,0.5,0.5".
std::string to_string(const Preprocessing& preprocessing);

// Names of classes in the order of scores: a JSON array, a JSON object of numbers (or names) to names (or numbers), or a line a class.
// Two classes may have one name, as some of ImageNet's do. Throws InputError, naming the file, where it is none of these or a class
// has no name.
std::vector<std::string> read_class_names(const std::filesystem::path& file);

// The same from JSON text; empty where it is none of the two forms.
std::vector<std::string> class_names_in(const std::string& json);

// The names in a network's metadata, where there are as many as it has classes; else none.
std::vector<std::string> class_names_of(const graph::Graph& graph, int classes);
// They become the network's, for its file.
void set_class_names(graph::Graph& graph, const std::vector<std::string>& names);

}  // namespace ballast::model
