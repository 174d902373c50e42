// SPDX-License-Identifier: Apache-2.0
//
// Importers of the operations that are supported on constants alone, where
// exporters need them for sizes and for the embedding of a timestep. A batch
// in a shape counts as one image: a constant is the same for all.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph {
namespace {

constexpr double most_exact = 0x1p53;  // whole numbers up to this are exact in double precision

void require_constants(const OnnxNode& node) {
  require(node.all_constant(), "it is supported on constants alone, and its input is computed");
}

double single(const OnnxNode& node, std::size_t input) {
  const Constant& constant = node.constant(input);
  require(constant.size() == 1, fmt::format("its input {} must be a single number", input));
  return constant.is_integer() ? static_cast<double>(constant.integers()[0]) : static_cast<double>(constant.floats()[0]);
}

}  // namespace

Binding import_function(OnnxNode& node, double (*function)(double)) {
  require_constants(node);
  return OnnxNode::of(mapped(node.constant(0), function, node.budget()));
}

Binding import_expand(OnnxNode& node) {
  require_constants(node);
  Dims dims = node.constant(1).integers();
  for (std::int64_t& size : dims) size = size < 0 ? 1 : size;
  return OnnxNode::of(expanded(node.constant(0), dims, node.budget()));
}

Binding import_range(OnnxNode& node) {
  require_constants(node);
  const double start = single(node, 0), end = single(node, 1), step = single(node, 2), count = std::ceil((end - start) / step);
  require(count <= most_exact && std::abs(start) <= most_exact && std::abs(end) <= most_exact,
          fmt::format("from {} to {} by {} is no range, or too long", start, end, step));
  const bool whole = node.constant(0).is_integer();
  const auto size = static_cast<std::int64_t>(std::max(count, 0.0));
  node.budget().constant({size}, sizeof(double) + node.constant(0).element_bytes());
  std::vector<double> values;
  for (double i = 0; i < count; ++i) values.push_back(start + i * step);
  if (whole) return OnnxNode::of({{size}, std::vector<std::int64_t>(values.begin(), values.end())});
  return OnnxNode::of({{size}, std::vector<float>(values.begin(), values.end())});
}

Binding import_equal(OnnxNode& node) {
  require_constants(node);
  return OnnxNode::of(equal(node.constant(0), node.constant(1), node.budget()));
}

Binding import_where(OnnxNode& node) {
  require_constants(node);
  return OnnxNode::of(chosen(node.constant(0), node.constant(1), node.constant(2), node.budget()));
}

}  // namespace ballast::graph
