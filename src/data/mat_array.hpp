// SPDX-License-Identifier: Apache-2.0
//
// MATLAB's level 5 files: arrays of numbers by name, packed by zlib or not. The layout is that of MathWorks' "MAT-File
// Format", version 5.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bytes.hpp"

namespace ballast::data {

// How numbers are stored, by the format's own codes. MATLAB stores an array of doubles as integers where they fit.
enum class MatType { i8 = 1, u8 = 2, i16 = 3, u16 = 4, i32 = 5, u32 = 6, f32 = 7, f64 = 9, i64 = 12, u64 = 13 };

struct MatArray {
  std::vector<std::size_t> dims;  // at least 2, their product the number of values
  bool is_uint8 = false;          // MATLAB's own class of the array, whatever the storage
  MatType storage = MatType::u8;
  Bytes bytes;  // the values, little-endian, the first dimension running fastest

  std::size_t size() const;               // values
  double value(std::size_t index) const;  // 64-bit integers are rounded
};

// Bytes of a file's start that tell whether it can be read, and the check of them (or of more). Throws InputError, starting with
// `file`, for all but little-endian files of version 5.
inline constexpr std::size_t mat_start = 1024;
void check_mat_header(std::span<const std::uint8_t> start, const std::string& file);

// The arrays with these names, in the order of `names`; other variables are passed over. Memory grows with what is really
// there. Throws InputError starting with `file` if one is missing, there twice or not an array of real numbers, or if
// the file is damaged, cut short, big-endian or of another version (7.3 is HDF5).
std::vector<MatArray> read_mat(std::span<const std::uint8_t> contents, std::span<const std::string> names, const std::string& file);

}  // namespace ballast::data
