// SPDX-License-Identifier: Apache-2.0
//
// Checksums of a damaged PNG.

#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace ballast::fuzz {

// Computes every chunk's checksum anew, so that the decoder behind the check is reached.
inline void repair_png(std::span<std::uint8_t> bytes) {
  std::size_t at = 8;
  while (at + 12 <= bytes.size()) {
    const std::size_t length = static_cast<std::size_t>(bytes[at]) << 24 | static_cast<std::size_t>(bytes[at + 1]) << 16 |
                               static_cast<std::size_t>(bytes[at + 2]) << 8 | bytes[at + 3];
    if (length > bytes.size() - at - 12) return;
    const auto sum = static_cast<std::uint32_t>(crc32(0, &bytes[at + 4], static_cast<uInt>(length + 4)));
    for (std::size_t i = 0; i < 4; ++i) bytes[at + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    at += 12 + length;
  }
}

}  // namespace ballast::fuzz
