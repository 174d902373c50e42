// SPDX-License-Identifier: Apache-2.0

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::memory_test {
namespace {

constexpr double few_mib = 8;  // what allocators and threads differ by from run to run

double peak_mib(const Fixture& at, const std::string& samples) {
  const Outcome outcome = run(with(at.certify(at.folder / ("log" + samples), {"--max", "10"}), "--n", samples));
  EXPECT_TRUE(succeeded(outcome));
  return outcome.peak_mib;
}

TEST(Memory, IsFlatInTheNumberOfSamples) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "a sanitizer's memory is not the program's";
#endif
  Fixture at;
  write_file(at.model, convolution_model({1, 8, 8}, 3));
  const double few = peak_mib(at, "1000"), many = peak_mib(at, "100000");
  EXPECT_LT(many, few + few_mib);
  EXPECT_LT(many, 300);
}

}  // namespace
}  // namespace ballast::cli::testing::memory_test
