// SPDX-License-Identifier: Apache-2.0
//
// PGM and PPM, the plain image formats of Netpbm, with 8 bits a value.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "bytes.hpp"

namespace ballast::data {

struct NetpbmHeader {
  bool is_plain = false;  // values as decimal text, not as bytes
  int channels = 0;       // 1 (PGM) or 3 (PPM)
  int width = 0, height = 0;
  std::size_t start = 0;  // of the values
};

// Whether it begins as a PGM or PPM.
bool is_netpbm(std::span<const std::uint8_t> contents);

// Requires is_netpbm. Throws InputError starting with `name` if the header ends early, holds another thing than numbers and comments, or
// says of another largest value than 255.
NetpbmHeader netpbm_header(std::span<const std::uint8_t> contents, const std::string& name);

// Requires of raw values that there are as many bytes as the header says, and of plain ones that there may be as many. Throws InputError
// starting with `name` otherwise.
void check_netpbm(std::span<const std::uint8_t> contents, const NetpbmHeader& header, const std::string& name);

// The values as 1 plane or 3. Requires what check_netpbm does. Throws InputError starting with `name` for plain values that are
// none.
Bytes netpbm_planes(std::span<const std::uint8_t> contents, const std::string& name);

}  // namespace ballast::data
