// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/core/whole_file.hpp"
#include "manifest_keys.hpp"

namespace ballast::log {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t most_entries = 1000;  // a cascade has two for each of its models
constexpr int deepest = 16;
constexpr std::uintmax_t largest_manifest = std::uintmax_t{1} << 24;

// The document, unread from where it goes beyond all use. Its object grows by a search each entry, so their number is bounded here.
OrderedJson parsed(const std::string& text, const std::string& file) {
  std::set<std::string> names;
  std::size_t keys = 0;
  const auto keep = [&](int depth, OrderedJson::parse_event_t event, OrderedJson& value) {
    if (event == OrderedJson::parse_event_t::key) {
      if (++keys > most_entries) throw InputError(fmt::format("{}: has more than {} entries", file, most_entries));
      const std::string& name = value.get_ref<const std::string&>();
      require(depth > 1 || names.insert(name).second, fmt::format("{}: has the entry '{}' twice", file, name));
    }
    return depth <= deepest;
  };
  return OrderedJson::parse(text, keep, false);
}

// What stands for the entry in comparisons: empty where nothing does.
std::string_view value_of(const Manifest& manifest, const std::string& name) {
  const auto* entry = manifest.find(name);
  return entry ? std::string_view(entry->json) : key_of(name).otherwise;
}

}  // namespace

void Manifest::add(const std::string& name, const std::string& text) {
  entries.push_back({name, OrderedJson(text).dump(-1, ' ', false, OrderedJson::error_handler_t::replace)});
}
void Manifest::add(const std::string& name, double value) { entries.push_back({name, OrderedJson(value).dump()}); }
void Manifest::add(const std::string& name, std::uint64_t value) { entries.push_back({name, OrderedJson(value).dump()}); }

void Manifest::set(const std::string& name, std::uint64_t value) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.name == name; });
  if (found == entries.end()) add(name, value);
  else found->json = std::to_string(value);
}

const Manifest::Entry* Manifest::find(std::string_view name) const {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::optional<std::uint64_t> Manifest::number(std::string_view name) const {
  const Entry* entry = find(name);
  if (!entry) return {};
  std::uint64_t value = 0;
  const char *begin = entry->json.data(), *end = begin + entry->json.size();
  const auto [read_to, error] = std::from_chars(begin, end, value);
  require(error == std::errc{} && read_to == end,
          fmt::format("the manifest's {} is {}; a whole number from 0 on, below 2^64 is needed", name, entry->json));
  return value;
}

std::optional<std::string> Manifest::text(std::string_view name) const {
  const Entry* entry = find(name);
  if (!entry) return {};
  const OrderedJson value = OrderedJson::parse(entry->json, nullptr, false);
  return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

bool Manifest::same_text(const Manifest& other) const {
  return std::equal(entries.begin(), entries.end(), other.entries.begin(), other.entries.end(),
                    [](const Entry& a, const Entry& b) { return a.name == b.name && a.json == b.json; });
}

std::vector<Manifest::Difference> Manifest::differences_from(const Manifest& here) const {
  std::vector<Difference> differences;
  const auto text_of = [](std::string_view value) { return std::string(value.empty() ? "missing" : value); };
  const auto compare = [&](const std::string& name) {
    if (role_of(name) == Role::tells) return;
    const std::string_view before = value_of(*this, name), now = value_of(here, name);
    if (before != now) differences.push_back({name, text_of(before), text_of(now)});
  };
  for (const Entry& entry : here.entries) compare(entry.name);
  for (const Entry& entry : entries) {
    if (!here.find(entry.name)) compare(entry.name);
  }
  return differences;
}

std::vector<std::string> Manifest::differences(const Manifest& here) const {
  std::vector<std::string> lines;
  for (const auto& [name, before, now] : differences_from(here)) lines.push_back(fmt::format("{}: {} there, {} here", name, before, now));
  return lines;
}

std::filesystem::path manifest_path(const std::filesystem::path& log) { return log.string() + ".json"; }

void require_manifest_or_none(const std::filesystem::path& file) {
  std::error_code unknown;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, unknown))) return;
  OrderedJson there;
  try {
    if (std::filesystem::is_regular_file(file, unknown)) there = parsed(read_whole(file, largest_manifest), file.string());
  } catch (const InputError&) {  // larger than any, or of more entries
  }
  require(there.is_object() && (there.contains("ballast") || (there.contains("method") && there.contains("start"))),
          fmt::format("{}: is there already and is no log's manifest, whose place that is; name another file for the log", file.string()));
}

void write_manifest(const Manifest& manifest, const std::filesystem::path& file) {
  OrderedJson document = OrderedJson::object();
  for (const auto& entry : manifest.entries) document[entry.name] = OrderedJson::parse(entry.json);
  write_whole(file, document.dump(2) + "\n");
}

Manifest read_manifest(const std::filesystem::path& file) {
  const OrderedJson document = parsed(read_whole(file, largest_manifest), file.string());
  require(document.is_object(), fmt::format("{}: not a manifest (a JSON object is needed)", file.string()));
  Manifest manifest;
  for (const auto& [name, value] : document.items()) manifest.entries.push_back({name, value.dump()});
  try {
    for (const auto& entry : manifest.entries) check_entry(entry.name, entry.json);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", file.string(), error.what()));
  }
  return manifest;
}

}  // namespace ballast::log
