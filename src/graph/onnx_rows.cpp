// SPDX-License-Identifier: Apache-2.0

#include "onnx_rows.hpp"

#include <type_traits>
#include <variant>
#include <vector>

#include "ballast/core/errors.hpp"

namespace ballast::graph {
namespace {

std::int64_t behind_rows(std::int64_t axis) {
  require(axis > 0, "it works along the batch");
  return axis + 1;
}

// A list with one entry a dimension, and one for the rows.
std::vector<std::int64_t> with_rows(std::vector<std::int64_t> list, std::int64_t entry) {
  require(!list.empty() && list[0] == entry, "it works along the batch");
  list.insert(list.begin(), entry);
  return list;
}

struct OverRows {
  Operation operator()(Softmax softmax) const { return Softmax{behind_rows(softmax.axis)}; }
  Operation operator()(Concat concat) const { return Concat{behind_rows(concat.axis)}; }
  Operation operator()(ReduceMean mean) const {
    for (std::int64_t& axis : mean.axes) axis = behind_rows(axis);
    return mean;
  }
  Operation operator()(Transpose transpose) const {
    require(!transpose.order.empty() && transpose.order[0] == 0, "it moves the batch, which must stay first");
    for (std::int64_t& from : transpose.order) ++from;
    transpose.order.insert(transpose.order.begin(), 0);
    return transpose;
  }
  Operation operator()(Pad pad) const { return Pad{with_rows(pad.before, 0), with_rows(pad.after, 0), pad.value}; }
  Operation operator()(Slice slice) const { return Slice{with_rows(slice.starts, 0), with_rows(slice.steps, 1)}; }

  template <typename Other>
  Operation operator()(Other other) const {
    constexpr bool takes_images = std::is_same_v<Other, Convolution> || std::is_same_v<Other, BatchNorm> ||
                                  std::is_same_v<Other, GroupNorm> || std::is_same_v<Other, Pool> || std::is_same_v<Other, Resize>;
    require(!takes_images, "its input has several rows for each image of the batch, where images are needed");
    return other;
  }
};

}  // namespace

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

Operation over_rows(Operation operation) { return std::visit(OverRows{}, std::move(operation)); }

}  // namespace ballast::graph
