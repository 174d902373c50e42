// SPDX-License-Identifier: Apache-2.0

#include "layers.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/max_pool2d.h>

#include <algorithm>
#include <limits>

namespace ballast::verify {

const Layer* Layers::producer(ValueIndex value) const {
  for (const Layer& layer : layers) {
    if (layer.output == value) return &layer;
  }
  return nullptr;
}

std::vector<ValueIndex> inputs_of(const Layer& layer) {
  if (layer.kind != Layer::Kind::affine) return {layer.input};
  std::vector<ValueIndex> inputs;
  for (const Term& term : layer.terms) inputs.push_back(term.from);
  return inputs;
}

at::Tensor run(const Layer& layer, const std::vector<at::Tensor>& values) {
  const auto value = [&](ValueIndex index) { return values[static_cast<std::size_t>(index)]; };
  if (layer.kind == Layer::Kind::relu) return value(layer.input).relu();
  if (layer.kind == Layer::Kind::max_pool) {
    const graph::Pool& pool = layer.pool;
    const Sizes pads{pool.pads[1], pool.pads[3], pool.pads[0], pool.pads[2]}, none{0, 0};
    const at::Tensor padded = at::constant_pad_nd(value(layer.input), pads, -std::numeric_limits<double>::infinity());
    return at::max_pool2d(padded, pool.kernel, pool.strides, none);
  }
  at::Tensor sum;
  for (const Term& term : layer.terms) {
    const at::Tensor summand = apply(term.map, value(term.from));
    sum = sum.defined() ? sum + summand : summand;
  }
  return layer.constant.defined() ? sum + layer.constant : sum;
}

std::vector<at::Tensor> run(const Layers& layers, const at::Tensor& x) {
  std::vector<at::Tensor> values(layers.sizes.size());
  values[static_cast<std::size_t>(layers.input)] = x;
  for (const Layer& layer : layers.layers) values[static_cast<std::size_t>(layer.output)] = run(layer, values);
  return values;
}

}  // namespace ballast::verify
