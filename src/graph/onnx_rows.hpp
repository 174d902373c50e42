// SPDX-License-Identifier: Apache-2.0
//
// Values of a file whose first size is a multiple of the batch: so many rows
// for each image, as attention makes of its heads. To the importers that size
// is -rows, the batch being -1; in the graph, rows are a dimension of their own
// behind the batch.

#pragma once

#include <cstdint>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::graph {

// Dims in the file of a computed value, from those in the graph, and the reverse.
Dims dims_in_file(Dims dims, std::int64_t rows);
Dims dims_in_graph(Dims dims);

// Rows of an image that dims of the file speak of.
std::int64_t rows_of(const Dims& dims_in_file);

// In the graph: an axis, and a list with one entry a dimension of which the batch and the rows have this one. Throw InputError
// where the batch is worked along.
std::int64_t axis_behind_rows(std::int64_t axis);
std::vector<std::int64_t> entries_with_rows(std::vector<std::int64_t> entries, std::int64_t entry);

}  // namespace ballast::graph
