// SPDX-License-Identifier: Apache-2.0

#include "npz_names.hpp"

#include <algorithm>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/data/npy.hpp"
#include "text.hpp"

namespace ballast::data {

namespace {

using Pair = std::array<std::string, 2>;

constexpr std::size_t most_shown = 8;

std::vector<Pair> pairs_of(const std::string& split) {
  return {{"x_" + split, "y_" + split},
          {"X_" + split, "y_" + split},
          {split + "_images", split + "_labels"},
          {split + "_x", split + "_y"},
          {split + "_data", split + "_labels"}};
}

const std::vector<Pair> pairs_of_either{{"images", "labels"}, {"x", "y"}, {"X", "y"}, {"X", "Y"}, {"data", "labels"}, {"arr_0", "arr_1"}};

std::vector<Pair> pairs_there(const std::vector<Pair>& pairs, const std::vector<std::string>& names) {
  const auto is_there = [&](const std::string& name) { return std::binary_search(names.begin(), names.end(), name); };
  std::vector<Pair> there;
  for (const Pair& pair : pairs) {
    if (is_there(pair[0]) && is_there(pair[1])) there.push_back(pair);
  }
  return there;
}

std::string shown(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most_shown); ++i) text += (text.empty() ? "" : ", ") + word_shown(names[i]);
  if (names.size() > most_shown) text += ", ...";
  return text.empty() ? "no arrays" : text;
}

std::string shown(const std::vector<Pair>& pairs) {
  std::string text;
  for (const Pair& pair : pairs) text += (text.empty() ? "" : "; ") + pair[0] + " and " + pair[1];
  return text;
}

}  // namespace

std::array<std::string, 2> array_names(const std::filesystem::path& file, const std::string& split) {
  const std::vector<std::string> names = names_in_npz(file);
  std::vector<Pair> there = pairs_there(pairs_of(split), names);
  const std::vector<Pair> either = pairs_there(pairs_of_either, names);
  there.insert(there.end(), either.begin(), either.end());
  const std::string other = split == "test" ? "train" : "test";
  require(there.size() <= 1, file.string() + ": holds several pairs of images and labels: " + shown(there) + "; allowed is one");
  if (there.size() == 1) return there.front();
  require(pairs_there(pairs_of(other), names).empty(), file.string() + ": holds images of the split " + other + " only, not of " + split);
  throw InputError(file.string() + ": holds " + shown(names) + "; allowed are images and labels, x_" + split + " and y_" + split +
                   ", X and y, " + split + "_images and " + split + "_labels, data and labels, or arr_0 and arr_1");
}

}  // namespace ballast::data
