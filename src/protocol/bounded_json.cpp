// SPDX-License-Identifier: Apache-2.0

#include "bounded_json.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"

namespace ballast::protocol {

namespace {

constexpr int deepest = 16;
constexpr std::size_t longest_name = 64;

}  // namespace

Json parse_object(std::string_view text, std::size_t most_values) {
  std::size_t values = 0;
  const auto bounded = [&](int depth, Json::parse_event_t event, Json&) {
    require(depth <= deepest, fmt::format("the JSON is more than {} deep", deepest));
    if (event != Json::parse_event_t::array_end && event != Json::parse_event_t::object_end) ++values;
    require(values <= most_values, fmt::format("the JSON has more than {} values", most_values));
    return true;
  };
  try {
    Json document = Json::parse(text.begin(), text.end(), bounded);
    require(document.is_object(), "the JSON is not an object");
    return document;
  } catch (const Json::parse_error& error) {
    throw InputError(fmt::format("not JSON (byte {})", error.byte));
  } catch (const Json::out_of_range&) {
    throw InputError("the JSON has a number that is too large");
  }
}

const Json* find(const Json& object, const char* name) {
  const auto entry = object.find(name);
  return entry == object.end() ? nullptr : &*entry;
}

std::string text_entry(const Json& object, const char* name, bool needed, const std::string& where) {
  const Json* entry = find(object, name);
  if (!entry && !needed) return "";
  require(entry && entry->is_string(), fmt::format("{}: a string \"{}\" is needed", where, name));
  return entry->get<std::string>();
}

const Json* array_entry(const Json& object, const char* name, bool needed, const std::string& where) {
  const Json* entry = find(object, name);
  require(entry || !needed, fmt::format("{}: an array \"{}\" is needed", where, name));
  require(!entry || entry->is_array(), fmt::format("{}: \"{}\" is not an array", where, name));
  return entry;
}

std::vector<std::string> text_array(const Json& object, const char* name, const std::string& where) {
  std::vector<std::string> texts;
  const Json* entry = array_entry(object, name, false, where);
  if (!entry) return texts;
  for (const Json& text : *entry) {
    require(text.is_string(), fmt::format("{}: \"{}\" holds something that is not a string", where, name));
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::vector<std::int64_t> shape_entry(const Json& object, std::int64_t smallest, const std::string& where) {
  std::vector<std::int64_t> shape;
  for (const Json& size : *array_entry(object, "shape", true, where)) {
    const bool whole = size.is_number_integer() && (!size.is_number_unsigned() || size.get<std::uint64_t>() <= std::uint64_t{1} << 62);
    require(whole && size.get<std::int64_t>() >= smallest,
            fmt::format("{}: a size in \"shape\" is not a whole number of at least {}", where, smallest));
    shape.push_back(size.get<std::int64_t>());
  }
  return shape;
}

std::string in_quotes(std::string_view name) {
  const bool cut = name.size() > longest_name;
  const std::string shown = std::string(name.substr(0, longest_name)) + (cut ? "..." : "");
  return Json(shown).dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace ballast::protocol
