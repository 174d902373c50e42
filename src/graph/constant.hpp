// SPDX-License-Identifier: Apache-2.0
//
// Constants met while a network is read, and what can be computed from them
// beforehand: weights as floats, shapes and indices as integers.

#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ballast/graph/graph.hpp"
#include "load_budget.hpp"

namespace ballast::graph {

struct Constant {
  Dims dims;
  std::variant<std::vector<float>, std::vector<std::int64_t>> values;
  int type = 0;  // onnx::TensorProto::DataType, where the file says so of this very constant

  bool is_integer() const { return values.index() == 1; }
  std::size_t size() const;
  std::size_t element_bytes() const { return is_integer() ? sizeof(std::int64_t) : sizeof(float); }

  // Throw InputError where the other type is stored.
  const std::vector<float>& floats() const;
  const std::vector<std::int64_t>& integers() const;
};

Constant integer_vector(std::vector<std::int64_t> values);

// Elements of a constant of these dims. Throws InputError where a size is
// negative, or where sizes (zeros aside) multiply to 2^31 or more: below that,
// no arithmetic with them overflows.
std::int64_t constant_elements(const Dims& dims);

// Row-major distances between neighbours along each dimension.
std::vector<std::int64_t> row_major_strides(const Dims& dims);

// Each is paid for before it is made.
Constant transposed(const Constant& x, const std::vector<std::int64_t>& order, LoadBudget& budget);
Constant gathered(const Constant& x, const Constant& indices, std::int64_t axis, LoadBudget& budget);
Constant concatenated(const std::vector<const Constant*>& parts, std::int64_t axis, LoadBudget& budget);  // at least one
Constant sliced(const Constant& x, const std::vector<std::int64_t>& starts, const std::vector<std::int64_t>& steps, const Dims& sizes,
                LoadBudget& budget);
Constant combined(const Constant& a, const Constant& b, Binary::Kind kind,
                  LoadBudget& budget);                                       // broadcast as in ONNX; questions: integers
Constant expanded(const Constant& x, const Dims& dims, LoadBudget& budget);  // broadcast with a value of these dims
Constant chosen(const Constant& condition, const Constant& a, const Constant& b,
                LoadBudget& budget);                                                   // a where the condition is not 0, else b
Constant multiplied(const Constant& a, const Constant& b, LoadBudget& budget);         // (..., k) by (k, n): sums in double precision
Constant mapped(const Constant& x, const Activation& activation, LoadBudget& budget);  // of integers where it makes whole numbers of them
Constant reduced(const Constant& x, const std::vector<std::int64_t>& axes, Reduce::Kind kind,
                 LoadBudget& budget);                                                               // axes stay, with size 1
Constant blended(const Constant& x, std::int64_t axis, const Tensor& weights, LoadBudget& budget);  // as Blend has it
Constant reshaped(const Constant& x, Dims dims, LoadBudget& budget);                                // of as many elements

}  // namespace ballast::graph
