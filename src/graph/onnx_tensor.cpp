// SPDX-License-Identifier: Apache-2.0

#include "onnx_tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ballast/core/errors.hpp"

namespace ballast::graph {
namespace {

// The raw bytes as elements of type Stored, or the repeated field where there are none.
template <typename Stored, typename Out, typename Field>
std::vector<Out> read_values(const onnx::TensorProto& tensor, const Field& field, std::size_t count, LoadBudget& budget) {
  std::vector<Out> values;
  if (tensor.has_raw_data()) {
    require(tensor.raw_data().size() == count * sizeof(Stored),
            fmt::format("tensor '{}' holds {} bytes where its shape needs {}", tensor.name(), tensor.raw_data().size(),
                        count * sizeof(Stored)));
    budget.bytes(count * sizeof(Out));
    values.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      Stored stored;
      std::memcpy(&stored, tensor.raw_data().data() + i * sizeof(Stored), sizeof(Stored));
      values[i] = static_cast<Out>(stored);
    }
    return values;
  }
  require(static_cast<std::size_t>(field.size()) == count,
          fmt::format("tensor '{}' holds {} values where its shape needs {}", tensor.name(), field.size(), count));
  budget.bytes(count * sizeof(Out));
  values.resize(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<Out>(field.Get(static_cast<int>(i)));
  return values;
}

}  // namespace

Constant read_tensor(const onnx::TensorProto& tensor, LoadBudget& budget) {
  require(tensor.data_location() != onnx::TensorProto::EXTERNAL && tensor.external_data_size() == 0,
          fmt::format("tensor '{}' lies in another file, which is not supported: save the model with its weights inside", tensor.name()));
  Constant constant;
  budget.rank(static_cast<std::size_t>(tensor.dims_size()));
  constant.dims.assign(tensor.dims().begin(), tensor.dims().end());
  const bool has_sizes = std::all_of(constant.dims.begin(), constant.dims.end(), [](std::int64_t size) { return size >= 0; });
  require(has_sizes, fmt::format("tensor '{}' has a negative size", tensor.name()));
  const auto size = static_cast<std::size_t>(constant_elements(constant.dims));
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT: constant.values = read_values<float, float>(tensor, tensor.float_data(), size, budget); break;
    case onnx::TensorProto::DOUBLE: constant.values = read_values<double, float>(tensor, tensor.double_data(), size, budget); break;
    case onnx::TensorProto::INT64:
      constant.values = read_values<std::int64_t, std::int64_t>(tensor, tensor.int64_data(), size, budget);
      break;
    case onnx::TensorProto::INT32:
      constant.values = read_values<std::int32_t, std::int64_t>(tensor, tensor.int32_data(), size, budget);
      break;
    case onnx::TensorProto::BOOL:
      constant.values = read_values<std::uint8_t, std::int64_t>(tensor, tensor.int32_data(), size, budget);
      break;
    default:
      throw InputError(fmt::format("tensor '{}' is of type {}; FLOAT, DOUBLE, INT64, INT32 and BOOL are supported", tensor.name(),
                                   onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(tensor.data_type()))));
  }
  return constant;
}

void write_tensor(const Tensor& tensor, const std::string& name, onnx::TensorProto& out) {
  out.set_name(name);
  out.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t size : tensor.dims) out.add_dims(size);
  out.set_raw_data(tensor.values.data(), tensor.values.size() * sizeof(float));
}

void write_tensor(const std::vector<std::int64_t>& values, const std::string& name, onnx::TensorProto& out) {
  out.set_name(name);
  out.set_data_type(onnx::TensorProto::INT64);
  out.add_dims(static_cast<std::int64_t>(values.size()));
  out.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
}

}  // namespace ballast::graph
