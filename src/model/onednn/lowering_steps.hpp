// SPDX-License-Identifier: Apache-2.0
//
// What the lowering of all operations knows: activations in oneDNN's words, and its plain loops.

#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/graph/graph.hpp"
#include "primitives.hpp"

namespace ballast::model::onednn {

struct Eltwise {
  dnnl::algorithm algorithm;
  float alpha = 0, beta = 0;
};

// Nothing for what oneDNN does not have, or not exactly, or where it hides a NaN.
inline std::optional<Eltwise> algorithm_of(const graph::Activation& activation) {
  using Kind = graph::Activation::Kind;
  switch (activation.kind) {
    case Kind::relu: return Eltwise{dnnl::algorithm::eltwise_relu};
    case Kind::leaky_relu: return Eltwise{dnnl::algorithm::eltwise_relu, activation.alpha};
    case Kind::clip: return Eltwise{dnnl::algorithm::eltwise_clip, activation.alpha, activation.beta};
    case Kind::elu: return Eltwise{dnnl::algorithm::eltwise_elu, activation.alpha};
    case Kind::sigmoid: return Eltwise{dnnl::algorithm::eltwise_logistic};
    case Kind::tanh: return Eltwise{dnnl::algorithm::eltwise_tanh};
    case Kind::gelu: return Eltwise{dnnl::algorithm::eltwise_gelu_erf};
    case Kind::hard_swish: return Eltwise{dnnl::algorithm::eltwise_hardswish, hard_swish_parameters[0], hard_swish_parameters[1]};
    case Kind::gelu_tanh: return Eltwise{dnnl::algorithm::eltwise_gelu_tanh};
    case Kind::swish: return Eltwise{dnnl::algorithm::eltwise_swish, activation.alpha};
    case Kind::abs: return Eltwise{dnnl::algorithm::eltwise_abs};
    case Kind::sqrt: return Eltwise{dnnl::algorithm::eltwise_sqrt};
    default: return {};
  }
}

// Whether convolutions and linear layers may do it on their way out.
inline bool can_follow_a_layer(const graph::Activation& activation) {
  using Kind = graph::Activation::Kind;
  switch (activation.kind) {
    case Kind::relu:
    case Kind::leaky_relu:
    case Kind::clip:
    case Kind::sigmoid:
    case Kind::gelu:
    case Kind::gelu_tanh:
    case Kind::hard_swish:
    case Kind::swish: return true;
    default: return false;
  }
}

// Whether a step may do it after these: one kernel of oneDNN 2.6 has one set of numbers for all uses of an algorithm.
inline bool can_follow(const graph::Activation& activation, const std::vector<graph::Activation>& before) {
  const auto own = algorithm_of(activation);
  return own && std::all_of(before.begin(), before.end(), [&](const graph::Activation& other) {
           const auto theirs = algorithm_of(other);
           return theirs->algorithm != own->algorithm || (theirs->alpha == own->alpha && theirs->beta == own->beta);
         });
}

// oneDNN counts gaps between taps.
inline memory::dims gaps(const graph::Sides& dilations) {
  memory::dims result;
  for (const std::int64_t dilation : dilations) result.push_back(dilation - 1);
  return result;
}

template <typename Layer>
Window window_of_layer(const Layer& layer) {
  const auto half = layer.pads.begin() + static_cast<std::ptrdiff_t>(layer.strides.size());
  return {layer.strides, gaps(layer.dilations), {}, {layer.pads.begin(), half}, {half, layer.pads.end()}};
}

// Weights of a convolution of several groups have one dimension more.
inline memory::dims by_groups(memory::dims weights, std::int64_t groups) {
  if (groups == 1) return weights;
  weights[0] /= groups;
  weights.insert(weights.begin(), groups);
  return weights;
}

// Of an image: "64x8x8".
inline std::string sizes(const memory::dims& dims) {
  std::string text;
  for (std::size_t i = 1; i < dims.size(); ++i) text += (i > 1 ? "x" : "") + std::to_string(dims[i]);
  return text;
}

// A plain loop, a hundred times slower than a kernel for the processor.
template <typename PrimitiveDesc>
bool is_reference(const PrimitiveDesc& desc) {
  return std::string_view(desc.impl_info_str()).starts_with("ref");
}

}  // namespace ballast::model::onednn
