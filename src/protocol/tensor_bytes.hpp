// SPDX-License-Identifier: Apache-2.0
//
// A tensor's values as little-endian bytes; a string is its length in four bytes, then its own.

#pragma once

#include <string>
#include <string_view>

#include "ballast/protocol/tensor.hpp"

namespace ballast::protocol {

std::string values_bytes(const Tensor& tensor);

// Throws InputError unless there are exactly the bytes that type and shape ask
// for, and, where that is wanted, all numbers are finite.
void read_values(std::string_view bytes, bool finite, Tensor& tensor, const std::string& where);

}  // namespace ballast::protocol
