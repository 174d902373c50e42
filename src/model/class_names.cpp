// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/model/folder.hpp"

namespace ballast::model {
namespace {

using Json = nlohmann::json;

constexpr const char* own_key = "ballast.classes";
constexpr std::uintmax_t largest_file = 1 << 24;
constexpr std::size_t most_classes = 1'000'000;

std::optional<std::size_t> number_in(const std::string& text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && value < most_classes;
  return whole ? std::optional(value) : std::nullopt;
}

// A member is "7": "horse" or "horse": 7.
std::optional<std::pair<std::size_t, std::string>> numbered(const std::string& key, const Json& value) {
  if (value.is_string()) {
    if (const auto number = number_in(key)) return std::pair{*number, value.get<std::string>()};
  }
  if (value.is_number_unsigned() && value.get<std::size_t>() < most_classes) return std::pair{value.get<std::size_t>(), key};
  return {};
}

std::vector<std::string> of_object(const Json& document) {
  std::vector<std::string> names(document.size());
  std::vector<bool> given(document.size());
  for (const auto& [key, value] : document.items()) {
    const auto one = numbered(key, value);
    if (!one || one->first >= names.size() || given[one->first]) return {};
    given[one->first] = true;
    names[one->first] = one->second;
  }
  return names;
}

std::vector<std::string> of_lines(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
    names.push_back(line);
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  return names;
}

bool is_utf8(const std::string& text) {
  try {
    return !Json(text).dump().empty();
  } catch (const Json::type_error&) {
    return false;
  }
}

bool looks_like_json(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && (text[first] == '{' || text[first] == '[');
}

}  // namespace

std::vector<std::string> class_names_in(const std::string& json) {
  // Names are no deeper than the list that they stand in.
  if (std::count(json.begin(), json.end(), '[') + std::count(json.begin(), json.end(), '{') > static_cast<std::ptrdiff_t>(most_classes))
    return {};
  bool deep = false;
  const auto no_deeper = [&](int depth, Json::parse_event_t event, Json&) {
    const bool begins = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    deep = deep || (begins && depth > 0);
    return !deep;
  };
  const Json document = Json::parse(json, no_deeper, false);
  if (deep || document.is_discarded() || document.size() > most_classes) return {};
  if (document.is_object()) return of_object(document);
  if (!document.is_array()) return {};
  std::vector<std::string> names;
  for (const Json& name : document) {
    if (!name.is_string()) return {};
    names.push_back(name.get<std::string>());
  }
  return names;
}

std::vector<std::string> class_names_of(const graph::Graph& graph, int classes) {
  for (const char* key : {own_key, "class_names", "classes", "names", "id2label"}) {
    const auto found = graph.metadata.find(key);
    if (found == graph.metadata.end()) continue;
    auto names = class_names_in(found->second);
    if (static_cast<int>(names.size()) == classes) return names;
  }
  return {};
}

void set_class_names(graph::Graph& graph, const std::vector<std::string>& names) {
  graph.metadata[own_key] = Json(names).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> read_class_names(const std::filesystem::path& file) {
  const std::string text = read_whole(file, largest_file);
  const bool json = looks_like_json(text);
  const std::vector<std::string> names = json ? class_names_in(text) : of_lines(text);
  require(!names.empty(),
          fmt::format("{}: no names of classes; a line for each class is needed, or a JSON array, or an object of all numbers "
                      "from 0 on and their names",
                      file.string()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    require(!names[i].empty(), fmt::format("{}: class {} has no name", file.string(), i));
    require(is_utf8(names[i]), fmt::format("{}: the name of class {} is not in UTF-8", file.string(), i));
  }
  return names;
}

}  // namespace ballast::model
