// SPDX-License-Identifier: Apache-2.0

#include "tensor_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "ballast/core/errors.hpp"

namespace ballast::protocol {

namespace {

using OrderedJson = nlohmann::ordered_json;

template <class T>
OrderedJson array_of(const std::vector<T>& values, const Tensor& tensor) {
  if constexpr (std::is_floating_point_v<T>) {
    for (const T value : values)
      require(std::isfinite(value), fmt::format("tensor {}: JSON holds finite numbers only", in_quotes(tensor.name)));
  }
  return OrderedJson(values);
}

// The value as a T, or false where it is none.
template <class T>
bool take(const Json& value, T& result) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (!value.is_string()) return false;
    result = value.get_ref<const std::string&>();
    return true;
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number()) return false;
    result = static_cast<T>(value.get<double>());
    return std::isfinite(result);
  } else {
    if (!value.is_number_integer()) return false;
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if (value.is_number_unsigned() ? value.get<std::uint64_t>() > largest : value.get<std::int64_t>() < std::numeric_limits<T>::min())
      return false;
    result = value.get<T>();
    return true;
  }
}

bool take_boolean(const Json& value, std::uint8_t& result) {
  if (!value.is_boolean()) return false;
  result = value.get<bool>() ? 1 : 0;
  return true;
}

// Walks the data, whose nesting must be the shape's.
template <class T>
class Flattener {
 public:
  Flattener(const Tensor& tensor, const std::string& where, std::vector<T>& values) : tensor_(tensor), where_(where), values_(values) {}

  void add_flat(const Json& data) {
    for (const Json& value : data) add_value(value);
  }

  void add_nested(const Json& data, std::size_t dimension) {
    if (dimension == tensor_.shape.size()) return add_value(data);
    const bool fits = data.is_array() && data.size() == static_cast<std::size_t>(tensor_.shape[dimension]);
    require(fits, fmt::format("{}: the nesting of its data is not that of its shape {}", where_, shape_text(tensor_.shape)));
    for (const Json& part : data) add_nested(part, dimension + 1);
  }

 private:
  void add_value(const Json& value) {
    T result{};
    bool fits;
    if constexpr (std::is_same_v<T, std::uint8_t>)
      fits = tensor_.type == DataType::boolean ? take_boolean(value, result) : take(value, result);
    else fits = take(value, result);
    require(fits, fmt::format("{}: value {} of its data is not {}", where_, values_.size(), to_string(tensor_.type)));
    values_.push_back(std::move(result));
  }

  const Tensor& tensor_;
  const std::string& where_;
  std::vector<T>& values_;
};

template <class T>
void flatten(const Json& data, Tensor& tensor, const std::string& where) {
  const std::size_t wanted = element_count(tensor.shape);
  std::vector<T> values;
  Flattener<T> flattener(tensor, where, values);
  const bool nested = data.is_array() && !data.empty() && data.front().is_array();
  if (nested) flattener.add_nested(data, 0);
  else flattener.add_flat(data);
  require(values.size() == wanted,
          fmt::format("{}: {} values in its data for the shape {}, which has {}", where, values.size(), shape_text(tensor.shape), wanted));
  tensor.values = std::move(values);
}

}  // namespace

OrderedJson values_json(const Tensor& tensor) {
  if (tensor.type == DataType::boolean) {
    OrderedJson array = OrderedJson::array();
    for (const std::uint8_t value : tensor.as<std::uint8_t>()) array.push_back(value != 0);
    return array;
  }
  return std::visit([&](const auto& values) { return array_of(values, tensor); }, tensor.values);
}

void read_values(const Json& data, Tensor& tensor, const std::string& where) {
  require(data.is_array(), where + ": \"data\" is not an array");
  switch (tensor.type) {
    case DataType::boolean:
    case DataType::uint8: return flatten<std::uint8_t>(data, tensor, where);
    case DataType::int32: return flatten<std::int32_t>(data, tensor, where);
    case DataType::int64: return flatten<std::int64_t>(data, tensor, where);
    case DataType::fp32: return flatten<float>(data, tensor, where);
    case DataType::fp64: return flatten<double>(data, tensor, where);
    case DataType::bytes: return flatten<std::string>(data, tensor, where);
  }
}

}  // namespace ballast::protocol
