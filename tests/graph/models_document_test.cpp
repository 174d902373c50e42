// SPDX-License-Identifier: Apache-2.0
//
// docs/models.md names every operation that is read, and no other.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "operations/operations.hpp"

namespace ballast::graph::models_document_test {
namespace {

// What stands in backticks in the table of operations.
std::multiset<std::string> documented() {
  std::ifstream in(std::filesystem::path(BALLAST_DOCS) / "models.md");
  std::multiset<std::string> names;
  bool here = false;
  const std::regex name("`(\\w+)`");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) here = line == "## Operations";
    if (!here || !line.starts_with("| ")) continue;
    for (std::sregex_iterator word(line.begin(), line.end(), name), end; word != end; ++word) names.insert((*word)[1]);
  }
  return names;
}

TEST(ModelsDocument, NamesEveryOperationOnceAndNoOther) {
  std::multiset<std::string> read{"If"};  // its branch is taken by the reader itself
  for (const auto& [name, type] : operations::onnx_types()) read.insert(name);
  std::multiset<std::string> missing, wrong;
  const auto there = documented();
  std::set_difference(read.begin(), read.end(), there.begin(), there.end(), std::inserter(missing, missing.end()));
  std::set_difference(there.begin(), there.end(), read.begin(), read.end(), std::inserter(wrong, wrong.end()));
  EXPECT_EQ(missing, std::multiset<std::string>{});
  EXPECT_EQ(wrong, std::multiset<std::string>{});
}

}  // namespace
}  // namespace ballast::graph::models_document_test
