// SPDX-License-Identifier: Apache-2.0
//
// From a graph to layers: one function an operation, then chains of linear maps are multiplied out.

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/graph/passes.hpp"
#include "layers.hpp"

namespace ballast::verify {
namespace {

using graph::ValueId;

constexpr std::string_view allowed_operations =
    "Conv, Linear, BatchNormalization, Relu, Add and Sub, Mul and Div by constants, AveragePool, ReduceMean, Reshape, Transpose, Pad, "
    "Slice and Concat";

Sizes sizes_of_one(const graph::Dims& dims) { return {dims.begin() + 1, dims.end()}; }

at::Tensor with_batch(const at::Tensor& value) { return value.unsqueeze(0); }

// A constant with as many dimensions as a value of one image, none of which is the batch.
at::Tensor aligned(const at::Tensor& constant, std::size_t rank) {
  Sizes sizes(constant.sizes().begin(), constant.sizes().end());
  while (sizes.size() > rank && sizes.front() == 1) sizes.erase(sizes.begin());
  while (sizes.size() < rank) sizes.insert(sizes.begin(), 1);
  return constant.reshape(sizes);
}

struct Converter {
  const graph::Graph& graph;
  bool max_pools;
  std::string_view method;
  const graph::Node* node = nullptr;
  Layers result{};
  std::map<ValueId, ValueIndex> values{};

  [[noreturn]] void refuse(const std::string& why) const {
    throw InputError(fmt::format("{} node '{}': {}", graph::name_of(node->operation), node->name, why));
  }
  [[noreturn]] void refuse_operation() const {
    refuse(fmt::format("{} cannot bound it; allowed are {}{}", method, allowed_operations,
                       max_pools ? ", and MaxPool" : " (MaxPool with lipschitz and ibp alone)"));
  }

  ValueIndex new_value(Sizes sizes) {
    result.sizes.push_back(std::move(sizes));
    return static_cast<ValueIndex>(result.sizes.size()) - 1;
  }

  bool is_computed(std::size_t i) const { return !graph.is_constant(node->inputs[i]); }
  ValueIndex in(std::size_t i) const { return values.at(node->inputs[i]); }
  Sizes in_sizes(std::size_t i) const { return sizes_of_one(graph.dims(node->inputs[i])); }
  Sizes out_sizes() const { return sizes_of_one(graph.dims(node->output)); }

  at::Tensor constant(std::size_t i) const {
    const ValueId id = node->inputs[i];
    if (!graph.is_constant(id)) refuse("its weights are computed; they must be constants");
    const graph::Tensor& tensor = graph.tensor(id);
    const at::Tensor view =
        at::from_blob(const_cast<float*>(tensor.values.data()), at::IntArrayRef(tensor.dims), at::TensorOptions(at::kFloat));
    return view.to(at::kDouble);
  }

  // Of the output's sizes.
  at::Tensor filled(const at::Tensor& aligned_constant) const { return aligned_constant.expand(out_sizes()).contiguous(); }

  Layer affine(std::vector<Term> terms, at::Tensor added = {}) const {
    Layer layer;
    layer.terms = std::move(terms);
    layer.constant = std::move(added);
    layer.name = node->name;
    return layer;
  }
  Layer linear(LinearMap::Kind kind, at::Tensor added = {}) const {
    return affine({{in(0), {in_sizes(0), out_sizes(), std::move(kind)}}}, std::move(added));
  }

  ValueIndex append(Layer layer, Sizes sizes) {
    layer.output = new_value(std::move(sizes));
    result.layers.push_back(std::move(layer));
    return result.layers.back().output;
  }

  // Input i with its dimensions of size 1 repeated to the output's.
  ValueIndex expanded(std::size_t i) {
    const Sizes from = in_sizes(i), to = out_sizes();
    if (from == to) return in(i);
    if (from.size() != to.size()) refuse("its inputs have different numbers of dimensions, which is not supported here");
    return append(affine({{in(i), {from, to, Expand{}}}}), to);
  }

  void require_image() const {
    if (in_sizes(0).size() != 3) refuse("only windows over images of two directions can be bounded");
  }

  Layer operator()(const graph::Convolution& conv) {
    require_image();
    const Convolve map{constant(1), conv.strides, conv.pads, conv.dilations, conv.groups};
    return linear(map, node->inputs.size() > 2 ? filled(constant(2).reshape({-1, 1, 1})) : at::Tensor());
  }

  Layer operator()(const graph::Linear&) {
    return linear(Dense{constant(1)}, node->inputs.size() > 2 ? filled(aligned(constant(2), out_sizes().size())) : at::Tensor());
  }

  Layer operator()(const graph::BatchNorm& norm) {
    Sizes by_channel(out_sizes().size(), 1);
    by_channel[0] = -1;
    const at::Tensor scale = constant(1) / (constant(4) + static_cast<double>(norm.epsilon)).sqrt();
    return linear(Scale{scale.reshape(by_channel)}, filled((constant(2) - constant(3) * scale).reshape(by_channel)));
  }

  Layer operator()(const graph::Activation& activation) {
    if (activation.kind != graph::Activation::Kind::relu) refuse_operation();
    Layer layer;
    layer.kind = Layer::Kind::relu;
    layer.input = in(0);
    layer.name = node->name;
    return layer;
  }

  Layer operator()(const graph::Binary& binary) {
    using Kind = graph::Binary::Kind;
    if (is_computed(0) && is_computed(1)) return of_two(binary.kind);
    const std::size_t variable = is_computed(0) ? 0 : 1;
    const Sizes sizes = out_sizes();
    const ValueIndex from = expanded(variable);
    const at::Tensor number = aligned(constant(1 - variable), sizes.size());
    const auto scaled = [&](const at::Tensor& factors, const at::Tensor& added = {}) {
      return affine({{from, {sizes, sizes, Scale{factors}}}}, added);
    };
    const auto sign = [&](double factor) { return at::full(Sizes(sizes.size(), 1), factor, at::kDouble); };
    if (binary.kind > Kind::divide) refuse_operation();
    switch (binary.kind) {
      case Kind::add: return affine({{from, {sizes, sizes, Rearrange{}}}}, filled(number));
      case Kind::subtract:
        return variable == 0 ? affine({{from, {sizes, sizes, Rearrange{}}}}, filled(-number)) : scaled(sign(-1), filled(number));
      case Kind::multiply: return scaled(number);
      default: break;
    }
    if (variable == 1) refuse("it divides by a computed value; only divisions by constants can be bounded");
    return scaled(number.reciprocal());
  }

  Layer of_two(graph::Binary::Kind kind) {
    using Kind = graph::Binary::Kind;
    if (kind > Kind::divide) refuse_operation();
    if (kind == Kind::multiply || kind == Kind::divide)
      refuse("both of its inputs are computed; only products with constants can be bounded");
    const Sizes sizes = out_sizes();
    const Term first{expanded(0), {sizes, sizes, Rearrange{}}};
    Term second{expanded(1), {sizes, sizes, Rearrange{}}};
    if (kind == Kind::subtract) second.map.kind = Scale{at::full(Sizes(sizes.size(), 1), -1.0, at::kDouble)};
    return affine({first, second});
  }

  Layer operator()(const graph::Pool& pool) {
    require_image();
    if (pool.ceil || pool.dilations != graph::Sides{1, 1}) refuse("a pool with ceil_mode or dilations cannot be bounded");
    if (pool.kind == graph::Pool::Kind::average) return average(pool);
    if (!max_pools) refuse_operation();
    Layer layer;
    layer.kind = Layer::Kind::max_pool;
    layer.input = in(0);
    layer.pool = pool;
    layer.name = node->name;
    return layer;
  }

  // A convolution of each channel alone; at the edge a window may count fewer elements.
  Layer average(const graph::Pool& pool) {
    const std::int64_t channels = in_sizes(0)[0], area = pool.kernel[0] * pool.kernel[1];
    Convolve sum{at::ones({channels, 1, pool.kernel[0], pool.kernel[1]}, at::kDouble), pool.strides, pool.pads, {1, 1}, channels};
    const bool whole = pool.count_padding || pool.pads == graph::Sides{0, 0, 0, 0};
    if (whole) {
      sum.weights = sum.weights / static_cast<double>(area);
      return linear(sum);
    }
    const LinearMap map{in_sizes(0), out_sizes(), sum};
    const at::Tensor count = apply(map, with_batch(at::ones(in_sizes(0), at::kDouble))).squeeze(0);
    if (count.min().item<double>() <= 0) refuse("a window of it lies in the padding alone");
    const ValueIndex sums = append(affine({{in(0), map}}), out_sizes());
    return affine({{sums, {out_sizes(), out_sizes(), Scale{count.reciprocal()}}}});
  }

  Layer operator()(const graph::Reduce& mean) {
    if (mean.kind != graph::Reduce::Kind::mean) refuse_operation();
    Average average;
    for (const std::int64_t axis : mean.axes) average.axes.push_back(axis - 1);
    return linear(average);
  }

  Layer operator()(const graph::Reshape&) { return linear(Rearrange{}); }

  Layer operator()(const graph::Transpose& transpose) {
    Permute permute;
    for (std::size_t i = 1; i < transpose.order.size(); ++i) permute.order.push_back(transpose.order[i] - 1);
    return linear(permute);
  }

  Layer operator()(const graph::Pad& pad) {
    const Embed embed{{pad.before.begin() + 1, pad.before.end()}};
    if (pad.value == 0) return linear(embed);
    const LinearMap map{in_sizes(0), out_sizes(), embed};
    const at::Tensor inside = apply(map, with_batch(at::ones(in_sizes(0), at::kDouble))).squeeze(0);
    return linear(embed, (1 - inside) * static_cast<double>(pad.value));
  }

  Layer operator()(const graph::Slice& slice) {
    return linear(Take{{slice.starts.begin() + 1, slice.starts.end()}, {slice.steps.begin() + 1, slice.steps.end()}});
  }

  Layer operator()(const graph::Concat& concat) {
    Layer layer = affine({});
    layer.disjoint = true;
    const Sizes out = out_sizes();
    const auto axis = static_cast<std::size_t>(concat.axis - 1);
    Sizes before(out.size(), 0);
    for (std::size_t i = 0; i < node->inputs.size(); ++i) {
      const LinearMap map{in_sizes(i), out, Embed{before}};
      if (is_computed(i)) {
        layer.terms.push_back({in(i), map});
      } else {
        const at::Tensor part = apply(map, constant(i)).squeeze(0);
        layer.constant = layer.constant.defined() ? layer.constant + part : part;
      }
      before[axis] += map.in[axis];
    }
    return layer;
  }

  // Products of computed values, softmax and whatever else has no bounds here.
  Layer operator()(const auto&) { refuse_operation(); }

  Layers convert() {
    result.input = values[graph.input] = new_value(sizes_of_one(graph.dims(graph.input)));
    for (const graph::Node& next : graph.nodes) {
      node = &next;
      Layer layer = std::visit(*this, next.operation);
      values[next.output] = append(std::move(layer), out_sizes());
    }
    result.output = values.at(graph.output);
    return std::move(result);
  }
};

// The affine layer of one term that alone gives the value, which nothing else reads; where there is none, the end.
std::vector<Layer>::iterator sole_source(Layers& layers, ValueIndex value) {
  int reads = value == layers.output ? 1 : 0;
  for (const Layer& layer : layers.layers) {
    const auto inputs = inputs_of(layer);
    reads += static_cast<int>(std::count(inputs.begin(), inputs.end(), value));
  }
  if (reads != 1) return layers.layers.end();
  return std::find_if(layers.layers.begin(), layers.layers.end(), [&](const Layer& layer) {
    return layer.output == value && layer.kind == Layer::Kind::affine && layer.terms.size() == 1;
  });
}

// Takes the layer before the term into it, if the two maps make one. Whether they did.
bool joined(Layers& layers, std::size_t at, std::size_t index) {
  const Term term = layers.layers[at].terms[index];
  const auto source = sole_source(layers, term.from);
  if (source == layers.layers.end()) return false;
  const auto map = composed(term.map, source->terms[0].map);
  if (!map) return false;
  Layer& layer = layers.layers[at];
  if (source->constant.defined()) {
    const at::Tensor passed = apply(term.map, with_batch(source->constant)).squeeze(0);
    layer.constant = layer.constant.defined() ? layer.constant + passed : passed;
  }
  layer.terms[index] = {source->terms[0].from, *map};
  layers.layers.erase(source);
  return true;
}

bool joined_anywhere(Layers& layers) {
  for (std::size_t at = 0; at < layers.layers.size(); ++at) {
    if (layers.layers[at].disjoint) continue;
    for (std::size_t index = 0; index < layers.layers[at].terms.size(); ++index) {
      if (joined(layers, at, index)) return true;
    }
  }
  return false;
}

}  // namespace

Layers layers_of(graph::Graph graph, bool max_pools, std::string_view method) {
  graph::shortcuts_to_convolutions(graph);
  graph::remove_unused(graph);
  Layers layers = Converter{graph, max_pools, method}.convert();
  while (joined_anywhere(layers)) {
  }
  return layers;
}

}  // namespace ballast::verify
