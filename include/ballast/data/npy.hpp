// SPDX-License-Identifier: Apache-2.0
//
// NumPy's array files: .npy, and .npz, which is a zip archive of them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ballast::data {

enum class NpyType { u8, u16, u32, u64, i8, i16, i32, i64, f32, f64 };

// Bytes of one element.
std::size_t size_of(NpyType type);

// An array in C order, little-endian.
struct NpyArray {
  std::vector<std::size_t> shape;
  NpyType type = NpyType::u8;
  std::vector<std::uint8_t> bytes;  // product of shape, times size_of(type)
};

// The array in a file's contents, format versions 1 to 3. `name` is the file's, for messages. Throws InputError for other
// element types, big-endian or Fortran order, and contents that are shorter or longer than the header says.
NpyArray parse_npy(std::vector<std::uint8_t> contents, const std::string& name);

// As parse_npy; throws InputError too if the file cannot be read.
NpyArray read_npy(const std::filesystem::path& file);

// The names of an .npz file's arrays, sorted. Throws InputError if it is no archive, or holds more than 10 000 files.
std::vector<std::string> names_in_npz(const std::filesystem::path& file);

// The named arrays of an .npz file, stored or deflated, in the order of the names. Throws InputError if one is missing.
std::vector<NpyArray> read_npz(const std::filesystem::path& file, std::span<const std::string> names);

// Writes a float32 array under a temporary name beside the file and renames it: the file is there whole or not at all.
// Requires values.size() to be the product of shape. Throws InputError if the folder cannot be written to and
// std::runtime_error if writing fails later.
void write_npy(const std::filesystem::path& file, std::span<const std::size_t> shape, std::span<const float> values);

}  // namespace ballast::data
