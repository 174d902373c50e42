// SPDX-License-Identifier: Apache-2.0
//
// Numbers as a person says them.

#pragma once

#include <string>

namespace ballast::cli {

// "25 million", "3.2 billion", "12,000".
std::string count_text(double count);

// "40 s", "12 min", "8.5 h", "5.1 days".
std::string time_text(double seconds);

}  // namespace ballast::cli
