// SPDX-License-Identifier: Apache-2.0
//
// The only file that knows one oneDNN release from another: how primitives are
// described in version 2 (Debian 12) and version 3 (Debian 13).

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <utility>
#include <vector>

#include "room_for_code.hpp"

namespace ballast::model::onednn {

using dnnl::memory;

// Whether the library uses these instructions here: the processor has them, and nobody forbade them (DNNL_MAX_CPU_ISA).
inline bool uses(dnnl::cpu_isa isa) {
  const auto wanted = static_cast<unsigned>(isa);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

struct Window {
  memory::dims strides, dilations, kernel, pad_begin, pad_end;  // dilations: gaps between taps, 0 for none
};

// What a step that multiplies or moves whole numbers is told of the size of theirs: memory that it takes as arguments.
using Steps = std::vector<std::pair<int, std::vector<float>>>;

// A layer of whole numbers: how large one of them is in what enters, in each output's weights and in the result (1 where that is of
// floats).
struct LayerSteps {
  float in;
  std::span<const float> weights;
  float out;
  bool grouped;
  bool scales;  // whether what follows gives k times as much for k times as much
};

#if DNNL_VERSION_MAJOR >= 3

inline dnnl::convolution_forward::primitive_desc describe_convolution(const dnnl::engine& engine, const memory::desc& src,
                                                                      const memory::desc& weights, const memory::desc& bias,
                                                                      const memory::desc& dst, const Window& w,
                                                                      const dnnl::primitive_attr& attr,
                                                                      dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct) {
  return {engine, dnnl::prop_kind::forward_inference, algorithm, src, weights, bias, dst, w.strides, w.dilations, w.pad_begin, w.pad_end,
          attr};
}

inline dnnl::inner_product_forward::primitive_desc describe_inner_product(const dnnl::engine& engine, const memory::desc& src,
                                                                          const memory::desc& weights, const memory::desc& bias,
                                                                          const memory::desc& dst, const dnnl::primitive_attr& attr) {
  return {engine, dnnl::prop_kind::forward_inference, src, weights, bias, dst, attr};
}

inline dnnl::matmul::primitive_desc describe_matmul(const dnnl::engine& engine, const memory::desc& a, const memory::desc& b,
                                                    const memory::desc& dst, const dnnl::primitive_attr& attr) {
  return {engine, a, b, dst, attr};
}

inline dnnl::pooling_forward::primitive_desc describe_pooling(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                              const memory::desc& src, const memory::desc& dst, const Window& w,
                                                              const dnnl::primitive_attr& attr) {
  return {engine, dnnl::prop_kind::forward_inference, algorithm, src, dst, w.strides, w.kernel, w.dilations, w.pad_begin, w.pad_end, attr};
}

inline dnnl::eltwise_forward::primitive_desc describe_eltwise(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                              const memory::desc& data, float alpha, float beta,
                                                              const dnnl::primitive_attr& attr) {
  return {engine, dnnl::prop_kind::forward_inference, algorithm, data, data, alpha, beta, attr};
}

inline dnnl::binary::primitive_desc describe_binary(const dnnl::engine& engine, dnnl::algorithm algorithm, const memory::desc& a,
                                                    const memory::desc& b, const memory::desc& dst, const dnnl::primitive_attr& attr) {
  return {engine, algorithm, a, b, dst, attr};
}

inline dnnl::deconvolution_forward::primitive_desc describe_deconvolution(const dnnl::engine& engine, const memory::desc& src,
                                                                          const memory::desc& weights, const memory::desc& bias,
                                                                          const memory::desc& dst, const Window& w,
                                                                          const dnnl::primitive_attr& attr) {
  return {engine,
          dnnl::prop_kind::forward_inference,
          dnnl::algorithm::deconvolution_direct,
          src,
          weights,
          bias,
          dst,
          w.strides,
          w.dilations,
          w.pad_begin,
          w.pad_end,
          attr};
}

inline dnnl::softmax_forward::primitive_desc describe_softmax(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                              const memory::desc& data, int axis, const dnnl::primitive_attr& attr) {
  return {engine, dnnl::prop_kind::forward_inference, algorithm, data, data, axis, attr};
}

inline dnnl::layer_normalization_forward::primitive_desc describe_scaled_layer_norm(const dnnl::engine& engine, const memory::desc& data,
                                                                                    float epsilon, const dnnl::primitive_attr& attr) {
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  return {engine, dnnl::prop_kind::forward_inference, data, data, epsilon, flags, attr};
}

inline dnnl::layer_normalization_forward::primitive_desc describe_layer_norm(const dnnl::engine& engine, const memory::desc& data,
                                                                             float epsilon, const dnnl::primitive_attr& attr) {
  return {engine, dnnl::prop_kind::forward_inference, data, data, epsilon, dnnl::normalization_flags::none, attr};
}

inline dnnl::resampling_forward::primitive_desc describe_resampling(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                                    const memory::desc& src, const memory::desc& dst,
                                                                    const dnnl::primitive_attr& attr) {
  return {engine, dnnl::prop_kind::forward_inference, algorithm, src, dst, attr};
}

inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm algorithm, float alpha, float beta) {
  ops.append_eltwise(algorithm, alpha, beta);
}

// The size of 1 in what follows the layer.
inline float unit_of(const LayerSteps&) { return 1; }
inline Steps set_steps(dnnl::primitive_attr& attr, dnnl::post_ops& ops, const LayerSteps& steps) {
  attr.set_scales_mask(DNNL_ARG_SRC, 0);
  attr.set_scales_mask(DNNL_ARG_WEIGHTS, steps.grouped ? 3 : 1);
  attr.set_scales_mask(DNNL_ARG_DST, 0);
  attr.set_post_ops(ops);
  return {{DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, {steps.in}},
          {DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, {steps.weights.begin(), steps.weights.end()}},
          {DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST, {steps.out}}};
}
inline std::vector<float> bias_of(std::vector<float> bias, const LayerSteps&) { return bias; }

// Of what is moved, from numbers of one size to those of another.
inline Steps set_steps(dnnl::primitive_attr& attr, float in, float out) {
  attr.set_scales_mask(DNNL_ARG_SRC, 0);
  attr.set_scales_mask(DNNL_ARG_DST, 0);
  return {{DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, {in}}, {DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST, {out}}};
}

inline constexpr std::array<float, 2> hard_swish_parameters{1.0f / 6, 0.5f};

inline memory::data_type type_of(const memory::desc& desc) { return desc.get_data_type(); }
inline memory::dims sizes_of(const memory::desc& desc) { return desc.get_dims(); }

// Whether a form holds more than the values, to fill blocks up. Reorders of oneDNN 3.7 into such forms put weights in wrong places where
// blocks lie within blocks.
inline bool is_misplaced_by_reorders(const memory::desc& form) { return form.get_padded_dims() != form.get_dims(); }

// Values of these strides into such a form, of single precision or bf16; false for other types.
inline bool place(const float* values, const memory::dims& strides, memory& form) {
  const memory::desc desc = form.get_desc();
  const auto type = desc.get_data_type();
  if (type != memory::data_type::f32 && type != memory::data_type::bf16) return false;
  const auto dims = desc.get_dims(), outer = desc.get_strides(), blocks = desc.get_inner_blks(), axes = desc.get_inner_idxs();
  auto* bytes = static_cast<std::byte*>(form.get_data_handle());
  std::fill_n(bytes, desc.get_size(), std::byte{0});
  memory::dims at(dims.size(), 0);
  std::int64_t count = 1;
  for (const std::int64_t size : dims) count *= size;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t from = 0, to = desc.get_submemory_offset(), within = 1;
    memory::dims left = at;
    for (std::size_t k = blocks.size(); k-- > 0;) {
      std::int64_t& position = left[static_cast<std::size_t>(axes[k])];
      to += position % blocks[k] * within;
      position /= blocks[k];
      within *= blocks[k];
    }
    for (std::size_t d = 0; d < dims.size(); ++d) from += at[d] * strides[d], to += left[d] * outer[d];
    const auto bits = std::bit_cast<std::uint32_t>(values[from]);
    if (type == memory::data_type::f32) {
      std::memcpy(bytes + 4 * to, &bits, 4);
    } else {  // to the nearest, ties to even; NaN stays NaN
      const std::uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
      const auto half = static_cast<std::uint16_t>((bits & 0x7fff'ffff) > 0x7f80'0000 ? quiet : nearest);
      std::memcpy(bytes + 2 * to, &half, 2);
    }
    for (std::size_t d = dims.size(); d-- > 0;) {
      if (++at[d] < dims[d]) break;
      at[d] = 0;
    }
  }
  return true;
}

#else

inline dnnl::convolution_forward::primitive_desc describe_convolution(const dnnl::engine& engine, const memory::desc& src,
                                                                      const memory::desc& weights, const memory::desc& bias,
                                                                      const memory::desc& dst, const Window& w,
                                                                      const dnnl::primitive_attr& attr,
                                                                      dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct) {
  const dnnl::convolution_forward::desc desc(dnnl::prop_kind::forward_inference, algorithm, src, weights, bias, dst, w.strides, w.dilations,
                                             w.pad_begin, w.pad_end);
  return {desc, attr, engine};
}

inline dnnl::inner_product_forward::primitive_desc describe_inner_product(const dnnl::engine& engine, const memory::desc& src,
                                                                          const memory::desc& weights, const memory::desc& bias,
                                                                          const memory::desc& dst, const dnnl::primitive_attr& attr) {
  return {dnnl::inner_product_forward::desc(dnnl::prop_kind::forward_inference, src, weights, bias, dst), attr, engine};
}

inline dnnl::matmul::primitive_desc describe_matmul(const dnnl::engine& engine, const memory::desc& a, const memory::desc& b,
                                                    const memory::desc& dst, const dnnl::primitive_attr& attr) {
  return {dnnl::matmul::desc(a, b, dst), attr, engine};
}

inline dnnl::pooling_v2_forward::primitive_desc describe_pooling(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                                 const memory::desc& src, const memory::desc& dst, const Window& w,
                                                                 const dnnl::primitive_attr& attr) {
  const dnnl::pooling_v2_forward::desc desc(dnnl::prop_kind::forward_inference, algorithm, src, dst, w.strides, w.kernel, w.dilations,
                                            w.pad_begin, w.pad_end);
  return {desc, attr, engine};
}

inline dnnl::eltwise_forward::primitive_desc describe_eltwise(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                              const memory::desc& data, float alpha, float beta,
                                                              const dnnl::primitive_attr& attr) {
  return {dnnl::eltwise_forward::desc(dnnl::prop_kind::forward_inference, algorithm, data, alpha, beta), attr, engine};
}

inline dnnl::binary::primitive_desc describe_binary(const dnnl::engine& engine, dnnl::algorithm algorithm, const memory::desc& a,
                                                    const memory::desc& b, const memory::desc& dst, const dnnl::primitive_attr& attr) {
  return {dnnl::binary::desc(algorithm, a, b, dst), attr, engine};
}

inline dnnl::deconvolution_forward::primitive_desc describe_deconvolution(const dnnl::engine& engine, const memory::desc& src,
                                                                          const memory::desc& weights, const memory::desc& bias,
                                                                          const memory::desc& dst, const Window& w,
                                                                          const dnnl::primitive_attr& attr) {
  const dnnl::deconvolution_forward::desc desc(dnnl::prop_kind::forward_inference, dnnl::algorithm::deconvolution_direct, src, weights,
                                               bias, dst, w.strides, w.dilations, w.pad_begin, w.pad_end);
  return {desc, attr, engine};
}

inline dnnl::softmax_v2_forward::primitive_desc describe_softmax(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                                 const memory::desc& data, int axis, const dnnl::primitive_attr& attr) {
  const dnnl::softmax_v2_forward::desc desc(dnnl::prop_kind::forward_inference, algorithm, data, data, axis);
  return {desc, attr, engine};
}

inline dnnl::layer_normalization_forward::primitive_desc describe_scaled_layer_norm(const dnnl::engine& engine, const memory::desc& data,
                                                                                    float epsilon, const dnnl::primitive_attr& attr) {
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  return {dnnl::layer_normalization_forward::desc(dnnl::prop_kind::forward_inference, data, epsilon, flags), attr, engine};
}

inline dnnl::layer_normalization_forward::primitive_desc describe_layer_norm(const dnnl::engine& engine, const memory::desc& data,
                                                                             float epsilon, const dnnl::primitive_attr& attr) {
  const dnnl::layer_normalization_forward::desc desc(dnnl::prop_kind::forward_inference, data, epsilon, dnnl::normalization_flags::none);
  return {desc, attr, engine};
}

inline dnnl::resampling_forward::primitive_desc describe_resampling(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                                    const memory::desc& src, const memory::desc& dst,
                                                                    const dnnl::primitive_attr& attr) {
  return {dnnl::resampling_forward::desc(dnnl::prop_kind::forward_inference, algorithm, src, dst), attr, engine};
}

inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm algorithm, float alpha, float beta) {
  ops.append_eltwise(1.0f, algorithm, alpha, beta);
}

// One multiplication does for both ends where nothing in between minds.
inline float unit_of(const LayerSteps& steps) { return steps.scales ? steps.out : 1; }
inline Steps set_steps(dnnl::primitive_attr& attr, dnnl::post_ops& ops, const LayerSteps& steps) {
  std::vector<float> scales;
  for (const float step : steps.weights) scales.push_back(steps.in * step / unit_of(steps));
  if (steps.out != unit_of(steps)) append_eltwise(ops, dnnl::algorithm::eltwise_linear, 1 / steps.out, 0);
  attr.set_output_scales(1 << 1, scales);
  attr.set_post_ops(ops);
  return {};
}
// It is added to the products before they are multiplied.
inline std::vector<float> bias_of(std::vector<float> bias, const LayerSteps& steps) {
  for (std::size_t i = 0; i < bias.size(); ++i) bias[i] /= steps.in * steps.weights[i];
  return bias;
}

inline Steps set_steps(dnnl::primitive_attr& attr, float in, float out) {
  attr.set_output_scales(0, {in / out});
  return {};
}

inline constexpr std::array<float, 2> hard_swish_parameters{0, 0};

inline memory::data_type type_of(const memory::desc& desc) { return desc.data_type(); }
inline memory::dims sizes_of(const memory::desc& desc) { return desc.dims(); }

inline bool is_misplaced_by_reorders(const memory::desc&) { return false; }
inline bool place(const float*, const memory::dims&, memory&) { return false; }

#endif

// Throws std::bad_alloc if that is what the library says: without memory no other kernel is chosen, whose scores differ, and no network
// refused.
inline void require_memory(const dnnl::error& error) {
  if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
}

// Makes the primitive that a description describes, whatever its class is called in this release. Throws std::bad_alloc.
template <typename PrimitiveDesc>
dnnl::primitive make_primitive(const PrimitiveDesc& desc) {
  require_room_for_code();
  return dnnl::primitive(desc.get());
}

inline dnnl::reorder make_reorder(const memory& from, const memory& to) {
  require_room_for_code();
  return {from, to};
}

}  // namespace ballast::model::onednn
