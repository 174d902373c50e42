// SPDX-License-Identifier: Apache-2.0
//
// Along axes: reductions, softmax and its logarithm, running sums.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "../onnx_rows.hpp"
#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

using Kind = Reduce::Kind;
using Unary = Activation::Kind;

// The node's input, and what becomes of it: constants are computed, values get nodes.
class Reduction {
 public:
  Reduction(OnnxNode& node, std::vector<std::int64_t> axes, bool keep)
      : node_(node), axes_(std::move(axes)), keep_(keep), value_(node.alias(0)), dims_(node.dims(0)) {}

  Reduction& map(const Activation& activation) {
    if (value_.constant) value_ = OnnxNode::of(mapped(*value_.constant, activation, node_.budget()));
    else value_ = node_.append(activation, {value_});
    return *this;
  }
  Reduction& square() {
    if (value_.constant) value_ = OnnxNode::of(combined(*value_.constant, *value_.constant, Binary::Kind::multiply, node_.budget()));
    else value_ = node_.append(Binary{Binary::Kind::multiply}, {value_, value_});
    return *this;
  }
  Reduction& reduce(Kind kind) {
    value_ = reduced_by(kind, keep_);
    return *this;
  }
  // By way of the greatest, so that nothing overflows.
  Reduction& log_sum_exp() {
    const Binding greatest = reduced_by(Kind::max, true);
    combine(Binary::Kind::subtract, greatest).map({Unary::exp});
    value_ = reduced_by(Kind::sum, true);
    map({Unary::log}).combine(Binary::Kind::add, greatest);
    if (!keep_) drop();
    return *this;
  }
  Binding result() const { return value_; }

 private:
  Binding reduced_by(Kind kind, bool keep) {
    if (axes_.empty()) return value_;
    if (!value_.constant) {
      const bool moves_batch = !keep && static_cast<std::size_t>(axes_.front()) < value_.view.first;
      const Binding result = node_.append(Reduce{axes_, keep || moves_batch, kind}, {value_});
      return moves_batch ? node_.append(Reshape{}, {result}, dropped(dims_)) : result;
    }
    const Constant kept = reduced(*value_.constant, axes_, kind, node_.budget());
    return OnnxNode::of(keep ? kept : reshaped(kept, dropped(kept.dims), node_.budget()));
  }
  Reduction& combine(Binary::Kind kind, const Binding& other) {
    if (value_.constant) value_ = OnnxNode::of(combined(*value_.constant, *other.constant, kind, node_.budget()));
    else value_ = node_.append(Binary{kind}, {value_, other});
    return *this;
  }
  Dims dropped(const Dims& dims) const {
    Dims kept;
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (!std::count(axes_.begin(), axes_.end(), static_cast<std::int64_t>(i))) kept.push_back(dims[i]);
    }
    return kept;
  }
  void drop() {
    const Dims kept = dropped(dims_);
    if (value_.constant) value_ = OnnxNode::of(reshaped(*value_.constant, kept, node_.budget()));
    else value_ = node_.append(Reshape{}, {value_}, kept);
  }

  OnnxNode& node_;
  std::vector<std::int64_t> axes_;
  bool keep_;
  Binding value_;
  Dims dims_;
};

using Steps = std::function<void(Reduction&)>;

// Axes in order, each once. Without any: all, or none where the file says so.
std::vector<std::int64_t> reduced_axes(const OnnxNode& node, std::size_t rank) {
  std::vector<std::int64_t> axes;
  for (const std::int64_t axis : node.integers_or_input("axes", 1, {})) axes.push_back(static_cast<std::int64_t>(node.axis(axis, rank)));
  std::sort(axes.begin(), axes.end());
  require(std::adjacent_find(axes.begin(), axes.end()) == axes.end(), "its axes repeat");
  if (axes.empty() && node.integer("noop_with_empty_axes", 0) == 0) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
    require(node.is_constant(0), "a reduction over all dimensions would mix the images of a batch");
  }
  return axes;
}

Binding import_reduction(OnnxNode& node, const Steps& steps) {
  const std::vector<std::int64_t> axes = reduced_axes(node, node.dims(0).size());
  Reduction reduction(node, axes, node.integer("keepdims", 1) != 0);
  steps(reduction);
  return reduction.result();
}

OnnxType reduction(const char* name, const Steps& steps) {
  return {name, [steps](OnnxNode& node) { return import_reduction(node, steps); }};
}

// All directions behind the channels.
Binding import_global_pool(OnnxNode& node, const Steps& steps) {
  const std::size_t rank = node.dims(0).size();
  require(rank >= 3 && !node.is_constant(0),
          fmt::format("its input is {}; batch x channels x height x width or the like is supported", to_string(node.dims(0))));
  std::vector<std::int64_t> axes(rank - 2);
  std::iota(axes.begin(), axes.end(), 2);
  Reduction reduction(node, axes, true);
  steps(reduction);
  return reduction.result();
}

OnnxType global_pool(const char* name, const Steps& steps) {
  return {name, [steps](OnnxNode& node) { return import_global_pool(node, steps); }};
}

Binding import_global_lp_pool(OnnxNode& node) {
  const auto p = static_cast<float>(node.integer("p", 2));
  require(p >= 1, fmt::format("its p is {}; 1 or more is allowed", p));
  return import_global_pool(node, [&](Reduction& r) {
    r.map({Unary::abs}).map({Unary::power, p}).reduce(Kind::sum).map({Unary::power, 1 / p});
  });
}

// Before operator set 13, along all dimensions from the axis on together.
Binding import_softmax(OnnxNode& node, bool log) {
  const Dims dims = node.dims(0);
  const std::size_t axis = node.axis(node.integer("axis", node.opset() < 13 ? 1 : -1), dims.size());
  if (node.opset() >= 13 || axis + 1 == dims.size()) return node.append(Softmax{static_cast<std::int64_t>(axis), log}, {node.value(0)});
  require(axis > 0, "along the batch it would mix images");
  const auto from = dims.begin() + static_cast<std::ptrdiff_t>(axis);
  Dims flat(dims.begin(), from);
  flat.push_back(elements({from, dims.end()}));
  const Binding rows = node.append(Reshape{}, {node.value(0)}, flat);
  const Binding result = node.append(Softmax{static_cast<std::int64_t>(axis), log}, {rows});
  return node.append(Reshape{}, {result}, dims);
}

// A matrix of ones at the places that each sum takes in.
Binding import_running_sum(OnnxNode& node) {
  const Dims dims = node.dims(0);
  const Constant& given = node.constant(1);
  require(given.size() == 1, "its axis must be a single number");
  const std::size_t axis = node.axis(given.integers()[0], dims.size());
  const bool exclusive = node.integer("exclusive", 0) != 0, reverse = node.integer("reverse", 0) != 0;
  const std::int64_t size = dims[axis];
  require(size > 0, "it sums along the batch");
  node.budget().constant({size, size}, sizeof(float));
  Tensor weights{{size, size}, {}};
  for (std::int64_t to = 0; to < size; ++to) {
    for (std::int64_t from = 0; from < size; ++from) {
      const bool before = reverse ? from > to : from < to;
      weights.values.push_back(before || (from == to && !exclusive) ? 1.0f : 0.0f);
    }
  }
  if (node.is_constant(0)) return OnnxNode::of(blended(node.constant(0), static_cast<std::int64_t>(axis), weights, node.budget()));
  return node.append(Blend{static_cast<std::int64_t>(axis)},
                     {node.value(0), node.graph().add_constant(node.name() + ".weight", std::move(weights))});
}

std::string_view name_of(const Reduce& reduce) {
  switch (reduce.kind) {
    case Kind::mean: return "ReduceMean";
    case Kind::sum: return "ReduceSum";
    case Kind::product: return "ReduceProd";
    case Kind::max: return "ReduceMax";
    case Kind::min: return "ReduceMin";
  }
  return {};
}

Dims dims_of(const Reduce& reduce, const Shapes& shapes) {
  const Dims& in = shapes.in[0];
  require_batch_first(in);
  Dims out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const bool reduced = std::count(reduce.axes.begin(), reduce.axes.end(), static_cast<std::int64_t>(i)) > 0;
    require(!(reduced && i == 0), "a reduction over the batch makes one image depend on another");
    if (!reduced) out.push_back(in[i]);
    else if (reduce.keep) out.push_back(1);
  }
  return out;
}

void save(const Reduce& reduce, OnnxWriter& out) {
  if (reduce.kind == Kind::sum) {
    out.add("ReduceSum").input(out.constant(out.output() + ".axes", reduce.axes)).integer("keepdims", reduce.keep);
    return;
  }
  out.add(name_of(reduce)).integers("axes", reduce.axes).integer("keepdims", reduce.keep);
}

Operation in_view(const Reduce& reduce, const View& view) {
  Reduce result = reduce;
  for (std::int64_t& axis : result.axes) axis = view.axis(axis);
  return result;
}

void require_own_axis(std::int64_t axis, const Dims& in) {
  require_batch_first(in);
  require(axis > 0 && axis < static_cast<std::int64_t>(in.size()), "its axis must not be the batch, and must be there");
}

Dims dims_of(const Softmax& softmax, const Shapes& shapes) {
  require_own_axis(softmax.axis, shapes.in[0]);
  return shapes.in[0];
}

std::string_view name_of(const Softmax& softmax) { return softmax.log ? "LogSoftmax" : "Softmax"; }

void save(const Softmax& softmax, OnnxWriter& out) { out.add(name_of(softmax)).integer("axis", softmax.axis); }

Operation in_view(const Softmax& softmax, const View& view) { return Softmax{view.axis(softmax.axis), softmax.log}; }

Dims dims_of(const Blend& blend, const Shapes& shapes) {
  require_own_axis(blend.axis, shapes.in[0]);
  require_rank(shapes.in[1], 2);
  Dims out = shapes.in[0];
  std::int64_t& size = out[static_cast<std::size_t>(blend.axis)];
  require(size == shapes.in[1][1], fmt::format("weights {} do not fit an axis of {}", to_string(shapes.in[1]), size));
  size = shapes.in[1][0];
  return out;
}

// A product with the axis put last.
void save(const Blend& blend, OnnxWriter& out) {
  const Tensor& weights = out.graph().tensor(out.node().inputs[1]);
  LoadBudget budget = LoadBudget::unlimited();
  const Constant turned = transposed({weights.dims, weights.values}, {1, 0}, budget);
  const std::string matrix = out.constant(out.output() + ".weight_t", Tensor{turned.dims, turned.floats()});
  std::vector<std::int64_t> order(out.output_dims().size());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order.back(), order[static_cast<std::size_t>(blend.axis)]);
  const std::string last = out.unique(out.output() + ".axis_last"), product = out.unique(out.output() + ".product");
  out.add("Transpose", {out.input(0)}, last).integers("perm", order);
  out.add("MatMul", {last, matrix}, product);
  out.add("Transpose", {product}, out.output()).integers("perm", order);
}

Operation in_view(const Blend& blend, const View& view) { return Blend{view.axis(blend.axis)}; }

}  // namespace

OnnxTypes reduction_types() {
  const auto log = [](Reduction& r) { r.reduce(Kind::sum).map({Unary::log}); };
  return {{"CumSum", import_running_sum},
          {"GlobalLpPool", import_global_lp_pool},
          {"LogSoftmax", [](OnnxNode& node) { return import_softmax(node, true); }},
          {"Softmax", [](OnnxNode& node) { return import_softmax(node, false); }},
          global_pool("GlobalAveragePool", [](Reduction& r) { r.reduce(Kind::mean); }),
          global_pool("GlobalMaxPool", [](Reduction& r) { r.reduce(Kind::max); }),
          reduction("ReduceL1", [](Reduction& r) { r.map({Unary::abs}).reduce(Kind::sum); }),
          reduction("ReduceL2", [](Reduction& r) { r.square().reduce(Kind::sum).map({Unary::sqrt}); }),
          reduction("ReduceLogSum", log),
          reduction("ReduceLogSumExp", [](Reduction& r) { r.log_sum_exp(); }),
          reduction("ReduceMax", [](Reduction& r) { r.reduce(Kind::max); }),
          reduction("ReduceMean", [](Reduction& r) { r.reduce(Kind::mean); }),
          reduction("ReduceMin", [](Reduction& r) { r.reduce(Kind::min); }),
          reduction("ReduceProd", [](Reduction& r) { r.reduce(Kind::product); }),
          reduction("ReduceSum", [](Reduction& r) { r.reduce(Kind::sum); }),
          reduction("ReduceSumSquare", [](Reduction& r) { r.square().reduce(Kind::sum); })};
}

Rules<Reduce> rules_of(const Reduce& reduce) { return {name_of(reduce), dims_of, in_view, save}; }
Rules<Softmax> rules_of(const Softmax& softmax) { return {name_of(softmax), dims_of, in_view, save}; }
Rules<Blend> rules_of(const Blend&) { return {"Blend", dims_of, in_view, save}; }

}  // namespace ballast::graph::operations
