// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/npy.hpp"

#include <unistd.h>

#include <bit>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "archive.hpp"
#include "ballast/core/errors.hpp"
#include "npy_header.hpp"

namespace ballast::data {

static_assert(std::endian::native == std::endian::little, "arrays are read and written in the machine's own byte order");

namespace {

constexpr std::size_t kLargestArray = std::size_t{1} << 35;

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
  require(there == expected,
          name + ": its header asks for " + std::to_string(expected) + " bytes of values, but it holds " + std::to_string(there));
  contents.erase(contents.begin(), contents.begin() + static_cast<std::ptrdiff_t>(header.size));
  return {std::move(header.shape), header.type, std::move(contents)};
}

NpyArray read_npy(const std::filesystem::path& file) { return parse_npy(read_file(file), file.string()); }

std::vector<NpyArray> read_npz(const std::filesystem::path& file, std::span<const std::string> names) {
  std::vector<std::string> members;
  for (const std::string& name : names) members.push_back(name + ".npy");
  std::vector<NpyArray> arrays;
  for (ArchiveMember& member : read_members(file, ArchiveFormat::zip, members, kLargestArray)) {
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
