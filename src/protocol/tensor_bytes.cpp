// SPDX-License-Identifier: Apache-2.0

#include "tensor_bytes.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "ballast/core/errors.hpp"
#include "bounded_json.hpp"

namespace ballast::protocol {

namespace {

static_assert(std::endian::native == std::endian::little);  // bytes are copied as they are

using Length = std::uint32_t;  // of a string

std::string bytes_of(const std::vector<std::string>& strings) {
  std::string bytes;
  for (const std::string& text : strings) {
    require(text.size() <= std::numeric_limits<Length>::max(), "a string of a tensor is longer than 2^32 - 1 bytes");
    const auto length = static_cast<Length>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes += text;
  }
  return bytes;
}

template <class T>
std::string bytes_of(const std::vector<T>& numbers) {
  return numbers.empty() ? std::string() : std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
}

template <class T>
void read_numbers(std::string_view bytes, bool finite, Tensor& tensor, const std::string& where) {
  const std::size_t wanted = element_count(tensor.shape) * sizeof(T);
  require(bytes.size() == wanted, fmt::format("{}: {} bytes for {} of the shape {}, which has {}", where, bytes.size(),
                                              to_string(tensor.type), shape_text(tensor.shape), wanted));
  std::vector<T> numbers(wanted / sizeof(T));
  if (wanted) std::memcpy(numbers.data(), bytes.data(), wanted);
  if constexpr (std::is_floating_point_v<T>) {
    for (std::size_t i = 0; finite && i < numbers.size(); ++i)
      require(std::isfinite(numbers[i]), fmt::format("{}: value {} of its data is not a finite number", where, i));
  }
  tensor.values = std::move(numbers);
}

void read_strings(std::string_view bytes, Tensor& tensor, const std::string& where) {
  const std::size_t wanted = element_count(tensor.shape);
  require(wanted <= bytes.size() / sizeof(Length), fmt::format("{}: its {} bytes cannot hold {} strings", where, bytes.size(), wanted));
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < wanted; ++i) {
    Length length = 0;
    require(bytes.size() >= sizeof length, fmt::format("{}: its bytes end within string {}", where, i));
    std::memcpy(&length, bytes.data(), sizeof length);
    bytes.remove_prefix(sizeof length);
    require(length <= bytes.size(), fmt::format("{}: its bytes end within string {}", where, i));
    strings.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  require(bytes.empty(), fmt::format("{}: {} bytes are left over after its strings", where, bytes.size()));
  tensor.values = std::move(strings);
}

}  // namespace

std::string values_bytes(const Tensor& tensor) {
  return std::visit([](const auto& values) { return bytes_of(values); }, tensor.values);
}

void read_values(std::string_view bytes, bool finite, Tensor& tensor, const std::string& where) {
  switch (tensor.type) {
    case DataType::boolean: read_numbers<std::uint8_t>(bytes, finite, tensor, where); return check(tensor);
    case DataType::uint8: return read_numbers<std::uint8_t>(bytes, finite, tensor, where);
    case DataType::int32: return read_numbers<std::int32_t>(bytes, finite, tensor, where);
    case DataType::int64: return read_numbers<std::int64_t>(bytes, finite, tensor, where);
    case DataType::fp32: return read_numbers<float>(bytes, finite, tensor, where);
    case DataType::fp64: return read_numbers<double>(bytes, finite, tensor, where);
    case DataType::bytes: return read_strings(bytes, tensor, where);
  }
}

}  // namespace ballast::protocol
