// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/accuracy.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "ballast/log/log_writer.hpp"

namespace ballast::report::accuracy_test {
namespace {

log::Record row(Label label, std::optional<Label> predict, double radius) {
  log::Record record;
  record.label = label;
  record.predict = predict;
  record.radius = radius;
  record.correct = predict == label;
  return record;
}

const std::vector<log::Record> five{row(1, 1, 0.5), row(1, 1, 0.25), row(2, 1, 0.9), row(0, {}, 0), row(3, 3, 0.7)};

TEST(CertifiedAccuracy, CountsCorrectRowsWhoseRadiusReachesR) {
  EXPECT_DOUBLE_EQ(certified_accuracy(five, 0), 0.6);
  EXPECT_DOUBLE_EQ(certified_accuracy(five, 0.25), 0.6);  // a tie counts: the claim is about norms below the radius
  EXPECT_DOUBLE_EQ(certified_accuracy(five, 0.26), 0.4);
  EXPECT_DOUBLE_EQ(certified_accuracy(five, 0.8), 0);
}

TEST(CertifiedAccuracy, NeverCountsAnAbstentionWhateverTheLogSays) {
  log::Record odd = row(0, {}, 1);
  odd.correct = true;
  EXPECT_EQ(certified_accuracy(std::vector{odd}, 0), 0);
}

TEST(AverageRadius, IsZeroWhereWrong) { EXPECT_DOUBLE_EQ(average_certified_radius(five), (0.5 + 0.25 + 0.7) / 5); }

TEST(PredictRates, AddUpToOne) {
  const auto rates = predict_rates(five);
  EXPECT_DOUBLE_EQ(rates.correct, 0.6);
  EXPECT_DOUBLE_EQ(rates.wrong, 0.2);
  EXPECT_DOUBLE_EQ(rates.abstained, 0.2);
}

TEST(Table, HasQuarterStepsUpToTheLargestRadius) {
  EXPECT_EQ(sensible_radii(five), (std::vector<double>{0, 0.25, 0.5}));
  EXPECT_EQ(accuracy_table(five, std::vector<double>{0, 0.5}),
            "radius                    0     0.5\n"
            "certified accuracy   0.6000  0.4000\n");
  EXPECT_LE(sensible_radii(std::vector{row(1, 1, 12.3)}).size(), 8u);
}

TEST(CertifiedAccuracy, OfThePublishedLogsIsAsPublished) {
  const std::filesystem::path logs = std::filesystem::path(BALLAST_SHARED) / "logs";
  if (!std::filesystem::exists(logs)) GTEST_SKIP() << "the shared folder with published logs is absent";
  const auto check = [&](const char* file, std::vector<double> expected, double step) {
    const auto rows = log::read_log(logs / file).rows;
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_DOUBLE_EQ(certified_accuracy(rows, step * static_cast<double>(i)), expected[i]) << file << " " << i;
  };
  check("certify/imagenet/train_1.00_sigma_1.00.tsv", {.436, .378, .326, .260, .194, .148, .122}, 0.5);
  check("certify/cifar10_full/train_0.25_sigma_0.25.tsv", {.7665, .6116, .4225, .2506}, 0.25);
  check("certify/cifar10_full/train_0.50_sigma_0.50.tsv", {.6568, .5491, .4279, .3245, .2197, .1412, .0826}, 0.25);
  const auto rates = predict_rates(log::read_log(logs / "predict/imagenet/sigma_0.25_n_10000.tsv").rows);
  EXPECT_NEAR(rates.correct, 0.69, 0.005);
  EXPECT_NEAR(rates.wrong, 0.30, 0.005);
  EXPECT_NEAR(rates.abstained, 0.01, 0.005);
}

}  // namespace
}  // namespace ballast::report::accuracy_test
