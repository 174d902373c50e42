// SPDX-License-Identifier: Apache-2.0

#include "label_table.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "bytes.hpp"

namespace ballast::data {

namespace {

constexpr std::uintmax_t largest_table = std::uintmax_t{1} << 28;
constexpr std::size_t most_columns = 1000;
constexpr Label most_classes = 1'000'000;

struct Columns {
  std::size_t file = 0;
  std::size_t label = 1;
  std::size_t count = 2;
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view without_return(std::string_view line) { return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line; }

// The columns that a header names; nothing if the line is no header.
std::optional<Columns> header_columns(std::string_view line, const std::string& place) {
  require(static_cast<std::size_t>(std::count(line.begin(), line.end(), '\t')) < most_columns,
          place + ": has more than " + std::to_string(most_columns) + " columns");
  const std::vector<std::string_view> names = split(line, '\t');
  const auto position = [&](std::string_view name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  if (position("file") == names.size()) return {};
  const std::size_t label = std::min(position("label"), position("class"));
  require(label < names.size(), place + ": the header has no column `label` or `class`");
  return Columns{position("file"), label, names.size()};
}

Label parse_label(std::string_view text, const std::string& place) {
  Label label = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
  require(error == std::errc() && end == text.data() + text.size() && label >= 0 && label < most_classes,
          place + ": the label is not a number from 0 to " + std::to_string(most_classes - 1));
  return label;
}

bool stays_inside(const std::filesystem::path& file) {
  return !file.empty() && file.is_relative() && std::find(file.begin(), file.end(), "..") == file.end() &&
         file.string().find('\0') == std::string::npos;
}

LabelRow parse_row(std::string_view line, const Columns& columns, const std::string& place) {
  const auto count = static_cast<std::size_t>(std::count(line.begin(), line.end(), '\t')) + 1;
  require(count == columns.count,
          place + ": has " + std::to_string(count) + " columns separated by tabs; " + std::to_string(columns.count) + " are needed");
  const std::vector<std::string_view> fields = split(line, '\t');
  LabelRow row{std::string(fields[columns.file]), parse_label(fields[columns.label], place)};
  require(stays_inside(row.file), place + ": the file is not a path inside the folder");
  return row;
}

}  // namespace

std::vector<LabelRow> read_label_table(const std::filesystem::path& file) {
  const Bytes contents = read_file(file, largest_table);
  std::string_view rest(reinterpret_cast<const char*>(contents.data()), contents.size());
  std::vector<LabelRow> rows;
  std::set<std::string> seen;
  Columns columns;
  for (std::size_t i = 0; !rest.empty(); ++i) {
    const std::string_view line = without_return(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    if (line.empty()) continue;
    const std::string place = file.string() + ", line " + std::to_string(i + 1);
    if (i == 0) {
      if (const auto named = header_columns(line, place)) {
        columns = *named;
        continue;
      }
    }
    rows.push_back(parse_row(line, columns, place));
    require(seen.insert(rows.back().file).second, place + ": lists a file for the second time");
  }
  require(!rows.empty(), file.string() + ": lists no files; lines `file<TAB>label` are needed");
  return rows;
}

}  // namespace ballast::data
