// SPDX-License-Identifier: Apache-2.0
//
// Values of a file whose first size is a multiple of the batch: so many rows
// for each image, as attention makes of its heads. To the importers that size
// is -rows, the batch being -1; in the graph, rows are a dimension of their own
// behind the batch.

#pragma once

#include "ballast/graph/graph.hpp"

namespace ballast::graph {

// Dims in the file of a computed value, from those in the graph, and the reverse.
Dims dims_in_file(Dims dims, std::int64_t rows);
Dims dims_in_graph(Dims dims);

// Rows of an image that dims of the file speak of.
std::int64_t rows_of(const Dims& dims_in_file);

// An operation on values of so many rows as one on the graph's values. Throws
// InputError for one that takes images, or that would join rows.
Operation over_rows(Operation operation);

}  // namespace ballast::graph
