// SPDX-License-Identifier: Apache-2.0
//
// Operations that oneDNN has no primitive for, as plain functions of row-major arrays in single precision. Dims are those of a
// micro-batch. Each kernel belongs to one thread.

#pragma once

#include <functional>
#include <span>

#include "ballast/graph/graph.hpp"

namespace ballast::model::onednn {

// in: the operation's inputs in order.
using HostKernel = std::function<void(std::span<const float* const> in, float* out)>;

HostKernel unary_kernel(const graph::Activation& activation, std::int64_t count);
HostKernel binary_kernel(const graph::Binary& binary, const graph::Dims& a, const graph::Dims& b, const graph::Dims& out);
HostKernel select_kernel(const graph::Dims& condition, const graph::Dims& a, const graph::Dims& b, const graph::Dims& out);
HostKernel reduce_kernel(const graph::Reduce& reduce, const graph::Dims& in);
HostKernel pool_kernel(const graph::Pool& pool, const graph::Dims& in, const graph::Dims& out);
HostKernel transposed_convolution_kernel(const graph::TransposedConvolution& conv, const graph::Dims& in, const graph::Dims& weights,
                                         const graph::Dims& out, bool biased);
HostKernel rms_norm_kernel(float epsilon, std::int64_t rows, std::int64_t size, bool biased);
HostKernel blend_kernel(std::int64_t axis, const graph::Dims& in, const graph::Tensor& weights);

}  // namespace ballast::model::onednn
