// SPDX-License-Identifier: Apache-2.0

#include "ballast/protocol/tensor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "ballast/core/errors.hpp"
#include "bounded_json.hpp"

namespace ballast::protocol {

namespace {

constexpr std::size_t most_dimensions = 8;
constexpr std::int64_t most_elements = std::int64_t{1} << 40;

struct TypeName {
  std::string_view text;
  DataType type;
  std::size_t alternative;  // of Values
};
constexpr std::array<TypeName, 7> types{{{"BOOL", DataType::boolean, 0},
                                         {"UINT8", DataType::uint8, 0},
                                         {"INT32", DataType::int32, 1},
                                         {"INT64", DataType::int64, 2},
                                         {"FP32", DataType::fp32, 3},
                                         {"FP64", DataType::fp64, 4},
                                         {"BYTES", DataType::bytes, 5}}};

const TypeName& entry_of(DataType type) {
  return *std::find_if(types.begin(), types.end(), [&](const TypeName& entry) { return entry.type == type; });
}

}  // namespace

std::string_view to_string(DataType type) { return entry_of(type).text; }

std::optional<DataType> data_type_from(std::string_view name) {
  for (const TypeName& entry : types) {
    if (entry.text == name) return entry.type;
  }
  return std::nullopt;
}

std::string shape_text(std::span<const std::int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

std::size_t element_count(std::span<const std::int64_t> shape) {
  require(shape.size() <= most_dimensions, fmt::format("a shape has {} dimensions; at most {} are allowed", shape.size(), most_dimensions));
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    require(size >= 0, fmt::format("the shape {} has a size below 0", shape_text(shape)));
    const bool fits = size <= most_elements && (size == 0 || count <= most_elements / size);
    require(fits, fmt::format("the shape {} has more than 2^40 elements", shape_text(shape)));
    count *= size;
  }
  return static_cast<std::size_t>(count);
}

void check(const Tensor& tensor) {
  const std::string name = "tensor " + in_quotes(tensor.name);
  require(tensor.values.index() == entry_of(tensor.type).alternative,
          fmt::format("{}: its values are not {}", name, to_string(tensor.type)));
  const std::size_t wanted = element_count(tensor.shape);
  const std::size_t found = std::visit([](const auto& values) { return values.size(); }, tensor.values);
  require(found == wanted, fmt::format("{}: {} values for the shape {}, which has {}", name, found, shape_text(tensor.shape), wanted));
  if (tensor.type != DataType::boolean) return;
  const auto& bytes = tensor.as<std::uint8_t>();
  require(std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte <= 1; }), name + ": a BOOL is 0 or 1");
}

}  // namespace ballast::protocol
