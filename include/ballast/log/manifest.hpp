// SPDX-License-Identifier: Apache-2.0
//
// What a log was made of and how: everything its rows depend on, so that they
// can be made again, and checked.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ballast::log {

struct Manifest {
  // Names and values in the order in which they are written. Numbers are kept
  // as the text that JSON has for them.
  struct Entry {
    std::string name;
    std::string json;     // the value as JSON
    bool decides = true;  // rows depend on it, so a run cannot continue a log that differs in it
  };
  std::vector<Entry> entries;

  void add(const std::string& name, const std::string& text, bool decides = true);
  void add(const std::string& name, const char* text, bool decides = true) { add(name, std::string(text), decides); }
  void add(const std::string& name, double value, bool decides = true);
  void add(const std::string& name, std::uint64_t value, bool decides = true);

  const Entry* find(const std::string& name) const;

  // Whether both are the same when written.
  bool same_text(const Manifest& other) const;

  // One line for each entry that decides and is not the same in both: "alpha: 0.001 there, 0.01 here".
  std::vector<std::string> differences(const Manifest& here) const;
};

// LOG.json beside LOG.
std::filesystem::path manifest_path(const std::filesystem::path& log);

// Whole or not at all (a temporary name, then a rename).
void write_manifest(const Manifest& manifest, const std::filesystem::path& file);

// Entries of an existing manifest, none of them marked as deciding. Throws
// InputError if it cannot be read.
Manifest read_manifest(const std::filesystem::path& file);

}  // namespace ballast::log
