// SPDX-License-Identifier: Apache-2.0
//
// The published logs of Cohen et al. 2019 give the published tables.

#include <gtest/gtest.h>

#include <filesystem>

#include "ballast/report/accuracy.hpp"
#include "ballast/report/bounds.hpp"
#include "ballast/report/table.hpp"

namespace ballast::report::published_logs_test {
namespace {

const std::filesystem::path logs = "../shared/logs";

class PublishedLogs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(logs)) GTEST_SKIP() << "no published logs in " << logs;
  }
  static Source read(const std::string& name) { return read_source((logs / name).string()); }
  static void expect(const std::string& name, double step, const std::vector<double>& shares) {
    const Source source = read(name);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      EXPECT_NEAR(certified_accuracy(source.log.rows, step * static_cast<double>(i)), shares[i], 1e-12)
          << name << " at " << step * static_cast<double>(i);
    }
  }
};

TEST_F(PublishedLogs, GiveTheCertifiedAccuracyOfTheTables) {
  expect("certify/imagenet/train_1.00_sigma_1.00.tsv", 0.5, {.436, .378, .326, .260, .194, .148, .122});
  expect("certify/cifar10_full/train_0.25_sigma_0.25.tsv", 0.25, {.7665, .6116, .4225, .2506});
  expect("certify/cifar10_full/train_0.50_sigma_0.50.tsv", 0.25, {.6568, .5491, .4279, .3245, .2197, .1412, .0826});
}

TEST_F(PublishedLogs, GiveTheRatesOfPredict) {
  const PredictRates rates = predict_rates(read("predict/imagenet/sigma_0.25_n_10000.tsv").log.rows);
  EXPECT_NEAR(rates.correct, 0.69, 1e-12);
  EXPECT_NEAR(rates.wrong, 0.30, 1e-12);
  EXPECT_NEAR(rates.abstained, 0.01, 1e-12);
}

TEST_F(PublishedLogs, AreJudgedByTheLargestOfThem) {
  const std::vector<Source> sources{read("predict/imagenet/sigma_0.25_n_100.tsv")};
  const Table table = predict_table(sources, read("predict/imagenet/sigma_0.25_n_100000.tsv"));
  double sum = 0;
  for (std::size_t i = 2; i < 7; ++i) sum += std::stod(table.rows[0][i].text);
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_EQ(table.rows[0][2].text, "0.6600");
}

TEST_F(PublishedLogs, HaveTheInvertedBoundAboveAppendixDEverywhere) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(logs / "certify")) {
    if (entry.path().extension() != ".tsv") continue;
    const Source source = read_source(entry.path().string());
    for (const double alpha : {0.01, 0.001}) {
      for (double radius = 0; radius <= 4; radius += 0.25) {
        const AccuracyBounds bounds = accuracy_bounds(source.log.rows, radius, {alpha, 0.001});
        EXPECT_GE(bounds.inverted, bounds.appendix_d) << entry.path() << " at " << radius;
        EXPECT_LE(bounds.inverted, certified_accuracy(source.log.rows, radius));
      }
    }
  }
}

}  // namespace
}  // namespace ballast::report::published_logs_test
