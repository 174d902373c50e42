// SPDX-License-Identifier: Apache-2.0
//
// Files that are read: never one that does not begin or does not end.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

// An open file: a regular one, or a pipe without a name, as a shell's <(...) gives.
class InputFile {
 public:
  // Throws InputError "FILE: MISSING" where there is no such file or it cannot be read, and says so where it is a device, a
  // socket or a named pipe. Never waits.
  explicit InputFile(std::filesystem::path file, std::string_view missing = "cannot be read");
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Bytes of a regular file, which may be others a moment later; 0 for a pipe.
  std::uintmax_t size() const { return size_; }

  // Up to `count` bytes; fewer only where the file ends.
  std::size_t read(void* bytes, std::size_t count);

 private:
  std::filesystem::path file_;
  int descriptor_;
  std::uintmax_t size_ = 0;
};

// All bytes of a file. Throws InputError as InputFile does, and where there are more than `limit`: before anything is read
// where the file's size says so.
std::string read_whole(const std::filesystem::path& file, std::uintmax_t limit, std::string_view missing = "cannot be read");
std::vector<std::uint8_t> read_whole_bytes(const std::filesystem::path& file, std::uintmax_t limit,
                                           std::string_view missing = "cannot be read");

// The first bytes of a file, `count` or as many as there are.
std::vector<std::uint8_t> read_start(const std::filesystem::path& file, std::size_t count);

}  // namespace ballast
