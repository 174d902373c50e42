// SPDX-License-Identifier: Apache-2.0
//
// docs/log-format.md names every column and every entry that the code has, as the code has it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "log_fixtures.hpp"
#include "manifest_keys.hpp"

namespace ballast::log::log_format_test {
namespace {

constexpr Kind kinds[] = {Kind::certify, Kind::staged, Kind::predict, Kind::verify, Kind::cascade, Kind::attack};

std::string document() { return text_of(std::filesystem::path(BALLAST_DOCS) / "log-format.md"); }

std::vector<std::string> parts(const std::string& text, char separator) {
  std::istringstream in(text);
  std::vector<std::string> result;
  for (std::string part; std::getline(in, part, separator);) result.push_back(part);
  return result;
}

// Of the table of columns: the cells of the line of this column, from its name on; none where there is no such line.
std::vector<std::string> line_of(const std::string& column) {
  const std::string text = document(), table = text.substr(0, text.find("## The manifest"));
  for (const std::string& line : parts(table, '\n')) {
    if (!line.starts_with(fmt::format("| `{}` |", column))) continue;
    std::vector<std::string> cells = parts(line, '|');
    cells.erase(cells.begin());
    return cells;
  }
  return {};
}

std::string role_text(Role role) { return role == Role::decides ? "decides" : role == Role::place ? "place" : "tells"; }

TEST(LogFormat, OfEveryColumnIsDocumentedAtItsPlace) {
  std::vector<std::string> all;
  for (const Kind kind : kinds) {
    for (const std::string& name : parse_header(header_line(kind)).names) all.push_back(name);
  }
  for (const std::string& name : all) {
    const auto cells = line_of(name);
    ASSERT_GT(cells.size(), std::size(kinds)) << name;
    for (std::size_t k = 0; k < std::size(kinds); ++k) {
      const auto names = parse_header(header_line(kinds[k])).names;
      const auto found = std::find(names.begin(), names.end(), name);
      const std::string place = found == names.end() ? "  " : fmt::format(" {} ", found - names.begin() + 1);
      EXPECT_EQ(cells[k + 1], place) << name << ", kind " << k;
    }
  }
}

TEST(LogFormat, OfEveryManifestEntryIsDocumentedWithRoleAndValues) {
  const std::string text = document();
  for (const std::string_view name : key_names()) {
    const Key key = key_of(name);
    const std::string otherwise = key.otherwise.empty() ? "–" : fmt::format("`{}`", key.otherwise);
    const std::string line = fmt::format("\n| `{}` | {} | {} | {} | ", name, role_text(key.role), key.allowed, otherwise);
    EXPECT_NE(text.find(line), std::string::npos) << "docs/log-format.md has no line" << line;
  }
}

}  // namespace
}  // namespace ballast::log::log_format_test
