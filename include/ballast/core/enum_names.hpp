// SPDX-License-Identifier: Apache-2.0
//
// Names of the values of an enumeration, both ways.

#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast {

// constexpr EnumNames<Bound, 4> names{{{{Bound::cohen, "cohen"}, ...}}};
template <typename Enum, std::size_t count>
struct EnumNames {
  std::array<std::pair<Enum, std::string_view>, count> entries;

  // "" for a value that has no name.
  constexpr std::string_view of(Enum value) const {
    for (const auto& [known, name] : entries) {
      if (known == value) return name;
    }
    return {};
  }

  constexpr std::optional<Enum> value(std::string_view name) const {
    for (const auto& [value, known] : entries) {
      if (known == name) return value;
    }
    return {};
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : entries) all.emplace_back(entry.second);
    return all;
  }
};

}  // namespace ballast
