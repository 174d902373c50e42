// SPDX-License-Identifier: Apache-2.0

#include "text.hpp"

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "ballast/core/printable.hpp"

namespace ballast::data {

namespace {

constexpr std::size_t longest_shown = 40;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::string_view spaces = " \t\v\f\r";

// A field behind its opening quote, taken off the line up to the closing one.
std::string take_quoted(std::string_view& line, const std::string& place) {
  std::string field;
  while (true) {
    const std::size_t quote = line.find('"');
    require(quote != std::string_view::npos, place + ": a quote is not closed in its line");
    field += line.substr(0, quote);
    line.remove_prefix(quote + 1);
    if (!line.starts_with('"')) return field;
    field += '"';
    line.remove_prefix(1);
  }
}

}  // namespace

std::string word_shown(std::string_view text) { return printable(text.substr(0, longest_shown)); }

void for_each_line(std::string_view text, const std::function<void(std::string_view line, std::size_t number)>& use) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) use(line, number);
  }
}

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = line.find(separator);
    parts.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return parts;
    line.remove_prefix(end + 1);
  }
}

std::vector<std::string> split_quoted(std::string_view line, char separator, const std::string& place) {
  std::vector<std::string> parts;
  while (true) {
    if (line.starts_with('"')) {
      line.remove_prefix(1);
      parts.push_back(take_quoted(line, place));
      require(line.empty() || line.front() == separator, place + ": has something behind a closed quote");
    } else {
      const std::size_t end = std::min(line.find(separator), line.size());
      parts.emplace_back(line.substr(0, end));
      line.remove_prefix(end);
    }
    if (line.empty()) return parts;
    line.remove_prefix(1);
  }
}

std::vector<std::string> words_of(std::string_view line, std::size_t most) {
  std::vector<std::string> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(spaces), line.size()));
    if (line.empty() || words.size() == most) return words;
    words.emplace_back(line.substr(0, line.find_first_of(spaces)));
    line.remove_prefix(words.back().size());
  }
}

}  // namespace ballast::data
