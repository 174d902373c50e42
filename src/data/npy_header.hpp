// SPDX-License-Identifier: Apache-2.0
//
// The header of a .npy file: a Python dictionary as text.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ballast/data/npy.hpp"

namespace ballast::data {

struct NpyHeader {
  std::vector<std::size_t> shape;
  NpyType type = NpyType::u8;
  std::size_t size = 0;  // bytes before the values
};

// Throws InputError, starting with `name`, for anything but a whole header of an array in C order of an NpyType.
NpyHeader parse_npy_header(std::span<const std::uint8_t> contents, const std::string& name);

// Bytes in which a whole header lies, of whatever version.
inline constexpr std::size_t npy_start = (std::size_t{1} << 16) + 12;

// Bytes of the file that begins so, header and values. Throws InputError, starting with `name`, where it begins as none.
std::size_t npy_file_bytes(std::span<const std::uint8_t> start, const std::string& name);

// The file's bytes, read only where the header asks for as many as there are. Throws InputError otherwise.
std::vector<std::uint8_t> read_npy_bytes(const std::filesystem::path& file);

// The header of a float32 array, format version 1, padded so that the values begin at a multiple of 64 bytes.
std::string float_npy_header(std::span<const std::size_t> shape);

// The product of the dimensions times the size of an element. Throws InputError, starting with `name`, if it is past 2^48.
std::size_t npy_bytes(std::span<const std::size_t> shape, NpyType type, const std::string& name);

}  // namespace ballast::data
