// SPDX-License-Identifier: Apache-2.0
//
// Attention and rotary embeddings, which later operator sets have as operations of their own.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <vector>

#include "../onnx_tensor.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/graph/elementwise.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

// batch x heads x length x size, of that or of batch x length x (heads size).
Operand with_heads(OnnxNode& node, std::size_t input, const char* heads_key) {
  const Dims dims = node.dims(input);
  require(!node.is_constant(input) && dims[0] == batch, "its queries, keys and values must be computed, with the batch first");
  if (dims.size() == 4) return node.value(input);
  require(dims.size() == 3, fmt::format("its input is {}; three or four dimensions are allowed", to_string(dims)));
  const std::int64_t heads = node.integer(heads_key, 0);
  require(heads >= 1 && heads <= dims[2] && dims[2] % heads == 0, fmt::format("{} heads do not fit {}", heads, to_string(dims)));
  return node.transpose(node.reshape(node.value(input), {dims[0], dims[1], heads, dims[2] / heads}), {0, 2, 1, 3});
}

// Of fewer heads, each serves several queries.
Operand shared(OnnxNode& node, const Operand& x, std::int64_t heads) {
  const std::int64_t own = node.graph().dims(x)[1];
  if (own == heads) return x;
  require(own <= heads && heads % own == 0, fmt::format("{} heads of keys do not fit {} of queries", own, heads));
  std::vector<std::int64_t> indices;
  for (std::int64_t head = 0; head < heads; ++head) indices.push_back(head / (heads / own));
  return node.append(Gather{1, std::move(indices)}, {x});
}

// Truths are numbers 0 and 1 in a graph, and are moved about like others: nodes stand in order, so one pass finds where they come from.
bool holds_truths(const Graph& graph, ValueId value) {
  std::set<ValueId> sought{value};
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (sought.count(node->output) == 0) continue;
    const auto* binary = std::get_if<Binary>(&node->operation);
    const auto* activation = std::get_if<Activation>(&node->operation);
    if ((binary && is_question(*binary)) || (activation && is_question(*activation))) return true;
    if (binary || activation) continue;
    const bool chooses = std::holds_alternative<Select>(node->operation);  // between its last two
    sought.insert(node->inputs.begin() + (chooses ? 1 : 0), node->inputs.end());
  }
  return false;
}

// What is added to the scores: the mask, and -inf for keys behind a query.
std::optional<Operand> mask_of(OnnxNode& node, std::int64_t queries, std::int64_t keys) {
  constexpr float never = -std::numeric_limits<float>::infinity();
  std::optional<Operand> mask;
  if (node.integer("is_causal", 0) != 0) {
    node.budget().constant({queries, keys}, sizeof(float));
    Tensor causal{{queries, keys}, {}};
    for (std::int64_t q = 0; q < queries; ++q) {
      for (std::int64_t k = 0; k < keys; ++k) causal.values.push_back(k <= q ? 0 : never);
    }
    mask = Operand(node.graph().add_constant(node.name() + ".causal", std::move(causal)));
  }
  if (!node.has_input(3)) return mask;
  Operand given(ValueId{-1});
  if (node.is_constant(3) && node.constant(3).is_integer()) {
    const Constant& allowed = node.constant(3);
    require(allowed.type == 0 || allowed.type == onnx::TensorProto::BOOL,
            "its mask holds whole numbers; truths, and floating-point numbers that are added, are supported");
    node.budget().constant(allowed.dims, sizeof(float));
    Tensor added{allowed.dims, {}};
    for (const std::int64_t value : allowed.integers()) added.values.push_back(value != 0 ? 0 : never);
    given = Operand(node.graph().add_constant(node.name() + ".mask", std::move(added)));
  } else {
    given = node.value(3);
    require(node.is_constant(3) || !holds_truths(node.graph(), given.id),
            "its mask holds truths that depend on the image; such a mask must hold numbers that are added");
  }
  if (!mask) return given;
  if (!node.is_constant(3)) return Operand(node.append(Binary{Binary::Kind::add}, {given, *mask}));
  const auto constant = [&](const Operand& operand) {
    const Tensor& tensor = node.graph().tensor(operand);
    return Constant{tensor.dims, tensor.values};
  };
  const Constant both = combined(constant(given), constant(*mask), Binary::Kind::add, node.budget());
  return Operand(node.graph().add_constant(node.name() + ".mask", {both.dims, both.floats()}));
}

// Where a constant mask leaves a query no keys, the result is 0.
Binding without_keys_zero(OnnxNode& node, const Binding& result, const Operand& mask) {
  if (!node.graph().is_constant(mask)) return result;
  const Tensor& added = node.graph().tensor(mask);
  if (added.dims.empty()) return result;
  const auto last = static_cast<std::int64_t>(added.dims.size()) - 1;
  const Constant greatest = reduced({added.dims, added.values}, {last}, Reduce::Kind::max, node.budget());
  Tensor has_keys{greatest.dims, {}};
  for (const float value : greatest.floats()) has_keys.values.push_back(value > -std::numeric_limits<float>::infinity() ? 1 : 0);
  if (!std::count(has_keys.values.begin(), has_keys.values.end(), 0)) return result;
  const ValueId condition = node.graph().add_constant(node.name() + ".has_keys", std::move(has_keys));
  return node.append(Select{}, {condition, result, node.graph().add_constant(node.name() + ".zero", {{}, {0}})});
}

// Capped before the mask: behind it, what is masked would take part.
Binding import_attention(OnnxNode& node) {
  require(!node.has_input(4) && !node.has_input(5), "keys and values of the past are not supported");
  require(node.output_count() == 1, "it gives its values alone, no keys, values or scores");
  const bool flat = node.dims(0).size() == 3;
  const Operand q = with_heads(node, 0, "q_num_heads");
  const std::int64_t heads = node.graph().dims(q)[1];
  const Operand k = shared(node, with_heads(node, 1, "kv_num_heads"), heads), v = shared(node, with_heads(node, 2, "kv_num_heads"), heads);
  const Dims queries = node.graph().dims(q), keys = node.graph().dims(k);
  const float scale = node.number("scale", 1 / std::sqrt(static_cast<float>(queries[3]))), cap = node.number("softcap", 0);
  const auto mask = mask_of(node, queries[2], keys[2]);
  Binding result;
  if (cap == 0) {
    std::vector<Operand> inputs{q, k, v};
    if (mask) inputs.push_back(*mask);
    result = node.append(Attention{scale}, std::move(inputs));
  } else {
    const auto number = [&](float value) { return Operand(node.graph().add_constant(node.name() + ".number", {{}, {value}})); };
    const auto times = [&](const Operand& x, float factor) { return node.append(Binary{Binary::Kind::multiply}, {x, number(factor)}); };
    Operand scores = times(node.append(MatMul{}, {q, node.transpose(k, {0, 1, 3, 2})}), scale);
    scores = times(node.append(Activation{Activation::Kind::tanh}, {times(scores, 1 / cap)}), cap);
    if (mask) scores = node.append(Binary{Binary::Kind::add}, {scores, *mask});
    result = node.append(MatMul{}, {node.append(Softmax{3}, {scores}), v});
  }
  if (mask) result = without_keys_zero(node, result, *mask);
  if (!flat) return result;
  const Dims dims = node.graph().dims(result.value);
  return node.reshape(node.transpose(result, {0, 2, 1, 3}), {batch, dims[2], dims[1] * dims[3]});
}

// A table of sines or cosines, as 1 x 1 x length x half the size that is turned.
Operand table(OnnxNode& node, std::size_t input, std::int64_t length, std::int64_t half) {
  Constant rows = node.constant(input);
  if (node.has_input(3)) rows = gathered(rows, node.constant(3), 0, node.budget());
  require(rows.dims == Dims{1, length, half} || rows.dims == Dims{length, half},
          fmt::format("its table is {}; 1 x {} x {} is needed", to_string(rows.dims), length, half));
  node.budget().constant(rows.dims, sizeof(float));
  return node.graph().add_constant(node.name() + ".table", {{1, 1, length, half}, rows.floats()});
}

// Pairs of elements turned by angles that depend on the place.
Binding import_rotary_embedding(OnnxNode& node) {
  const bool flat = node.dims(0).size() == 3;
  const Operand x = with_heads(node, 0, "num_heads");
  const Dims dims = node.graph().dims(x);
  const std::int64_t given = node.integer("rotary_embedding_dim", 0), turned = given == 0 ? dims[3] : given, half = turned / 2;
  require(turned >= 2 && turned % 2 == 0 && turned <= dims[3], fmt::format("it turns {} of {} elements", turned, dims[3]));
  const bool interleaved = node.integer("interleaved", 0) != 0;
  const auto part = [&](std::int64_t start, std::int64_t step, std::int64_t count) {
    return node.append(Slice{{0, 0, 0, start}, {1, 1, 1, step}}, {x}, {dims[0], dims[1], dims[2], count});
  };
  const Operand first = interleaved ? part(0, 2, half) : part(0, 1, half), second = interleaved ? part(1, 2, half) : part(half, 1, half);
  const Operand cosines = table(node, 1, dims[2], half), sines = table(node, 2, dims[2], half);
  const auto join = [&](Binary::Kind kind, const Operand& a, const Operand& b) { return node.append(Binary{kind}, {a, b}); };
  using enum Binary::Kind;
  const Operand real = join(subtract, join(multiply, first, cosines), join(multiply, second, sines));
  const Operand imaginary = join(add, join(multiply, first, sines), join(multiply, second, cosines));
  Binding result = node.append(Concat{3}, {real, imaginary});
  if (interleaved) {
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < turned; ++i) order.push_back(i / 2 + (i % 2) * half);
    result = node.append(Gather{3, std::move(order)}, {result});
  }
  if (turned < dims[3]) result = node.append(Concat{3}, {result, part(turned, 1, dims[3] - turned)});
  if (!flat) return result;
  return node.reshape(node.transpose(result, {0, 2, 1, 3}), {batch, dims[2], dims[1] * dims[3]});
}

}  // namespace

OnnxTypes attention_types() { return {{"Attention", import_attention}, {"RotaryEmbedding", import_rotary_embedding}}; }

}  // namespace ballast::graph::operations
