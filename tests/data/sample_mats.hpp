// SPDX-License-Identifier: Apache-2.0
//
// Small MATLAB files, made for the tests.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sample_files.hpp"

namespace ballast::data::testing {

// The format's codes, as far as the tests write them.
enum MatStorage : std::uint32_t {
  mi_int8 = 1,
  mi_uint8 = 2,
  mi_uint16 = 4,
  mi_int32 = 5,
  mi_uint32 = 6,
  mi_double = 9,
  mi_matrix = 14,
  mi_packed = 15
};
enum MatClass : std::uint32_t { mx_cell = 1, mx_char = 4, mx_double = 6, mx_uint8 = 9, mx_uint16 = 11, mx_opaque = 17 };

// A tag and its data, filled up to whole groups of 8 bytes.
inline Bytes mat_element(std::uint32_t type, Bytes data) {
  const Bytes tag = raw<std::uint32_t>({type, static_cast<std::uint32_t>(data.size())});
  data.resize((data.size() + 7) / 8 * 8);
  return joined({tag, data});
}

// Up to 4 bytes of data within the tag.
inline Bytes mat_small_element(std::uint32_t type, Bytes data) {
  const Bytes tag = raw<std::uint32_t>({type | static_cast<std::uint32_t>(data.size()) << 16});
  data.resize(4);
  return joined({tag, data});
}

// A variable, whatever its number of values. `flags` is its class, and 0x0800 if it is complex.
inline Bytes mat_variable(const std::string& name, std::uint32_t flags, const std::vector<std::int32_t>& dims, std::uint32_t type,
                          const Bytes& values) {
  const Bytes letters(name.begin(), name.end());
  return mat_element(mi_matrix, joined({mat_element(mi_uint32, raw<std::uint32_t>({flags, 0})), mat_element(mi_int32, raw(dims)),
                                        name.size() <= 4 ? mat_small_element(mi_int8, letters) : mat_element(mi_int8, letters),
                                        mat_element(type, values)}));
}

// An element as MATLAB packs it, its data not filled up.
inline Bytes mat_packed(const Bytes& element) {
  uLongf size = compressBound(element.size());
  Bytes packed(size);
  compress2(packed.data(), &size, element.data(), element.size(), 6);
  packed.resize(size);
  return joined({raw<std::uint32_t>({mi_packed, static_cast<std::uint32_t>(size)}), packed});
}

// A file of these elements.
inline Bytes mat(const Bytes& elements, std::uint16_t version = 0x0100, const std::string& order = "IM") {
  std::string text = "MATLAB 5.0 MAT-file, written by a test";
  text.resize(116, ' ');
  return joined({Bytes(text.begin(), text.end()), Bytes(8), raw<std::uint16_t>({version}), Bytes(order.begin(), order.end()), elements});
}

}  // namespace ballast::data::testing
