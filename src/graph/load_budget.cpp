// SPDX-License-Identifier: Apache-2.0

#include "load_budget.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "constant.hpp"

namespace ballast::graph {
namespace {

// As they lie in the file, transposed by a node, transposed for a layer, and in the graph.
constexpr std::int64_t copies_of_the_file = 4;

constexpr std::int64_t products_a_byte = 2;

std::string mebibytes(std::int64_t bytes) { return fmt::format("{:.6g} MiB", static_cast<double>(bytes) / (1 << 20)); }

[[noreturn]] void refuse(const std::string& what, std::int64_t limit) {
  throw InputError(fmt::format("{}, where {} are allowed beyond its file (--model-limit)", what, mebibytes(limit)));
}

}  // namespace

LoadBudget::LoadBudget(std::int64_t limit, std::size_t file)
    : limit_(limit),
      bytes_left_(limit + copies_of_the_file * static_cast<std::int64_t>(file)),
      products_left_(products_a_byte * bytes_left_),
      narrow_left_(file) {}

void LoadBudget::rank(std::size_t dimensions) const {
  if (dimensions > most_dimensions)
    throw InputError(fmt::format("there would be {} dimensions; at most {} are allowed", dimensions, most_dimensions));
}

std::size_t LoadBudget::constant(const Dims& dims, std::size_t element_bytes) {
  rank(dims.size());
  const auto elements = static_cast<std::size_t>(constant_elements(dims));
  bytes(elements * element_bytes);
  return elements;
}

void LoadBudget::bytes(std::size_t count) {
  if (static_cast<std::int64_t>(count) > bytes_left_) refuse("the constants that it makes are too large together", limit_);
  bytes_left_ -= static_cast<std::int64_t>(count);
}

void LoadBudget::file(std::size_t bytes) {
  narrow_left_ += bytes;
  bytes_left_ += copies_of_the_file * static_cast<std::int64_t>(bytes);
  products_left_ += products_a_byte * copies_of_the_file * static_cast<std::int64_t>(bytes);
}

// A copy is of integers of eight bytes or of floats, whatever the file has. No byte of a file counts twice.
void LoadBudget::narrow(std::size_t count, std::size_t element_bytes) {
  const std::size_t bytes = std::min(count * element_bytes, narrow_left_);
  narrow_left_ -= bytes;
  bytes_left_ += copies_of_the_file * static_cast<std::int64_t>(bytes / element_bytes * (sizeof(std::int64_t) - element_bytes));
}

void LoadBudget::products(std::size_t count) {
  if (static_cast<std::int64_t>(count) > products_left_) refuse("products of its constants are too large to be worked out", limit_);
  products_left_ -= static_cast<std::int64_t>(count);
}

void LoadBudget::value(const Dims& dims) const {
  rank(dims.size());
  const std::int64_t most = limit_ / static_cast<std::int64_t>(sizeof(float));
  std::int64_t count = 1;
  for (const std::int64_t size : dims) {
    if (size > 0 && count > most / size) refuse(fmt::format("a value of {} for each image is too large", to_string(dims)), limit_);
    count *= size > 0 ? size : 1;
  }
}

void LoadBudget::reads(ValueId id, const Dims& dims) {
  const auto at = static_cast<std::size_t>(id);
  if (at >= read_.size()) read_.resize(at + 1);
  if (read_[at]) bytes(static_cast<std::size_t>(elements(dims)) * sizeof(float));
  read_[at] = true;
}

}  // namespace ballast::graph
