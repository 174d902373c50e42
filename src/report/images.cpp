// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "ballast/core/printable.hpp"

namespace ballast::report {
namespace {

std::string entry_of(const Source& source, std::string_view name) {
  return source.manifest ? source.manifest->text(name).value_or("") : "";
}

// The last part of a path, and of a folder its name.
std::string without_folders(std::string text) {
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  const std::string name = std::filesystem::path(text).filename().string();
  return printable(name.empty() ? text : name);
}

bool same_rows(const Source& a, const Source& b) {
  const auto& left = a.log.rows;
  const auto& right = b.log.rows;
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const log::Record& x, const log::Record& y) { return x.index == y.index && x.label == y.label; });
}

// What a log without a manifest does not say may be anything.
bool same_where_known(const Source& a, const Source& b, std::string_view name) {
  const std::string there = entry_of(a, name), here = entry_of(b, name);
  return there.empty() || here.empty() || there == here;
}

bool same_images(const Source& a, const Source& b) {
  return same_where_known(a, b, "data_sha256") && same_where_known(a, b, "split") && same_where_known(a, b, "labels") && same_rows(a, b);
}

std::string ordinal(std::uint64_t number) {
  const bool teens = number % 100 >= 11 && number % 100 <= 13;
  const char* ending = teens ? "th" : number % 10 == 1 ? "st" : number % 10 == 2 ? "nd" : number % 10 == 3 ? "rd" : "th";
  return fmt::format("{}{}", number, ending);
}

// "" where the rows are not in steps.
std::string range_text(const std::vector<log::Record>& rows) {
  const std::uint64_t first = rows.front().index, last = rows.back().index;
  const std::uint64_t step = rows.size() > 1 ? rows[1].index - first : 1;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].index - rows[i - 1].index != step) return fmt::format("{} to {}, not all", first, last);
  }
  if (rows.size() == 1) return fmt::format("{}", first);
  return fmt::format("{} to {}{}", first, last, step == 1 ? "" : fmt::format(", every {}", ordinal(step)));
}

std::string count_text(const Source& source) {
  return source.log.rows.size() == 1 ? "1 image" : fmt::format("{} images", source.log.rows.size());
}

// The text of all sources; "" where one has another, or none.
template <typename Text>
std::string common(std::span<const Source> sources, const Text& text) {
  const std::string first = text(sources.front());
  return std::all_of(sources.begin(), sources.end(), [&](const Source& source) { return text(source) == first; }) ? first : "";
}

}  // namespace

std::string data_text(const Source& source) {
  const std::string data = entry_of(source, "data");
  if (data.empty()) return "";
  const std::string split = entry_of(source, "split");
  return without_folders(data) + (split.empty() ? "" : ", " + printable(split));
}

std::string images_text(const Source& source) {
  const auto& rows = source.log.rows;
  const auto total = source.manifest ? source.manifest->number("images") : std::nullopt;
  const std::string count = count_text(source);
  if (total == rows.size()) return "all " + count;
  return fmt::format("{}{} ({})", count, total ? fmt::format(" of {}", *total) : "", range_text(rows));
}

std::string model_text(const Source& source) {
  const std::string model = entry_of(source, "model");
  return model.empty() ? "" : without_folders(model);
}

std::vector<std::size_t> image_groups(std::span<const Source> sources) {
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    std::size_t group = groups.empty() ? 0 : *std::max_element(groups.begin(), groups.end()) + 1;
    for (std::size_t candidate = 0; candidate < group; ++candidate) {
      bool fits = true;
      for (std::size_t k = 0; k < i; ++k) fits = fits && (groups[k] != candidate || same_images(sources[k], sources[i]));
      if (fits) group = candidate;
    }
    groups.push_back(group);
  }
  return groups;
}

std::string subject_of(std::span<const Source> sources) {
  if (sources.empty()) return "";
  const std::string data = common(sources, data_text), model = common(sources, model_text);
  return fmt::format("{}{}{}", data.empty() ? "" : data + ": ", images_text(sources.front()), model.empty() ? "" : "; model " + model);
}

std::string short_subject_of(std::span<const Source> sources) {
  if (sources.empty()) return "";
  const std::string data = common(sources, data_text), model = common(sources, model_text);
  return (data.empty() ? "" : data + ": ") + count_text(sources.front()) + (model.empty() ? "" : "; " + model);
}

}  // namespace ballast::report
