// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices of doubles, which are nearly all of the work here. ATen leaves them to the system's BLAS, and
// the one that is there by default is many times slower than the processor.

#pragma once

#include <ATen/core/Tensor.h>

namespace ballast::verify {

// a (m x k) times b (k x n), both of doubles, in any layout. On as many threads as ATen has; the sums are the same for any number
// of them and any instruction set: products are added in the order of k, in blocks of 256.
at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b);

}  // namespace ballast::verify
