// SPDX-License-Identifier: Apache-2.0

#include "onnx_tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "ballast/core/errors.hpp"
#include "half.hpp"

namespace ballast::graph {
namespace {

using DataType = onnx::TensorProto;

// What tensors are read by: their bytes, and what is paid for what they become.
class TensorReader {
 public:
  TensorReader(const onnx::TensorProto& tensor, std::size_t count, LoadBudget& budget, ExternalFiles& files)
      : tensor_(tensor), count_(count), budget_(budget), files_(files) {}

  // Elements of type Stored, from the bytes or from the repeated field where there are none.
  template <typename Stored, typename Out, typename Field, typename Convert>
  std::vector<Out> read(const Field& field, Convert&& convert) {
    const bool apart = ExternalFiles::holds(tensor_);
    if (!apart && !tensor_.has_raw_data()) {
      require(static_cast<std::size_t>(field.size()) == count_,
              fmt::format("tensor '{}' holds {} values where its shape needs {}", tensor_.name(), field.size(), count_));
      return made<Stored, Out>([&](std::size_t i) { return convert(static_cast<Stored>(field.Get(static_cast<int>(i)))); });
    }
    const std::size_t needed = count_ * sizeof(Stored);
    const std::span<const char> raw = apart ? files_.bytes(tensor_, needed, budget_) : std::span<const char>(tensor_.raw_data());
    require(raw.size() == needed, fmt::format("tensor '{}' holds {} bytes where its shape needs {}", tensor_.name(), raw.size(), needed));
    return made<Stored, Out>([&](std::size_t i) {
      Stored stored;
      std::memcpy(&stored, raw.data() + i * sizeof(Stored), sizeof(Stored));
      return convert(stored);
    });
  }

  template <typename Stored, typename Field>
  std::vector<float> floats(const Field& field) {
    return read<Stored, float>(field, [](Stored value) { return static_cast<float>(value); });
  }

  template <typename Stored, typename Field>
  std::vector<std::int64_t> integers(const Field& field) {
    return read<Stored, std::int64_t>(field, [](Stored value) { return static_cast<std::int64_t>(value); });
  }

 private:
  template <typename Stored, typename Out, typename Element>
  std::vector<Out> made(Element&& element) {
    if (sizeof(Stored) < sizeof(float)) budget_.narrow(count_, sizeof(Stored));
    budget_.bytes(count_ * sizeof(Out));
    std::vector<Out> values(count_);
    for (std::size_t i = 0; i < count_; ++i) values[i] = element(i);
    return values;
  }

  const onnx::TensorProto& tensor_;
  std::size_t count_;
  LoadBudget& budget_;
  ExternalFiles& files_;
};

std::int64_t signed_from(std::uint64_t value) {
  require(value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()), "a whole number is beyond 2^63");
  return static_cast<std::int64_t>(value);
}

}  // namespace

Constant read_tensor(const onnx::TensorProto& tensor, LoadBudget& budget, ExternalFiles& files) {
  Constant constant;
  budget.rank(static_cast<std::size_t>(tensor.dims_size()));
  constant.dims.assign(tensor.dims().begin(), tensor.dims().end());
  const bool has_sizes = std::all_of(constant.dims.begin(), constant.dims.end(), [](std::int64_t size) { return size >= 0; });
  require(has_sizes, fmt::format("tensor '{}' has a negative size", tensor.name()));
  TensorReader in(tensor, static_cast<std::size_t>(constant_elements(constant.dims)), budget, files);
  constant.type = tensor.data_type();
  switch (tensor.data_type()) {
    case DataType::FLOAT: constant.values = in.floats<float>(tensor.float_data()); break;
    case DataType::DOUBLE: constant.values = in.floats<double>(tensor.double_data()); break;
    case DataType::FLOAT16: constant.values = in.read<std::uint16_t, float>(tensor.int32_data(), from_half); break;
    case DataType::BFLOAT16: constant.values = in.read<std::uint16_t, float>(tensor.int32_data(), from_bfloat16); break;
    case DataType::INT64: constant.values = in.integers<std::int64_t>(tensor.int64_data()); break;
    case DataType::INT32: constant.values = in.integers<std::int32_t>(tensor.int32_data()); break;
    case DataType::INT16: constant.values = in.integers<std::int16_t>(tensor.int32_data()); break;
    case DataType::INT8: constant.values = in.integers<std::int8_t>(tensor.int32_data()); break;
    case DataType::UINT64: constant.values = in.read<std::uint64_t, std::int64_t>(tensor.uint64_data(), signed_from); break;
    case DataType::UINT32: constant.values = in.integers<std::uint32_t>(tensor.uint64_data()); break;
    case DataType::UINT16: constant.values = in.integers<std::uint16_t>(tensor.int32_data()); break;
    case DataType::UINT8:
    case DataType::BOOL: constant.values = in.integers<std::uint8_t>(tensor.int32_data()); break;
    default:
      throw InputError(
          fmt::format("tensor '{}' is of type {}; floating-point numbers of 16, 32 and 64 bits, whole numbers of 8 to 64 bits "
                      "and BOOL are supported",
                      tensor.name(), name_of_type(tensor.data_type())));
  }
  return constant;
}

std::string name_of_type(int type) {
  return onnx::TensorProto::DataType_IsValid(type) ? onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type))
                                                   : fmt::format("number {}", type);
}

void write_tensor(const Tensor& tensor, const std::string& name, onnx::TensorProto& out) {
  out.set_name(name);
  out.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t size : tensor.dims) out.add_dims(size);
  out.set_raw_data(tensor.values.data(), tensor.values.size() * sizeof(float));
}

void write_half_tensor(const Tensor& tensor, const std::string& name, onnx::TensorProto& out) {
  std::vector<std::uint16_t> halves;
  for (const float value : tensor.values) {
    halves.push_back(to_half(value));
    require(std::isfinite(from_half(halves.back())) || !std::isfinite(value),
            fmt::format("constant '{}' holds {}, which is beyond half precision", name, value));
  }
  out.set_name(name);
  out.set_data_type(onnx::TensorProto::FLOAT16);
  for (const std::int64_t size : tensor.dims) out.add_dims(size);
  out.set_raw_data(halves.data(), halves.size() * sizeof(std::uint16_t));
}

void write_tensor(const std::vector<std::int64_t>& values, const std::string& name, onnx::TensorProto& out) {
  out.set_name(name);
  out.set_data_type(onnx::TensorProto::INT64);
  out.add_dims(static_cast<std::int64_t>(values.size()));
  out.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
}

void write_tensor(const Bytes& bytes, const std::string& name, onnx::TensorProto& out) {
  out.set_name(name);
  out.set_data_type(bytes.is_signed ? onnx::TensorProto::INT8 : onnx::TensorProto::UINT8);
  for (const std::int64_t size : bytes.dims) out.add_dims(size);
  out.set_raw_data(bytes.values);
}

}  // namespace ballast::graph
