// SPDX-License-Identifier: Apache-2.0
//
// What the commands print. File names and cells come from anywhere: nothing in them reaches a terminal but as text.

#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "ballast/core/printable.hpp"

namespace ballast::cli {

// As fmt::print to standard output. A name that has to stay on its line goes through printable() first.
template <typename... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
  std::fputs(printable_lines(fmt::format(format, std::forward<Values>(values)...)).c_str(), stdout);
}

// As fmt::print to standard error.
template <typename... Values>
void warn(fmt::format_string<Values...> format, Values&&... values) {
  std::fputs(printable_lines(fmt::format(format, std::forward<Values>(values)...)).c_str(), stderr);
}

}  // namespace ballast::cli
