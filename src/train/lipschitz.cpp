// SPDX-License-Identifier: Apache-2.0

#include "lipschitz.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "ballast/core/errors.hpp"
#include "draws.hpp"

namespace ballast::train {
namespace {

using graph::ValueId;

constexpr double least_length = 1e-30;            // of a vector that is divided by its length
constexpr std::uint32_t first_stream = 1u << 31;  // behind those of the weights

// What stands between some values and another.
struct Piece {
  std::vector<ValueId> from;  // one, or the summands
  ValueId to;
  at::Tensor norm;              // where it is known in closed form
  std::vector<AffineMap> maps;  // where it is not: a layer and the scales behind it
};

[[noreturn]] void refuse_node(const graph::Node& node, std::string_view why) {
  throw InputError(fmt::format("{} node '{}': {}", graph::name_of(node.operation), node.name, why));
}

bool is_scale(const AffineMap& map) { return std::holds_alternative<Scale>(map.linear) || std::holds_alternative<Rearrange>(map.linear); }

class Walk {
 public:
  explicit Walk(const model::Network& network) : network_(network), graph_(network.graph()) {
    for (const graph::Node& node : graph_.nodes) {
      for (const ValueId id : node.inputs) ++readers_[id];
    }
  }

  std::vector<Piece> pieces() {
    const graph::Node& last = last_layer();
    for (const graph::Node& node : graph_.nodes) {
      if (&node != &last && !joined(node)) pieces_.push_back(piece_of(node));
    }
    return std::move(pieces_);
  }

  const graph::Node& last_layer() const {
    for (const graph::Node& node : graph_.nodes) {
      if (node.output != graph_.output) continue;
      if (!std::holds_alternative<graph::Linear>(node.operation))
        refuse_node(node, "the recipe lmt takes networks that end in a linear layer");
      return node;
    }
    throw InputError("the recipe lmt takes networks that end in a linear layer");
  }

 private:
  std::vector<ValueId> computed(const graph::Node& node) const {
    std::vector<ValueId> ids;
    for (const ValueId id : node.inputs) {
      if (!graph_.is_constant(id)) ids.push_back(id);
    }
    return ids;
  }

  at::Tensor number(double value) const { return at::full({}, value, network_.constants().begin()->second.options().requires_grad(false)); }

  // Whether the node is a scale that became part of the layer before it.
  bool joined(const graph::Node& node) {
    const std::vector<ValueId> from = computed(node);
    if (from.size() != 1 || readers_.at(from[0]) != 1) return false;
    const auto layer =
        std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return piece.to == from[0] && !piece.maps.empty(); });
    auto map = layer != pieces_.end() ? affine_map(network_, node) : std::nullopt;
    if (!map || !is_scale(*map)) return false;
    layer->maps.push_back(*std::move(map));
    layer->to = node.output;
    return true;
  }

  Piece piece_of(const graph::Node& node) const {
    const std::vector<ValueId> from = computed(node);
    if (const auto norm = norm_of(node, from.size())) return {from, node.output, number(*norm), {}};
    auto map = from.size() == 1 ? affine_map(network_, node) : std::nullopt;
    if (!map) refuse_node(node, "the recipe lmt knows no bound of its norm");
    if (const auto* scale = std::get_if<Scale>(&map->linear)) return {from, node.output, scale->factors.abs().max(), {}};
    return {from, node.output, {}, {*std::move(map)}};
  }

  // In closed form and whatever the weights.
  std::optional<double> norm_of(const graph::Node& node, std::size_t from) const {
    if (const auto* activation = std::get_if<graph::Activation>(&node.operation)) {
      if (activation->kind == graph::Activation::Kind::relu) return 1;
    }
    if (const auto* binary = std::get_if<graph::Binary>(&node.operation)) {
      using Kind = graph::Binary::Kind;
      const auto inputs = computed(node);
      const bool stretches =
          std::any_of(inputs.begin(), inputs.end(), [&](ValueId id) { return graph_.dims(id) != graph_.dims(node.output); });
      if (!stretches && (binary->kind == Kind::add || (binary->kind == Kind::subtract && from == 2))) return 1;
    }
    if (std::holds_alternative<graph::Reshape>(node.operation)) return 1;
    if (const auto* reduce = std::get_if<graph::Reduce>(&node.operation); reduce && reduce->kind == graph::Reduce::Kind::mean) {
      const double shares = static_cast<double>(graph::elements(graph_.dims(node.inputs[0])));
      return std::sqrt(static_cast<double>(graph::elements(graph_.dims(node.output))) / shares);
    }
    if (const auto* pool = std::get_if<graph::Pool>(&node.operation)) return norm_of(*pool);
    return {};
  }

  // A pixel lies in at most ceil(kernel / stride) windows each way; averages over windows apart shrink by the root of their size.
  static std::optional<double> norm_of(const graph::Pool& pool) {
    if (pool.kernel.size() != 2 || pool.ceil || pool.dilations != graph::Sides{1, 1}) return {};
    if (pool.kind == graph::Pool::Kind::average) {
      if (pool.kernel != pool.strides || pool.pads != graph::Sides{0, 0, 0, 0}) return {};
      return 1 / std::sqrt(static_cast<double>(pool.kernel[0] * pool.kernel[1]));
    }
    const auto windows = [&](std::size_t i) { return (pool.kernel[i] + pool.strides[i] - 1) / pool.strides[i]; };
    return std::sqrt(static_cast<double>(windows(0) * windows(1)));
  }

  const model::Network& network_;
  const graph::Graph& graph_;
  std::map<ValueId, int> readers_;
  std::vector<Piece> pieces_;
};

at::Tensor forward(const std::vector<AffineMap>& maps, at::Tensor x) {
  for (const AffineMap& map : maps) x = apply(map, x);
  return x;
}

at::Tensor backward(const std::vector<AffineMap>& maps, at::Tensor y) {
  for (auto map = maps.rbegin(); map != maps.rend(); ++map) y = apply_adjoint(*map, y);
  return y;
}

at::Tensor of_length_one(const at::Tensor& x) { return x / x.norm().clamp_min(least_length); }

// u^T W v with u = W v / |W v|.
at::Tensor norm_along(const std::vector<AffineMap>& maps, const at::Tensor& v) {
  const at::Tensor image = forward(maps, v);
  return (of_length_one(image.detach()) * image).sum();
}

}  // namespace

std::vector<at::Tensor> power_vectors(const model::Network& network, std::uint64_t seed) {
  std::vector<at::Tensor> vectors;
  for (const Piece& piece : Walk(network).pieces()) {
    if (piece.maps.empty()) continue;
    const auto number = static_cast<std::uint32_t>(vectors.size());
    const at::Tensor normals =
        Draws({seed, noise::Purpose::initialisation, first_stream + number}, 0).normals(many(1, piece.maps.front().in));
    vectors.push_back(of_length_one(normals.to(network.constants().begin()->second.options().requires_grad(false))));
  }
  return vectors;
}

void step(const model::Network& network, std::vector<at::Tensor>& vectors) {
  const c10::NoGradGuard no_gradients;
  std::size_t next = 0;
  for (const Piece& piece : Walk(network).pieces()) {
    if (piece.maps.empty()) continue;
    at::Tensor& v = vectors[next++];
    v.copy_(of_length_one(backward(piece.maps, of_length_one(forward(piece.maps, v)))));
  }
}

at::Tensor margin_constants(const model::Network& network, const std::vector<at::Tensor>& vectors, const at::Tensor& labels) {
  Walk walk(network);
  std::map<ValueId, at::Tensor> constants;  // of each value as a function of the input; none: the input itself
  const auto sum_over = [&](const std::vector<ValueId>& ids) {
    at::Tensor sum;
    for (const ValueId id : ids) {
      const auto found = constants.find(id);
      const at::Tensor one = found != constants.end() ? found->second : at::ones({}, labels.options().dtype(at::kFloat));
      sum = sum.defined() ? sum + one : one;
    }
    return sum;
  };
  std::size_t next = 0;
  for (const Piece& piece : walk.pieces()) {
    constants[piece.to] = sum_over(piece.from) * (piece.maps.empty() ? piece.norm : norm_along(piece.maps, vectors[next++]));
  }
  const graph::Node& last = walk.last_layer();
  const at::Tensor& rows = network.constants().at(last.inputs[1]);
  constexpr std::int64_t by_differences = 2;  // not by products, which lose digits
  return sum_over({last.inputs[0]}) * at::cdist(rows, rows, 2, by_differences).index_select(0, labels);
}

}  // namespace ballast::train
