// SPDX-License-Identifier: Apache-2.0
//
// ONNX in and out.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "ballast/core/image.hpp"
#include "ballast/graph/graph.hpp"
#include "ballast/graph/passes.hpp"

namespace ballast::graph {

inline constexpr std::int64_t default_model_limit = std::int64_t{1} << 27;

struct OnnxOptions {
  // Inputs that are one number throughout, by name (a denoiser's timestep): they become constants of their declared
  // shape and type (FLOAT, DOUBLE, INT64 or INT32), with a batch of 1. None may be left over.
  std::map<std::string, double> constants;

  // The output must be what a classifier gives. Otherwise it may have any shape, for each image of the batch.
  bool classifier = true;

  // Bytes that a network may take beyond its files: for the constants that reading it makes (four copies of the files aside), and
  // again for the largest value of one image. What would take more is refused before it is made.
  std::int64_t limit = default_model_limit;

  // What sizes of the input that the file leaves open are taken from, and how images lie in it where that is not clear.
  std::optional<ImageShape> shape;
  std::optional<InputLayout> layout;

  std::string output;               // which of several; empty: the only one that fits
  std::optional<double> threshold;  // of one score for two classes; otherwise 0.5 behind a Sigmoid, else 0
};

// Reads a network of images, a classifier unless the options say otherwise.
//
// Input: one, beside those that the options make constant, whose first dimension is the batch (a fixed batch is freed). Floating-point
// numbers of any width, computed with in single precision; or bytes: then the graph takes pixels of [0, 1], which it multiplies by
// 255, cuts to 0 ... 255 and rounds.
//
// Output of a classifier: the scores (batch x classes), or what ends in the label that they give (ArgMax, TopK of one), whose scores
// are taken; or one score for two classes: then the graph's scores are the threshold and that score, so the second class is
// where it is above. Of several outputs, the only one with scores is taken, else the only one of labels, else the only one of one score.
//
// Operator sets 7 to 23. Whatever can be computed beforehand is; functions of the file and conditions that are constant are
// written out. At most 12 dimensions. In between, the batch may stand behind other dimensions, and a size may be a multiple of it, as in
// attention with several heads; in the graph, the batch comes first and by itself. Weights in other files must lie below the
// model's folder.
//
// Throws InputError naming the file and, for what is not supported, the operation and the node.
Graph load_onnx(const std::filesystem::path& file, const OnnxOptions& options = {});

// A network and the SHA-256 (hexadecimal) of the very bytes it was read from: the file may be another a moment later, or a pipe
// that can be read once. Where weights lie in other files, of the file's own digest (32 bytes) and, in the order of their
// names as the file spells them, of each name, a zero byte and the other file's digest (32 bytes).
struct LoadedGraph {
  Graph graph;
  std::string sha256;
};
LoadedGraph load_onnx_and_digest(const std::filesystem::path& file, const OnnxOptions& options = {});

// The same from bytes, without other files; name stands for the file in messages.
Graph parse_onnx(std::span<const char> bytes, const std::string& name, const OnnxOptions& options = {});

// In which a file holds constants of 1,024 elements and more.
enum class WeightForm {
  single,
  half,  // the nearest numbers of half precision, which halves the file; reading gives just these
  whole  // of layers, bytes and a step for each output where the weights are such multiples (whole_weights()); else single
};

struct SaveOptions {
  WeightForm weights = WeightForm::single;
};

// Writes the file whole or not at all (a temporary name beside it, then a
// rename), with a free batch, operator set 17. Throws InputError for an operation that has no place in it, and for weights beyond half
// precision where that is asked for.
void save_onnx(const Graph& graph, const std::filesystem::path& file, const SaveOptions& options = {});

}  // namespace ballast::graph
