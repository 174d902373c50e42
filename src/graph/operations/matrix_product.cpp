// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices: with weights, and of two computed values.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

// Weights of a fully connected layer as out x in, scaled.
ValueId linear_weights(OnnxNode& node, std::size_t input, bool stored_out_first, float scale) {
  if (stored_out_first && scale == 1) return node.value(input);
  if (stored_out_first) node.budget().constant(node.constant(input).dims, sizeof(float));
  Constant weights = stored_out_first ? node.constant(input) : transposed(node.constant(input), {1, 0}, node.budget());
  weights.floats();
  std::vector<float> values = std::get<0>(std::move(weights.values));
  for (float& value : values) value *= scale;
  return node.graph().add_constant(node.name() + ".weight", {weights.dims, std::move(values)});
}

// A bias of any shape that broadcasts over the output, as a vector.
ValueId linear_bias(OnnxNode& node, std::size_t input, std::int64_t size, float scale) {
  const Constant& bias = node.constant(input);
  node.budget().constant({std::max(size, static_cast<std::int64_t>(bias.size()))}, sizeof(float));
  std::vector<float> values = bias.floats();
  if (values.size() == 1) values.resize(static_cast<std::size_t>(size), values[0]);
  require(static_cast<std::int64_t>(values.size()) == size && (bias.dims.empty() || bias.dims.back() == size || bias.size() == 1),
          fmt::format("its bias is {}; {} values are needed", to_string(bias.dims), size));
  for (float& value : values) value *= scale;
  return node.graph().add_constant(node.name() + ".bias", {{size}, std::move(values)});
}

// Whatever is summed over must not hold the batch.
void require_free_end(const Dims& dims, std::size_t count) {
  require(
      dims.size() >= count && std::all_of(dims.end() - static_cast<std::ptrdiff_t>(count), dims.end(), [](auto size) { return size > 0; }),
      fmt::format("its input is {}: it would mix the images of a batch", to_string(dims)));
}

Constant gemm_of_constants(OnnxNode& node, bool out_first) {
  LoadBudget& budget = node.budget();
  const auto times = [&](const Constant& x, float factor) {
    return combined(x, {{}, std::vector<float>{factor}}, Binary::Kind::multiply, budget);
  };
  const Constant turned = out_first ? transposed(node.constant(1), {1, 0}, budget) : Constant{};
  const Constant product = times(multiplied(node.constant(0), out_first ? turned : node.constant(1), budget), node.number("alpha", 1));
  if (!node.has_input(2)) return product;
  return combined(product, times(node.constant(2), node.number("beta", 1)), Binary::Kind::add, budget);
}

Binding import_gemm(OnnxNode& node) {
  require(node.integer("transA", 0) == 0, "transA is not supported: it would mix the images of a batch");
  const Constant& weights = node.constant(1);
  require(weights.dims.size() == 2, fmt::format("its weights are {}; two dimensions are needed", to_string(weights.dims)));
  require(weights.size() > 0, "its weights are empty");
  const bool out_first = node.integer("transB", 0) != 0;
  if (node.all_constant()) return OnnxNode::of(gemm_of_constants(node, out_first));
  require_free_end(node.dims(0), 1);
  std::vector<Operand> inputs{node.value(0), linear_weights(node, 1, out_first, node.number("alpha", 1))};
  if (node.has_input(2)) inputs.push_back(linear_bias(node, 2, weights.dims[out_first ? 0 : 1], node.number("beta", 1)));
  return node.append(Linear{}, std::move(inputs));
}

// A constant that matrices of computed values are multiplied with: of two dimensions at least.
Operand factor(OnnxNode& node, std::size_t input) {
  const Operand value = node.value(input);
  require(node.dims(input).size() >= 2, fmt::format("its input {} is {}; two dimensions are needed", input, to_string(node.dims(input))));
  if (!node.is_constant(input)) require_free_end(node.dims(input), 2);
  return value;
}

Binding import_matmul(OnnxNode& node) {
  if (node.all_constant()) return OnnxNode::of(multiplied(node.constant(0), node.constant(1), node.budget()));
  if (node.is_constant(1) && node.constant(1).dims.size() <= 2) {
    require(node.constant(1).dims.size() == 2,
            fmt::format("its weights are {}; two dimensions are needed", to_string(node.constant(1).dims)));
    require_free_end(node.dims(0), 1);
    return node.append(Linear{}, {node.value(0), linear_weights(node, 1, false, 1)});
  }
  return node.append(MatMul{}, {factor(node, 0), factor(node, 1)});
}

Dims dims_of(const Linear&, const Shapes& shapes) {
  const Dims &x = shapes.in[0], &w = shapes.in[1];
  require_rank(w, 2);
  require_batch_first(x);
  require(x.size() >= 2 && x.back() == w[1], fmt::format("weights {} do not fit an input of {}", to_string(w), to_string(x)));
  if (shapes.in.size() > 2) require_vector(shapes.in[2], w[0], "bias");
  Dims out = x;
  out.back() = w[0];
  return out;
}

void save(const Linear&, OnnxWriter& out) {
  if (out.input_dims(0).size() == 2) {
    out.add("Gemm").integer("transB", 1);
    return;
  }
  const Node& node = out.node();
  const std::string stem = out.output(), weight = out.unique(stem + ".weight_t");
  out.add("Transpose", {out.input(1)}, weight).integers("perm", std::array<std::int64_t, 2>{1, 0});
  const bool biased = node.inputs.size() > 2;
  const std::string product = biased ? out.unique(stem + ".product") : stem;
  out.add("MatMul", {out.input(0), weight}, product);
  if (biased) out.add("Add", {product, out.input(2)}, stem);
}

Dims dims_of(const MatMul&, const Shapes& shapes) {
  const Dims &a = shapes.in[0], &b = shapes.in[1];
  require(a.size() >= 2 && b.size() >= 2, fmt::format("{} times {} is not a product of batches of matrices", to_string(a), to_string(b)));
  Dims out = broadcast({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2});
  require(out.size() + 2 == a.size() || out.size() + 2 == b.size(), "its inputs do not fit");
  require(a.back() == b[b.size() - 2], fmt::format("{} times {} does not fit", to_string(a), to_string(b)));
  require_batch_first(out);
  out.push_back(a[a.size() - 2]);
  out.push_back(b.back());
  return out;
}

void save(const MatMul&, OnnxWriter& out) { out.add("MatMul"); }

Dims dims_of(const Attention&, const Shapes& shapes) {
  const Dims &q = shapes.in[0], &k = shapes.in[1], &v = shapes.in[2];
  const std::size_t rank = q.size();
  require_batch_first(q), require_batch_first(k), require_batch_first(v);
  const bool fits = rank >= 3 && k.size() == rank && v.size() == rank && std::equal(q.begin(), q.end() - 2, k.begin()) &&
                    std::equal(q.begin(), q.end() - 2, v.begin()) && q.back() == k.back() && k[rank - 2] == v[rank - 2];
  require(fits, fmt::format("queries {}, keys {} and values {} do not fit", to_string(q), to_string(k), to_string(v)));
  Dims scores = q;
  scores.back() = k[rank - 2];
  if (shapes.in.size() > 3)
    require(broadcast(scores, shapes.in[3]) == scores, fmt::format("a mask {} does not fit", to_string(shapes.in[3])));
  Dims out = q;
  out.back() = v.back();
  return out;
}

// Operator sets before 23 have no name for it.
void save(const Attention& attention, OnnxWriter& out) {
  const std::string stem = out.output();
  std::vector<std::int64_t> order(out.output_dims().size());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 2], order.back());
  const auto part = [&](const char* name) { return out.unique(stem + name); };
  const std::string keys = part(".keys"), products = part(".products"), scaled = part(".scaled"), weights = part(".weights");
  out.add("Transpose", {out.input(1)}, keys).integers("perm", order);
  out.add("MatMul", {out.input(0), keys}, products);
  out.add("Mul", {products, out.constant(stem + ".scale", Tensor{{}, {attention.scale}})}, scaled);
  std::string scores = scaled;
  if (out.node().inputs.size() > 3) out.add("Add", {scaled, out.input(3)}, scores = part(".masked"));
  out.add("Softmax", {scores}, weights).integer("axis", -1);
  out.add("MatMul", {weights, out.input(2)}, stem);
}

}  // namespace

OnnxTypes matrix_product_types() { return {{"Gemm", import_gemm}, {"MatMul", import_matmul}}; }

Rules<Linear> rules_of(const Linear&) { return {"Linear", dims_of, each_row, save}; }
Rules<MatMul> rules_of(const MatMul&) { return {"MatMul", dims_of, each_row, save}; }
Rules<Attention> rules_of(const Attention&) { return {"Attention", dims_of, each_row, save}; }

}  // namespace ballast::graph::operations
