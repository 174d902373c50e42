// SPDX-License-Identifier: Apache-2.0
//
// Inputs that libFuzzer found worth keeping, and those that once were findings: each is read or refused.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "readers.hpp"

namespace ballast::fuzz::corpus_test {
namespace {

class Corpus : public ::testing::TestWithParam<Reader> {};

TEST_P(Corpus, IsReadOrRefused) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(BALLAST_CORPUS) / GetParam().name))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  EXPECT_FALSE(files.empty());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    const Bytes input(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    EXPECT_NO_THROW(GetParam().read(input)) << file;
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, Corpus, ::testing::ValuesIn(readers().begin(), readers().end()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace ballast::fuzz::corpus_test
