// SPDX-License-Identifier: Apache-2.0
//
// Text from outside as a terminal, a table or a log file may show it.

#pragma once

#include <string>
#include <string_view>

namespace ballast {

// The text with everything escaped that would do something instead of being shown: control characters, line ends among them ("\n", "\x1b"),
// bytes that are no UTF-8, and marks that turn the direction of what follows. UTF-8 otherwise stays as it is.
std::string printable(std::string_view text);

// The same for text of several lines: line ends and tabs stay.
std::string printable_lines(std::string_view text);

}  // namespace ballast
