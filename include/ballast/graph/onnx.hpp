// SPDX-License-Identifier: Apache-2.0
//
// ONNX in and out.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "ballast/graph/graph.hpp"

namespace ballast::graph {

inline constexpr std::int64_t default_model_limit = std::int64_t{1} << 27;

struct OnnxOptions {
  // Inputs that are one number throughout, by name (a denoiser's timestep): they become constants of their declared
  // shape and type (FLOAT, DOUBLE, INT64 or INT32), with a batch of 1. None may be left over.
  std::map<std::string, double> constants;

  // The output must be the scores of a classifier. Otherwise it may have any shape, for each image of the batch.
  bool classifier = true;

  // Bytes that a network may take beyond its file: for the constants that reading it makes (four copies of the file aside), and
  // again for the largest value of one image. What would take more is refused before it is made.
  std::int64_t limit = default_model_limit;
};

// Reads a network of images, a classifier unless the options say otherwise: one
// floating-point input whose first dimension is the batch (a fixed batch is
// freed), beside those that the options make constant, and one or more outputs
// of which the first is taken. Operator sets 7 to 21. Whatever can be computed
// beforehand is. At most 12 dimensions. In between, a first size may be a multiple of the batch, as in
// attention with several heads; it becomes a dimension of its own behind the
// batch. Throws InputError naming the file and, for what is not supported, the
// operation and the node.
Graph load_onnx(const std::filesystem::path& file, const OnnxOptions& options = {});

// A network and the SHA-256 (hexadecimal) of the very bytes it was read from:
// the file may be another a moment later, or a pipe that can be read once.
struct LoadedGraph {
  Graph graph;
  std::string sha256;
};
LoadedGraph load_onnx_and_digest(const std::filesystem::path& file, const OnnxOptions& options = {});

// The same from bytes; name stands for the file in messages.
Graph parse_onnx(std::span<const char> bytes, const std::string& name, const OnnxOptions& options = {});

// Writes the file whole or not at all (a temporary name beside it, then a
// rename), with a free batch, operator set 13.
void save_onnx(const Graph& graph, const std::filesystem::path& file);

}  // namespace ballast::graph
