// SPDX-License-Identifier: Apache-2.0
//
// Python's pickles as far as NumPy's arrays, lists, dictionaries, texts and whole numbers need them. They are read as data: nothing
// is imported and nothing is called.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::data {

// All that a pickle may name; another name is refused where it stands.
enum class PickleName { array, dtype, reconstruct, from_buffer, encode };

using PickleId = std::uint32_t;  // of a value, which several others may hold

struct PickleValue {
  enum class Kind { none, number, text, bytes, list, tuple, dictionary, name, object };

  Kind kind = Kind::none;
  std::int64_t number = 0;              // True is 1, False 0
  std::string_view text = {};           // UTF-8, or bytes: a part of the pickle's contents
  PickleName name = PickleName::array;  // of what is called, for an object
  std::vector<PickleId> items = {};     // a dictionary's: key, value, key, value; an object's: its arguments, then its state if any
};

struct Pickle {
  std::vector<PickleValue> values;
  PickleId top = 0;

  const PickleValue& operator[](PickleId id) const { return values[id]; }
};

// The pickle in a file's contents, which must outlive it: protocols 2 to 5, as Python 2 and 3 write them. Takes at most 2^20 opcodes, and
// for each a fixed amount of memory. Values may hold each other in circles. Throws InputError starting with `name`, with the opcode and
// its place, for any other opcode or name, and for contents that end early or go on.
Pickle parse_pickle(std::span<const std::uint8_t> contents, const std::string& name);

}  // namespace ballast::data
