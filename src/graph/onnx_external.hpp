// SPDX-License-Identifier: Apache-2.0
//
// Tensors whose bytes lie in other files beside the model's.

#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "ballast/core/sha256.hpp"
#include "load_budget.hpp"

namespace ballast::graph {

class ExternalFiles {
 public:
  // None may be read.
  ExternalFiles() = default;
  // Files below this folder may be: neither by a path that leaves it nor by a link.
  explicit ExternalFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  static bool holds(const onnx::TensorProto& tensor) {
    return tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() > 0;
  }

  // The tensor's bytes, of which there must be `count`. A file is read whole, once, and pays for what is made of it as the model's
  // own file does. Throws InputError naming the tensor.
  std::span<const char> bytes(const onnx::TensorProto& tensor, std::size_t count, LoadBudget& budget);

  // Of the model's own file, or of that and all others that were read (LoadedGraph).
  std::string digest(const std::string& own) const;

 private:
  const std::string& whole(const std::string& location, LoadBudget& budget);

  std::optional<std::filesystem::path> folder_;
  std::map<std::string, std::string> files_;  // bytes by location
};

}  // namespace ballast::graph
