// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "ballast/core/whole_file.hpp"

namespace ballast::log {

using Json = nlohmann::ordered_json;

void Manifest::add(const std::string& name, const std::string& text, bool decides) {
  entries.push_back({name, Json(text).dump(-1, ' ', false, Json::error_handler_t::replace), decides});
}
void Manifest::add(const std::string& name, double value, bool decides) { entries.push_back({name, Json(value).dump(), decides}); }
void Manifest::add(const std::string& name, std::uint64_t value, bool decides) { entries.push_back({name, Json(value).dump(), decides}); }

const Manifest::Entry* Manifest::find(const std::string& name) const {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

bool Manifest::same_text(const Manifest& other) const {
  return std::equal(entries.begin(), entries.end(), other.entries.begin(), other.entries.end(),
                    [](const Entry& a, const Entry& b) { return a.name == b.name && a.json == b.json; });
}

std::vector<std::string> Manifest::differences(const Manifest& here) const {
  std::vector<std::string> lines;
  for (const Entry& entry : here.entries) {
    if (!entry.decides) continue;
    const Entry* there = find(entry.name);
    if (!there || there->json != entry.json)
      lines.push_back(fmt::format("{}: {} there, {} here", entry.name, there ? there->json : "missing", entry.json));
  }
  return lines;
}

std::filesystem::path manifest_path(const std::filesystem::path& log) { return log.string() + ".json"; }

void write_manifest(const Manifest& manifest, const std::filesystem::path& file) {
  Json document = Json::object();
  for (const auto& entry : manifest.entries) document[entry.name] = Json::parse(entry.json);
  write_whole(file, document.dump(2) + "\n");
}

Manifest read_manifest(const std::filesystem::path& file) {
  std::ifstream in(file);
  require(in.good(), fmt::format("{}: cannot be read", file.string()));
  constexpr int deepest = 16;
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= deepest; };  // what lies deeper is left out, unread
  const Json document = Json::parse(in, shallow, false);
  require(document.is_object(), fmt::format("{}: not a manifest (a JSON object is needed)", file.string()));
  Manifest manifest;
  for (const auto& [name, value] : document.items()) manifest.entries.push_back({name, value.dump(), false});
  return manifest;
}

}  // namespace ballast::log
