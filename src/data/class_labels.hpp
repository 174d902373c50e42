// SPDX-License-Identifier: Apache-2.0
//
// From classes as they are written to labels.

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/data/open.hpp"
#include "label_table.hpp"

namespace ballast::data {

inline constexpr Label most_classes = 1'000'000;

// A list of WordNet ids, as data sets of photographs have them.
struct Synsets {
  std::vector<std::string> sorted;
  std::vector<std::string> by_number;  // in the order of ILSVRC2012's numbers, from 1 on; empty: the list does not say
};

// Lines that begin with a WordNet id. Where a number follows it (as in map_clsloc.txt of ILSVRC's development kit), it is ILSVRC2012's;
// else the line's place is, unless the ids are sorted, which they are not by that number. Throws InputError for other lines, an id or a
// number that is there twice, and numbers that are not 1, 2, ...
Synsets read_synsets(const std::filesystem::path& file);

// n and eight digits.
bool is_wordnet_id(const std::string& text);

struct ClassOptions {
  std::vector<std::string> names = {};  // in the order of their labels; empty: those that occur, sorted bytewise
  std::optional<LabelOrder> order = {};
  std::optional<Synsets> synsets = {};
  bool numbers_need_order = false;
};

struct ClassLabels {
  std::vector<Label> labels;  // one for each row
  int classes = 0;
  std::vector<std::string> names = {};  // where the table's classes are names
};

// Labels of a table whose classes are all numbers, from 0 on (by `order` ilsvrc from 1 on), or all names. Throws InputError naming the line
// that cannot be used: a number out of range, a name that is none of `names` or `synsets`, both kinds in one table; and where numbers
// need an order or a list of synsets that is not given.
ClassLabels labels_of(const LabelTable& table, const ClassOptions& options);

}  // namespace ballast::data
