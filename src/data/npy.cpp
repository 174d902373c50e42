// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/npy.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "archive.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "npy_header.hpp"

namespace ballast::data {

static_assert(std::endian::native == std::endian::little, "arrays are read and written in the machine's own byte order");

namespace {

constexpr std::size_t largest_array = std::size_t{1} << 35;

std::string of_another_size(std::uintmax_t expected, std::uintmax_t there, const std::string& name) {
  return name + ": its header asks for " + std::to_string(expected) + " bytes of values, but it holds " + std::to_string(there);
}

void write_whole(const std::filesystem::path& file, const std::string& header, std::span<const float> values) {
  std::ofstream out(file, std::ios::binary);
  require(out.good(), file.string() + ": cannot be written");
  out << header;
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  out.close();
  if (!out) throw std::runtime_error(file.string() + ": writing failed; is the disk full?");
}

}  // namespace

NpyArray parse_npy(std::vector<std::uint8_t> contents, const std::string& name) {
  NpyHeader header = parse_npy_header(contents, name);
  const std::size_t expected = npy_bytes(header.shape, header.type, name);
  const std::size_t there = contents.size() - header.size;
  require(there == expected, of_another_size(expected, there, name));
  contents.erase(contents.begin(), contents.begin() + static_cast<std::ptrdiff_t>(header.size));
  return {std::move(header.shape), header.type, std::move(contents)};
}

std::size_t npy_file_bytes(std::span<const std::uint8_t> start, const std::string& name) {
  const NpyHeader header = parse_npy_header(start, name);
  return header.size + npy_bytes(header.shape, header.type, name);
}

std::vector<std::uint8_t> read_npy_bytes(const std::filesystem::path& file) {
  const std::uintmax_t size = size_of_file(file);
  const Bytes start = read_start(file, npy_start);
  const std::size_t header = parse_npy_header(start, file.string()).size, expected = npy_file_bytes(start, file.string());
  require(size == expected, of_another_size(expected - header, size - header, file.string()));
  return read_file(file, expected);
}

NpyArray read_npy(const std::filesystem::path& file) { return parse_npy(read_npy_bytes(file), file.string()); }

std::vector<std::string> names_in_npz(const std::filesystem::path& file) {
  constexpr std::string_view ending = ".npy";
  std::vector<std::string> names;
  for (const std::string& member : member_names(file, ArchiveFormat::zip)) {
    if (member.ends_with(ending)) names.push_back(member.substr(0, member.size() - ending.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<NpyArray> read_npz(const std::filesystem::path& file, std::span<const std::string> names) {
  std::vector<std::string> members;
  for (const std::string& name : names) members.push_back(name + ".npy");
  std::vector<NpyArray> arrays;
  const auto allowed = [](std::span<const std::uint8_t> start, const std::string& name) {
    return std::min(npy_file_bytes(start, name), largest_array);
  };
  for (ArchiveMember& member : read_members(file, ArchiveFormat::zip, members, {npy_start, allowed})) {
    arrays.push_back(parse_npy(std::move(member.bytes), file.string() + " (" + member.name + ")"));
  }
  return arrays;
}

void write_npy(const std::filesystem::path& file, std::span<const std::size_t> shape, std::span<const float> values) {
  require(npy_bytes(shape, NpyType::f32, file.string()) == values.size_bytes(),
          file.string() + ": the shape asks for another number of values than the given " + std::to_string(values.size()));
  const std::filesystem::path partial = file.string() + ".partial." + std::to_string(getpid());
  std::error_code error;
  try {
    write_whole(partial, float_npy_header(shape), values);
    std::filesystem::rename(partial, file, error);
    require(!error, file.string() + ": cannot be written: " + error.message());
  } catch (...) {
    std::filesystem::remove(partial, error);
    throw;
  }
}

}  // namespace ballast::data
