// SPDX-License-Identifier: Apache-2.0
//
// The columns of all logs as one table: what stands in each, which logs have
// it, and how it is written and read.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ballast/log/record.hpp"

namespace ballast::log {

// Whose votes a row may have: more than any data set in use has.
inline constexpr std::size_t most_classes = 65'536;

using Votes = std::vector<std::uint64_t>;
using Looks = std::vector<Record::Look>;

// What a row has in a column. -1 stands for "abstained" and for the class "nan", NaN for a bound that is not known.
using Cell = std::variant<std::int64_t, bool, double, Votes, Looks>;

struct Column {
  std::string_view name;
  unsigned kinds;  // of the logs that have it: bit 1 << kind
  Cell (*value)(const Record& row);
  std::string (*text)(const Record& row);
  void (*read)(Record& row, std::string_view cell, std::string_view name);  // throws InputError naming the column

  bool is_of(Kind kind) const { return (kinds >> static_cast<unsigned>(kind) & 1u) != 0; }
};

// In the order in which they are written.
std::span<const Column> all_columns();
std::vector<const Column*> columns_of(Kind kind);

// Null for a name that no log of ours has.
const Column* column_named(std::string_view name);

// "3:97,5:3", the last entry as "nan", "-" where there are none.
std::string votes_text(const Votes& votes);
// A class among so many entries of votes, the last of which are the class "nan".
std::string class_text(Label label, std::size_t entries);

}  // namespace ballast::log
