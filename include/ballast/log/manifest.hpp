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
#include <string_view>
#include <vector>

namespace ballast::log {

struct Manifest {
  // Names and values in the order in which they are written. Numbers are kept
  // as the text that JSON has for them.
  struct Entry {
    std::string name;
    std::string json;  // the value as JSON
  };
  std::vector<Entry> entries;

  void add(const std::string& name, const std::string& text);
  void add(const std::string& name, const char* text) { add(name, std::string(text)); }
  void add(const std::string& name, double value);
  void add(const std::string& name, std::uint64_t value);

  // The entry's value becomes this one, at its place; without such an entry it is added.
  void set(const std::string& name, std::uint64_t value);

  const Entry* find(std::string_view name) const;

  // Of an entry that is there. Throws InputError where it is not a whole number below 2^64.
  std::optional<std::uint64_t> number(std::string_view name) const;

  // "grid" for an entry "grid"; none where there is no such entry, or it is no text.
  std::optional<std::string> text(std::string_view name) const;

  // Whether both are the same when written.
  bool same_text(const Manifest& other) const;

  // The entries of either on which rows depend and that are not the same in both, as JSON or "missing". What an older version did not write
  // has the value that it had then.
  struct Difference {
    std::string name, there, here;
  };
  std::vector<Difference> differences_from(const Manifest& here) const;

  // A line for each: "alpha: 0.001 there, 0.01 here".
  std::vector<std::string> differences(const Manifest& here) const;
};

// What an entry has to do with the rows of its log.
enum class Role {
  decides,  // rows depend on it: no run continues a log that differs in it, and no log of another value is merged with it
  place,    // which images the log has rows of: decides for a run, and differs among the parts of one
  tells     // rows do not depend on it: names of files, the command, how many rows there are to be
};

// One table for all entries that Ballast writes; what it does not know decides.
Role role_of(std::string_view name);

// LOG.json beside LOG.
std::filesystem::path manifest_path(const std::filesystem::path& log);

// Throws InputError where something else than a manifest is at the place of one: writing it there would destroy that.
void require_manifest_or_none(const std::filesystem::path& file);

// Whole or not at all (a temporary name, then a rename).
void write_manifest(const Manifest& manifest, const std::filesystem::path& file);

// Entries of an existing manifest. Throws InputError if it cannot be read, is longer than any that Ballast writes, has an entry
// twice, or one that Ballast knows with a value that it cannot have.
Manifest read_manifest(const std::filesystem::path& file);

}  // namespace ballast::log
