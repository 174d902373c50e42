// SPDX-License-Identifier: Apache-2.0
//
// SHA-256, by which a manifest names the model and the data it speaks of.

#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ballast {

using Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::span<const std::uint8_t> bytes);
  void add(std::string_view text);

  // Throws InputError naming the file as InputFile does.
  void add_file(const std::filesystem::path& file);

  // Ends the computation; nothing may be added afterwards.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 64 lower-case hexadecimal digits.
std::string to_hex(const Digest& digest);

// The digest of one file's bytes, in hexadecimal.
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace ballast
