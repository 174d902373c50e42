// SPDX-License-Identifier: Apache-2.0
//
// A row on its way from one process to another, bit for bit.

#pragma once

#include <string>
#include <string_view>

#include "ballast/log/record.hpp"

namespace ballast::run {

std::string to_bytes(const log::Record& record);

// Throws std::runtime_error where the bytes are not a row's.
log::Record record_from(std::string_view bytes);

}  // namespace ballast::run
