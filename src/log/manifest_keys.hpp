// SPDX-License-Identifier: Apache-2.0
//
// Every entry that a manifest may have: what rows have to do with it, what it is where it is not written, and what it may hold.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ballast/log/manifest.hpp"

namespace ballast::log {

struct Key {
  Role role = Role::decides;
  std::string_view otherwise;  // the JSON that stands for an entry that an older version did not write; empty: nothing does
  std::string_view allowed;    // what its value may be, in words; empty: anything
};

Key key_of(std::string_view name);

// The names of all that are known, with a # for a number.
std::vector<std::string_view> key_names();

// Throws InputError naming the entry and what it may hold.
void check_entry(const std::string& name, const std::string& json);

}  // namespace ballast::log
