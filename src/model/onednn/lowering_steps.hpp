// SPDX-License-Identifier: Apache-2.0
//
// Activations in oneDNN's words.

#pragma once

#include "ballast/graph/graph.hpp"
#include "primitives.hpp"

namespace ballast::model::onednn {

struct Eltwise {
  dnnl::algorithm algorithm;
  float alpha = 0, beta = 0;
};

inline Eltwise algorithm_of(const graph::Activation& activation) {
  using Kind = graph::Activation::Kind;
  switch (activation.kind) {
    case Kind::relu: return {dnnl::algorithm::eltwise_relu};
    case Kind::leaky_relu: return {dnnl::algorithm::eltwise_relu, activation.alpha};
    case Kind::clip: return {dnnl::algorithm::eltwise_clip, activation.alpha, activation.beta};
    case Kind::elu: return {dnnl::algorithm::eltwise_elu, activation.alpha};
    case Kind::sigmoid: return {dnnl::algorithm::eltwise_logistic};
    case Kind::tanh: return {dnnl::algorithm::eltwise_tanh};
    case Kind::gelu: return {dnnl::algorithm::eltwise_gelu_erf};
    case Kind::hard_swish: return {dnnl::algorithm::eltwise_hardswish, hard_swish_parameters[0], hard_swish_parameters[1]};
  }
  return {dnnl::algorithm::undef};
}

// Whether convolutions and linear layers may do it on their way out.
inline bool can_follow_a_layer(const graph::Activation& activation) {
  using Kind = graph::Activation::Kind;
  return activation.kind == Kind::relu || activation.kind == Kind::leaky_relu || activation.kind == Kind::clip;
}

}  // namespace ballast::model::onednn
