// SPDX-License-Identifier: Apache-2.0
//
// Along axes: means and softmax.

#include <algorithm>

#include "../onnx_rows.hpp"
#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

Binding import_global_average_pool(OnnxNode& node) {
  require_image(node);
  return node.append(ReduceMean{{2, 3}, true}, {node.value(0)});
}

Binding import_reduce_mean(OnnxNode& node) {
  const std::size_t rank = node.dims(0).size();
  ReduceMean mean;
  mean.keep = node.integer("keepdims", 1) != 0;
  for (const std::int64_t axis : node.integers_or_input("axes", 1, {}))
    mean.axes.push_back(static_cast<std::int64_t>(node.axis(axis, rank)));
  std::sort(mean.axes.begin(), mean.axes.end());
  require(std::adjacent_find(mean.axes.begin(), mean.axes.end()) == mean.axes.end(), "its axes repeat");
  require(!mean.axes.empty(), "a mean over all dimensions would mix the images of a batch");
  return node.append(std::move(mean), {node.value(0)});
}

Binding import_softmax(OnnxNode& node) {
  const std::size_t rank = node.dims(0).size();
  const std::size_t axis = node.axis(node.integer("axis", node.opset() < 13 ? 1 : -1), rank);
  require(node.opset() >= 13 || axis + 1 == rank, "before operator set 13, only the last axis is supported");
  return node.append(Softmax{static_cast<std::int64_t>(axis)}, {node.value(0)});
}

Dims dims_of(const ReduceMean& mean, const Shapes& shapes) {
  const Dims& in = shapes.in[0];
  require_batch_first(in);
  Dims out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const bool reduced = std::count(mean.axes.begin(), mean.axes.end(), static_cast<std::int64_t>(i)) > 0;
    require(!(reduced && i == 0), "a mean over the batch makes one image depend on another");
    if (!reduced) out.push_back(in[i]);
    else if (mean.keep) out.push_back(1);
  }
  return out;
}

void save(const ReduceMean& mean, OnnxWriter& out) { out.add("ReduceMean").integers("axes", mean.axes).integer("keepdims", mean.keep); }

Operation over_rows(const ReduceMean& mean) {
  ReduceMean result = mean;
  for (std::int64_t& axis : result.axes) axis = axis_behind_rows(axis);
  return result;
}

Dims dims_of(const Softmax& softmax, const Shapes& shapes) {
  const Dims& in = shapes.in[0];
  require_batch_first(in);
  require(softmax.axis > 0 && softmax.axis < static_cast<std::int64_t>(in.size()), "its axis must not be the batch, and must be there");
  return in;
}

void save(const Softmax& softmax, OnnxWriter& out) { out.add("Softmax").integer("axis", softmax.axis); }

Operation over_rows(const Softmax& softmax) { return Softmax{axis_behind_rows(softmax.axis)}; }

}  // namespace

OnnxTypes reduction_types() {
  return {{"GlobalAveragePool", import_global_average_pool}, {"ReduceMean", import_reduce_mean}, {"Softmax", import_softmax}};
}

Rules<ReduceMean> rules_of(const ReduceMean&) { return {"ReduceMean", dims_of, over_rows, save}; }
Rules<Softmax> rules_of(const Softmax&) { return {"Softmax", dims_of, over_rows, save}; }

}  // namespace ballast::graph::operations
