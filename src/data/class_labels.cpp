// SPDX-License-Identifier: Apache-2.0

#include "class_labels.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <unordered_map>

#include "ballast/core/errors.hpp"
#include "bytes.hpp"
#include "text.hpp"

namespace ballast::data {

namespace {

constexpr std::uintmax_t largest_list = std::uintmax_t{1} << 24;

using Positions = std::unordered_map<std::string, Label>;

// -1 where it is no whole number that a label may be.
Label number_in(std::string_view text) {
  Label number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 && number < most_classes ? number : -1;
}

bool looks_like_number(std::string_view text) { return text.find_first_not_of("+-.0123456789") == std::string_view::npos; }

Positions positions_of(const std::vector<std::string>& names) {
  Positions positions;
  for (const std::string& name : names) positions.emplace(name, static_cast<Label>(positions.size()));
  return positions;
}

std::vector<std::string> sorted_names(const LabelTable& table) {
  std::vector<std::string> names;
  for (const LabelRow& row : table.rows) names.push_back(row.class_text);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

ClassLabels labels_of_names(const LabelTable& table, const std::vector<std::string>& names) {
  require(names.size() <= static_cast<std::size_t>(most_classes),
          table.path.string() + ": has more than " + std::to_string(most_classes) + " classes");
  const Positions positions = positions_of(names);
  ClassLabels result{{}, static_cast<int>(names.size()), names};
  for (const LabelRow& row : table.rows) {
    const auto found = positions.find(row.class_text);
    if (found == positions.end())
      throw InputError(place_of(table, row) + ": the class " + word_shown(row.class_text) + " is not in the list of classes");
    result.labels.push_back(found->second);
  }
  return result;
}

Label number_of(const LabelTable& table, const LabelRow& row) {
  const Label number = number_in(row.class_text);
  if (number < 0) throw InputError(place_of(table, row) + ": the label is not a number from 0 to " + std::to_string(most_classes - 1));
  return number;
}

// Numbers of ILSVRC2012 as the names that they stand for.
LabelTable named_by_number(LabelTable table, const std::optional<Synsets>& synsets) {
  const std::string needed =
      "numbers in ILSVRC2012's order need the list of WordNet ids in that order (map_clsloc.txt of its development kit): --synsets FILE";
  require(synsets.has_value(), table.path.string() + ": " + needed);
  const std::vector<std::string>& ids = synsets->by_number;
  require(!ids.empty(), "synsets are listed by id, not by number: " + needed);
  for (LabelRow& row : table.rows) {
    const Label number = number_in(row.class_text);
    if (number < 1 || static_cast<std::size_t>(number) > ids.size())
      throw InputError(place_of(table, row) + ": is not a number from 1 to " + std::to_string(ids.size()));
    row.class_text = ids[static_cast<std::size_t>(number) - 1];
  }
  return table;
}

ClassLabels labels_of_numbers(const LabelTable& table, const ClassOptions& options) {
  if (options.order == LabelOrder::ilsvrc) return labels_of_names(named_by_number(table, options.synsets), options.synsets->sorted);
  const std::string meaning =
      ": holds numbers alone; say what they mean by --label-order: sorted (from 0 on, WordNet ids sorted) or ilsvrc (from 1 on, as in "
      "ILSVRC2012_validation_ground_truth.txt, with --synsets FILE)";
  require(options.order || !options.numbers_need_order, table.path.string() + meaning);
  const std::size_t known = options.synsets ? options.synsets->sorted.size() : options.names.size();
  ClassLabels result{{}, static_cast<int>(known)};
  for (const LabelRow& row : table.rows) {
    const Label label = number_of(table, row);
    if (known > 0 && static_cast<std::size_t>(label) >= known)
      throw InputError(place_of(table, row) + ": the label is not a number from 0 to " + std::to_string(known - 1));
    result.classes = std::max(result.classes, label + 1);
    result.labels.push_back(label);
  }
  return result;
}

// Whether all classes are numbers; a table of both kinds is refused.
bool has_numbers(const LabelTable& table) {
  const bool first = looks_like_number(table.rows.front().class_text);
  for (const LabelRow& row : table.rows) {
    if (looks_like_number(row.class_text) != first)
      throw InputError(place_of(table, row) + ": the class " + word_shown(row.class_text) + " is a " + (first ? "name" : "number") +
                       ", and those before it are " + (first ? "numbers" : "names") + "; allowed is one kind");
  }
  return first;
}

bool all_named(const LabelTable& table, const std::vector<std::string>& names) {
  const Positions positions = positions_of(names);
  return std::all_of(table.rows.begin(), table.rows.end(), [&](const LabelRow& row) { return positions.contains(row.class_text); });
}

struct Synset {
  std::string id;
  Label number = -1;
  std::string place;
};

std::vector<Synset> synsets_in(const std::filesystem::path& file) {
  const Bytes contents = read_file(file, largest_list);
  std::vector<Synset> synsets;
  for_each_line({reinterpret_cast<const char*>(contents.data()), contents.size()}, [&](std::string_view line, std::size_t number) {
    const std::string place = file.string() + ", line " + std::to_string(number);
    const std::vector<std::string> words = words_of(line, 2);
    require(!words.empty() && is_wordnet_id(words[0]), place + ": does not begin with a WordNet id (n and eight digits)");
    synsets.push_back({words[0], words.size() > 1 ? number_in(words[1]) : -1, place});
  });
  require(!synsets.empty(), file.string() + ": lists no WordNet ids");
  return synsets;
}

// Those with numbers, in the order of the numbers, which must be 1, 2, ...
std::vector<std::string> by_number(const std::vector<Synset>& synsets) {
  std::vector<std::string> ids(synsets.size());
  for (const Synset& synset : synsets) {
    const bool fits = synset.number >= 1 && static_cast<std::size_t>(synset.number) <= ids.size();
    require(fits && ids[static_cast<std::size_t>(synset.number) - 1].empty(),
            synset.place + ": numbers behind the WordNet ids must be 1 to " + std::to_string(ids.size()) + ", each once");
    ids[static_cast<std::size_t>(synset.number) - 1] = synset.id;
  }
  return ids;
}

}  // namespace

bool is_wordnet_id(const std::string& text) {
  return text.size() == 9 && text[0] == 'n' && text.find_first_not_of("0123456789", 1) == std::string::npos;
}

Synsets read_synsets(const std::filesystem::path& file) {
  const std::vector<Synset> listed = synsets_in(file);
  Synsets synsets;
  for (const Synset& synset : listed) synsets.sorted.push_back(synset.id);
  const bool is_sorted = std::is_sorted(synsets.sorted.begin(), synsets.sorted.end());
  const bool is_numbered = std::any_of(listed.begin(), listed.end(), [](const Synset& synset) { return synset.number >= 0; });
  if (is_numbered) synsets.by_number = by_number(listed);
  else if (!is_sorted) synsets.by_number = synsets.sorted;
  std::sort(synsets.sorted.begin(), synsets.sorted.end());
  const auto twice = std::adjacent_find(synsets.sorted.begin(), synsets.sorted.end());
  require(twice == synsets.sorted.end(), file.string() + ": lists " + (twice == synsets.sorted.end() ? "" : *twice) + " twice");
  return synsets;
}

ClassLabels labels_of(const LabelTable& table, const ClassOptions& options) {
  if (!options.names.empty() && all_named(table, options.names)) return labels_of_names(table, options.names);
  if (has_numbers(table)) return labels_of_numbers(table, options);
  require(!options.order, table.path.string() + ": holds names; --label-order says what numbers mean");
  if (!options.names.empty()) return labels_of_names(table, options.names);
  return labels_of_names(table, options.synsets ? options.synsets->sorted : sorted_names(table));
}

}  // namespace ballast::data
