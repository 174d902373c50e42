// SPDX-License-Identifier: Apache-2.0
//
// Numbers and lists as they are typed, of every command alike.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "options.hpp"

namespace ballast::cli {

namespace {

// "1e5", "100k", "2.5M" as digits, where that is a whole number; anything else as it is.
std::string spelled_out(const std::string& text) {
  constexpr std::size_t most_digits = 20;
  std::string_view rest = text;
  std::string digits;
  const auto take_digits = [&] {
    const std::size_t count = std::min(rest.find_first_not_of("0123456789"), rest.size());
    digits += rest.substr(0, count);
    rest.remove_prefix(count);
    return count;
  };
  if (take_digits() == 0) return text;
  std::size_t fraction = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_digits();
    if (fraction == 0) return text;
  }
  std::size_t exponent = 0;
  if (rest == "k") {
    exponent = 3;
  } else if (rest == "M") {
    exponent = 6;
  } else {
    if (!rest.starts_with('e')) return text;
    const char* end = rest.data() + rest.size();
    const auto [read_to, error] = std::from_chars(rest.data() + 1, end, exponent);
    if (error != std::errc{} || read_to != end) return text;
  }
  while (fraction > 0 && digits.ends_with('0')) digits.pop_back(), --fraction;
  if (exponent < fraction || digits.size() + exponent - fraction > most_digits) return text;
  digits.append(exponent - fraction, '0');
  const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  return digits.substr(first);
}

}  // namespace

CLI::Validator whole_number() {
  const auto check = [](std::string& text) -> std::string {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool octal = text.size() > 1 && text[0] == '0';
    if (error == std::errc{} && end == text.data() + text.size() && !octal) return "";
    return fmt::format("'{}' is not a whole number from 0 to {}", text, std::numeric_limits<std::uint64_t>::max());
  };
  return CLI::Validator(check, "");
}

CLI::Validator at_least_0() {
  const auto check = [](std::string& text) -> std::string { return text.starts_with('-') ? fmt::format("'{}' is below 0", text) : ""; };
  return CLI::Validator(check, "");
}

void take_lists_in_one_word(CLI::App& program) {
  for (CLI::App* command : program.get_subcommands({})) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_delimiter() != '\0') option->allow_extra_args(false);
    }
  }
}

void require_plain_numbers(CLI::App& program) {
  const auto whole = [](std::string& text) -> std::string {
    const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
    std::int64_t small = 0;
    std::uint64_t large = 0;
    const char *begin = text.data(), *end = begin + text.size();
    const auto as_signed = std::from_chars(begin, end, small);
    const auto as_unsigned = std::from_chars(begin, end, large);
    const bool fits = (as_signed.ec == std::errc{} && as_signed.ptr == end) || (as_unsigned.ec == std::errc{} && as_unsigned.ptr == end);
    if (fits && (digits == "0" || !digits.starts_with('0'))) return "";
    return fmt::format("'{}' is not a whole number", text);
  };
  const auto number = [](std::string& text) -> std::string {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [read_to, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && read_to == end && std::isfinite(value)) return "";
    return fmt::format("'{}' is not a number that can be used (decimal digits, finite)", text);
  };
  for (CLI::App* command : program.get_subcommands({})) {
    for (CLI::Option* option : command->get_options()) {
      const std::string type = option->get_type_name();
      if (type.starts_with("INT") || type.starts_with("UINT")) {
        option->check(CLI::Validator(whole, ""));
        option->transform(CLI::Validator(
            [](std::string& text) -> std::string {
              text = spelled_out(text);
              return "";
            },
            ""));
      }
      if (type.starts_with("FLOAT")) option->check(CLI::Validator(number, ""));
    }
  }
}

}  // namespace ballast::cli
