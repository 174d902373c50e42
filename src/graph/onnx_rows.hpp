// SPDX-License-Identifier: Apache-2.0
//
// How a file sees a computed value. In the graph the batch comes first; in a
// file it may stand between other dimensions, and be one dimension together
// with its neighbours: so many rows for each image, as attention makes of its
// heads. To the importers such a size is -rows, the batch alone being -1.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::graph {

struct View {
  // With every dimension by itself, in the file's order (in the graph, the batch comes first and the others follow in the same order):
  std::size_t place = 0;              // of the batch
  std::size_t first = 0, merged = 1;  // those that are one dimension in the file, the batch among them

  bool operator==(const View&) const = default;

  // From an axis, or a list with one entry a dimension, of the file to that of the graph. Throw InputError where the batch is worked
  // along: its own axis, or another entry for it than `entry`.
  std::int64_t axis(std::int64_t axis) const;
  std::vector<std::int64_t> entries(const std::vector<std::int64_t>& entries, std::int64_t entry) const;

  // Sizes as the file has them of a value of the graph, and its axes in the file's order, each by itself.
  Dims in_file(const Dims& dims) const;
  std::vector<std::int64_t> order(std::size_t rank) const;
};

// The value reshaped to sizes of the file, of which one is the batch's (negative): dims of the graph, and how the file sees them.
// Throws InputError where they do not fit. dims: of the graph.
struct Reshaped {
  Dims dims;
  View view;
};
Reshaped reshaped(const Dims& dims, const View& view, const Dims& wanted);

}  // namespace ballast::graph
