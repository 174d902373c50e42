// SPDX-License-Identifier: Apache-2.0

#include "record_codec.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace ballast::run {
namespace {

// Both are called with every field of a row, in the same order.
class Packer {
 public:
  template <typename Value>
  void operator()(const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  template <typename Value>
  void operator()(const std::optional<Value>& value) {
    (*this)(value.has_value());
    (*this)(value.value_or(Value{}));
  }
  template <typename Value>
  void operator()(const std::vector<Value>& values) {
    (*this)(static_cast<std::uint64_t>(values.size()));
    for (const Value& value : values) (*this)(value);
  }

  std::string bytes;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest(bytes) {}

  template <typename Value>
  void operator()(Value& value) {
    need(sizeof(value));
    std::memcpy(&value, rest.data(), sizeof(value));
    rest.remove_prefix(sizeof(value));
  }
  template <typename Value>
  void operator()(std::optional<Value>& value) {
    bool there = false;
    Value held{};
    (*this)(there);
    (*this)(held);
    value = there ? std::optional(held) : std::nullopt;
  }
  template <typename Value>
  void operator()(std::vector<Value>& values) {
    std::uint64_t count = 0;
    (*this)(count);
    need(count);  // each value takes a byte at least
    values.resize(count);
    for (Value& value : values) (*this)(value);
  }

  void need(std::uint64_t bytes) const {
    if (rest.size() < bytes) throw std::runtime_error("a row from another process is cut off");
  }

  std::string_view rest;
};

}  // namespace

std::string to_bytes(const log::Record& record) {
  Packer packer;
  log::for_each_field(record, packer);
  return packer.bytes;
}

log::Record record_from(std::string_view bytes) {
  Unpacker unpacker(bytes);
  log::Record record;
  log::for_each_field(record, unpacker);
  if (!unpacker.rest.empty()) throw std::runtime_error("a row from another process is too long");
  return record;
}

}  // namespace ballast::run
