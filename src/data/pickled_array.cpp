// SPDX-License-Identifier: Apache-2.0

#include "pickled_array.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::data {

namespace {

using Kind = PickleValue::Kind;

bool is_object_of(const PickleValue& value, PickleName name) { return value.kind == Kind::object && value.name == name; }

// Python 2 writes its texts as bytes.
bool is_text(const PickleValue& value, std::string_view text) {
  return (value.kind == Kind::text || value.kind == Kind::bytes) && value.text == text;
}

// The tuple's items, as many as are needed.
const std::vector<PickleId>& tuple_of(const Pickle& pickle, PickleId id, std::size_t count, const std::string& name) {
  const PickleValue& tuple = pickle[id];
  require(tuple.kind == Kind::tuple && tuple.items.size() == count, name + " is no NumPy array as NumPy pickles it");
  return tuple.items;
}

// What dtype('u1') is pickled as. Its state would say of another order of bytes, of fields and of arrays within.
void check_type(const Pickle& pickle, PickleId id, const std::string& name) {
  const std::string allowed = name + " holds other numbers than uint8; allowed is uint8";
  const PickleValue& type = pickle[id];
  require(is_object_of(type, PickleName::dtype), allowed);
  const PickleValue& arguments = pickle[type.items[0]];
  require(!arguments.items.empty() && is_text(pickle[arguments.items[0]], "u1"), allowed);
  if (type.items.size() == 1) return;
  const PickleValue& state = pickle[type.items[1]];
  require(state.kind == Kind::tuple && state.items.size() >= 5 && is_text(pickle[state.items[1]], "|"), allowed);
  for (std::size_t i = 2; i < 5; ++i) require(pickle[state.items[i]].kind == Kind::none, allowed);
}

// From UTF-8 of characters below 256, as Python 3 writes bytes by protocol 2.
Bytes latin1(std::string_view text, const std::string& name) {
  Bytes bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x80) {
      bytes.push_back(byte);
      continue;
    }
    const auto next = static_cast<std::uint8_t>(i + 1 < text.size() ? text[++i] : 0);
    require((byte == 0xc2 || byte == 0xc3) && next >= 0x80 && next < 0xc0, name + " has bytes that are no Latin-1 text");
    bytes.push_back(static_cast<std::uint8_t>(byte << 6 | (next & 0x3f)));
  }
  return bytes;
}

Bytes bytes_of(const Pickle& pickle, PickleId id, const std::string& name) {
  const PickleValue& value = pickle[id];
  if (value.kind == Kind::bytes) return {value.text.begin(), value.text.end()};
  require(is_object_of(value, PickleName::encode), name + " has no bytes for its values");
  const auto& words = tuple_of(pickle, value.items[0], 2, name);
  require(pickle[words[0]].kind == Kind::text && is_text(pickle[words[1]], "latin1"), name + " has no bytes for its values");
  return latin1(pickle[words[0]].text, name);
}

// What the two ways of writing an array say.
struct Parts {
  PickleId shape, type, bytes;
  bool by_columns;
};

Parts parts_of(const Pickle& pickle, PickleId id, const std::string& name) {
  const PickleValue& array = pickle[id];
  if (is_object_of(array, PickleName::from_buffer)) {
    const auto& given = tuple_of(pickle, array.items[0], 4, name);
    const PickleValue& order = pickle[given[3]];
    require(is_text(order, "C") || is_text(order, "F"), name + " is in neither C nor Fortran order");
    return {given[2], given[1], given[0], is_text(order, "F")};
  }
  require(is_object_of(array, PickleName::reconstruct) && array.items.size() == 2, name + " is no NumPy array as NumPy pickles it");
  const PickleValue& made = pickle[tuple_of(pickle, array.items[0], 3, name)[0]];
  require(made.kind == Kind::name && made.name == PickleName::array, name + " is no NumPy array as NumPy pickles it");
  const auto& state = tuple_of(pickle, array.items[1], 5, name);
  return {state[1], state[2], state[4], pickle[state[3]].number != 0};
}

std::size_t side_of(const PickleValue& value, const std::string& name) {
  require(value.kind == Kind::number && value.number >= 0 && value.number <= std::numeric_limits<std::int32_t>::max(),
          name + " has a shape that is none");
  return static_cast<std::size_t>(value.number);
}

Bytes by_rows(const Bytes& columns, std::size_t row_count, std::size_t column_count) {
  Bytes rows(columns.size());
  for (std::size_t y = 0; y < row_count; ++y) {
    for (std::size_t x = 0; x < column_count; ++x) rows[y * column_count + x] = columns[x * row_count + y];
  }
  return rows;
}

}  // namespace

ByteTable pickled_table(const Pickle& pickle, PickleId id, const std::string& name) {
  const Parts parts = parts_of(pickle, id, name);
  check_type(pickle, parts.type, name);
  const PickleValue& shape = pickle[parts.shape];
  require(shape.kind == Kind::tuple && shape.items.size() == 2, name + " has another shape than images x values");
  ByteTable table{side_of(pickle[shape.items[0]], name), side_of(pickle[shape.items[1]], name), bytes_of(pickle, parts.bytes, name)};
  require(table.bytes.size() == table.rows * table.columns,
          fmt::format("{} is {} x {}, but holds {} bytes", name, table.rows, table.columns, table.bytes.size()));
  if (parts.by_columns) table.bytes = by_rows(table.bytes, table.rows, table.columns);
  return table;
}

}  // namespace ballast::data
