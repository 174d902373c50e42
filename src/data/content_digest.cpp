// SPDX-License-Identifier: Apache-2.0

#include "content_digest.hpp"

#include "ballast/core/sha256.hpp"

namespace ballast::data {

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  Sha256 hash;
  hash.add(bytes);
  return to_hex(hash.finish());
}

std::string combined_digest(std::span<const FileDigest> files) {
  if (files.size() == 1) return files.front().sha256;
  Sha256 hash;
  for (const FileDigest& file : files) hash.add(file.sha256 + "  " + file.name + "\n");
  return to_hex(hash.finish());
}

}  // namespace ballast::data
