// SPDX-License-Identifier: Apache-2.0
//
// Every entry that a manifest may have: what rows have to do with it, what it is where it is not written, and what it may hold.

#pragma once

#include <string>
#include <string_view>

#include "ballast/log/manifest.hpp"

namespace ballast::log {

struct Key {
  Role role = Role::decides;
  std::string_view otherwise;  // the JSON that stands for an entry that an older version did not write; empty: nothing does
};

Key key_of(std::string_view name);

// Throws InputError naming the entry and what it may hold.
void check_entry(const std::string& name, const std::string& json);

}  // namespace ballast::log
