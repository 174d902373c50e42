// SPDX-License-Identifier: Apache-2.0
//
// Whole files as bytes, and gzip.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ballast::data {

using Bytes = std::vector<std::uint8_t>;

bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

// The file's contents. Throws InputError if it is missing, not a regular file, unreadable or larger than `limit` bytes.
Bytes read_file(const std::filesystem::path& file, std::uintmax_t limit);

// As the file system has it. Throws InputError as read_file does.
std::uintmax_t size_of_file(const std::filesystem::path& file);

// The most that gzip makes of so many bytes.
std::uintmax_t packed_limit(std::uintmax_t bytes);

bool is_gzip(std::span<const std::uint8_t> contents);

// The first `limit` bytes of what is packed, or all if there are fewer; memory grows with what is really there. Throws
// InputError starting with `name` if the data is damaged (checksum included) or ends early before `limit` is reached.
Bytes gunzip(std::span<const std::uint8_t> packed, std::size_t limit, const std::string& name);

}  // namespace ballast::data
