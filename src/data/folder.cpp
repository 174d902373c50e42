// SPDX-License-Identifier: Apache-2.0

#include "folder.hpp"

#include <algorithm>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::data {

namespace {

bool is_hidden(const std::filesystem::path& path) { return path.filename().string().starts_with('.'); }

// The entries of an iterator that satisfy a condition, sorted.
template <typename Iterator, typename Condition>
std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder, Condition condition) {
  std::vector<std::filesystem::path> paths;
  try {
    for (const std::filesystem::directory_entry& entry : Iterator(folder)) {
      if (!is_hidden(entry.path()) && condition(entry)) paths.push_back(entry.path());
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw InputError(folder.string() + ": cannot be read: " + error.code().message());
  }
  std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) { return a.native() < b.native(); });
  return paths;
}

}  // namespace

std::vector<std::filesystem::path> subfolders_of(const std::filesystem::path& folder) {
  return sorted_entries<std::filesystem::directory_iterator>(folder, [](const auto& entry) { return entry.is_directory(); });
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
  return sorted_entries<std::filesystem::recursive_directory_iterator>(folder, [](const auto& entry) { return entry.is_regular_file(); });
}

}  // namespace ballast::data
