// SPDX-License-Identifier: Apache-2.0

#include "onnx_rows.hpp"

#include "ballast/core/errors.hpp"

namespace ballast::graph {
Dims dims_in_file(Dims dims, std::int64_t rows) {
  if (rows == 1) return dims;
  dims.erase(dims.begin());
  dims[0] = -rows;
  return dims;
}

Dims dims_in_graph(Dims dims) {
  const std::int64_t rows = rows_of(dims);
  if (rows == 1) return dims;
  dims[0] = rows;
  dims.insert(dims.begin(), batch);
  return dims;
}

std::int64_t rows_of(const Dims& dims_in_file) { return dims_in_file.empty() || dims_in_file[0] >= 0 ? 1 : -dims_in_file[0]; }

std::int64_t axis_behind_rows(std::int64_t axis) {
  require(axis > 0, "it works along the batch");
  return axis + 1;
}

std::vector<std::int64_t> entries_with_rows(std::vector<std::int64_t> entries, std::int64_t entry) {
  require(!entries.empty() && entries[0] == entry, "it works along the batch");
  entries.insert(entries.begin(), entry);
  return entries;
}

}  // namespace ballast::graph
