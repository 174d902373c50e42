// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/record.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "ballast/log/columns.hpp"
#include "split_text.hpp"

namespace ballast::log {
namespace {

// What each column of the logs of a kind has, with tabs between.
template <typename Text>
std::string joined(Kind kind, Text text) {
  std::string line;
  for (const Column* column : columns_of(kind)) line += (line.empty() ? "" : "\t") + std::string(text(*column));
  return line;
}

}  // namespace

std::string header_line(Kind kind) {
  return joined(kind, [](const Column& column) { return column.name; });
}

std::string to_line(const Record& record, Kind kind) {
  return joined(kind, [&](const Column& column) { return column.text(record); });
}

Columns parse_header(const std::string& line) {
  Columns columns{split(line, '\t'), Kind::certify};
  const auto has = [&](std::string_view name) { return std::count(columns.names.begin(), columns.names.end(), name) > 0; };
  for (const std::string_view name : {"idx", "label", "predict", "correct"}) {
    require(has(name), fmt::format("the header has no column '{}': not a log of certify or predict", name));
  }
  columns.kind = has("distance")       ? Kind::attack
                 : !has("radius")      ? Kind::predict
                 : has("looks")        ? Kind::staged
                 : has("certified_by") ? Kind::cascade
                                       : Kind::certify;  // of verify only the manifest tells
  return columns;
}

Record parse_line(const std::string& line, const Columns& columns) {
  const auto cells = split(line, '\t');
  require(cells.size() == columns.names.size(), fmt::format("{} columns where the header has {}", cells.size(), columns.names.size()));
  Record record;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (const Column* column = column_named(columns.names[i])) column->read(record, cells[i], column->name);
  }
  return record;
}

}  // namespace ballast::log
