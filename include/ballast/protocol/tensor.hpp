// SPDX-License-Identifier: Apache-2.0
//
// A named array of numbers or strings, as the Open Inference Protocol sends it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ballast::protocol {

enum class DataType { boolean, uint8, int32, int64, fp32, fp64, bytes };

// "BOOL", "UINT8", "INT32", "INT64", "FP32", "FP64", "BYTES".
std::string_view to_string(DataType type);
std::optional<DataType> data_type_from(std::string_view name);

// BOOL (0 or 1) and UINT8 share the first.
using Values = std::variant<std::vector<std::uint8_t>, std::vector<std::int32_t>, std::vector<std::int64_t>, std::vector<float>,
                            std::vector<double>, std::vector<std::string>>;

struct Tensor {
  std::string name;
  DataType type = DataType::fp32;
  std::vector<std::int64_t> shape;
  Values values;        // of the type, in row-major order
  bool binary = false;  // how it stands in a message: as little-endian bytes behind the JSON, or within it

  template <class T>
  const std::vector<T>& as() const {
    return std::get<std::vector<T>>(values);
  }
};

// The product of the dimensions, 1 for none. Throws InputError for a dimension
// below 0, more than 8 of them, or a product above 2^40.
std::size_t element_count(std::span<const std::int64_t> shape);

// Throws InputError naming the tensor unless its values are of its type and as
// many as its shape says, and those of BOOL are 0 or 1.
void check(const Tensor& tensor);

// "[1,3,32,32]".
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace ballast::protocol
