// SPDX-License-Identifier: Apache-2.0
//
// What one network may take while it is read: counted in all, and before any of it is taken.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::graph {

inline constexpr std::size_t most_dimensions = 12;

// All functions throw InputError where what they are told of goes beyond the limit.
class LoadBudget {
 public:
  // limit: bytes (OnnxOptions::limit); file: bytes of the file, which constants may take a few times.
  LoadBudget(std::int64_t limit, std::size_t file);
  // For constants that come from no file.
  static LoadBudget unlimited() { return LoadBudget(std::numeric_limits<std::int64_t>::max() / 4, 0); }

  void rank(std::size_t dimensions) const;

  // A constant of these dims that is about to be made, of so many bytes an element. Returns its elements.
  std::size_t constant(const Dims& dims, std::size_t element_bytes);
  void bytes(std::size_t count);

  // Another file, of so many bytes, from which constants come; and elements of it that take fewer bytes than the constants' own.
  void file(std::size_t bytes);
  void narrow(std::size_t count, std::size_t element_bytes);

  // Multiplications that are about to be done.
  void products(std::size_t count);

  // A value that is computed, of one image.
  void value(const Dims& dims) const;

  // A node reads a constant of the graph. From the second node on it counts as another constant: each may need a copy of its own.
  void reads(ValueId id, const Dims& dims);

 private:
  std::int64_t limit_, bytes_left_, products_left_;
  std::size_t narrow_left_;  // bytes of files that no narrow element has been counted from
  std::vector<bool> read_;   // by value of the graph
};

// Bytes that a file's messages, names and packed integers take beyond their own once they are parsed; an estimate. Throws
// InputError where the bytes are no ONNX model.
std::size_t growth_when_parsed(std::span<const char> file);

}  // namespace ballast::graph
