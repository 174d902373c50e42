// SPDX-License-Identifier: Apache-2.0
//
// The digest of a data set's files, in a form that sha256sum can check.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::data {

// SHA-256 in hexadecimal.
std::string sha256_hex(std::span<const std::uint8_t> bytes);

struct FileDigest {
  std::string name;
  std::string sha256;
};

// Of one file its own digest; of several the digest of the lines "sha256  name\n" in the order given.
std::string combined_digest(std::span<const FileDigest> files);

}  // namespace ballast::data
