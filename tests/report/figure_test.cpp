// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/figure.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/report/theory_figures.hpp"
#include "ballast/stats/radius.hpp"
#include "report/report_fixtures.hpp"

namespace ballast::report {
namespace {

// The height of the steps at a radius: that of the first point not before it.
double height(const Series& series, double radius) {
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (series.x[i] >= radius) return series.y[i];
  }
  return 0;
}

TEST(Curve, IsCertifiedAccuracyAtEveryRadius) {
  const std::vector<log::Record> rows{row(0, 1, 1, 0.5), row(1, 1, 1, 0.25), row(2, 1, 1, 0.25),
                                      row(3, 1, 2, 0.9), row(4, 1, {}, 0),   row(5, 1, 1, 0)};
  const Series series = certified_curve(rows, "log");
  for (double radius = 0; radius < 1; radius += 0.01) EXPECT_DOUBLE_EQ(height(series, radius), certified_accuracy(rows, radius)) << radius;
  for (const double radius : {0.25, 0.5}) EXPECT_DOUBLE_EQ(height(series, radius), certified_accuracy(rows, radius)) << radius;
  EXPECT_TRUE(std::is_sorted(series.x.begin(), series.x.end()));
}

TEST(Curve, OfNothingCertifiedIsZero) {
  const std::vector<log::Record> rows{row(0, 1, 2, 0.5)};
  EXPECT_EQ(height(certified_curve(rows, ""), 0), 0);
}

TEST(Curve, EndsWhereTheLastRadiusWasTestedAndDoesNotFallThere) {
  Source named = source("named", {row(0, 1, 1, 0.5), row(1, 1, 1, 0.25), row(2, 1, 2, 0.5)});
  named.settings.emplace();
  named.settings->method = procedure::NamedRadii{{}, {0, 0.25, 0.5}};
  const Series series = certified_curve(named, "named");
  EXPECT_EQ(series.x, (std::vector<double>{0, 0.25, 0.5}));
  EXPECT_EQ(series.y, (std::vector<double>{2. / 3, 2. / 3, 1. / 3}));
}

TEST(Figure, CutsTheMiddleOfALongName) {
  const std::string name = "resnet110-with-a-very-long-name-trained-for-ninety-epochs-sigma_0.25.tsv";
  const std::string program = gnuplot_program(certified_figure(std::vector<Source>{source(name, {row(0, 1, 1, 0.5)})}), "out");
  EXPECT_NE(program.find("title 'resnet110-with-a-very...-epochs-sigma_0.25.tsv'"), std::string::npos) << program;
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "\xC3\xA4";
  const std::string cut = gnuplot_program(certified_figure(std::vector<Source>{source(umlauts, {row(0, 1, 1, 0.5)})}), "out");
  const auto dots = cut.find("...");
  ASSERT_NE(dots, std::string::npos);
  EXPECT_EQ(cut[dots - 1], '\xA4');
  EXPECT_EQ(cut[dots + 3], '\xC3');
}

TEST(Figure, SaysOfWhatItIs) {
  Source one = source("one", {row(0, 1, 1, 0.5)});
  one.manifest.emplace();
  one.manifest->add("data", "cifar10");
  EXPECT_NE(gnuplot_program(certified_figure(std::vector<Source>{one}), "out").find("set title 'cifar10: 1 image'"), std::string::npos);
}

TEST(Figure, QuotesEveryName) {
  const std::vector<Source> sources{source("it's `ls` \\ \"@x\".tsv", {row(0, 1, 1, 0.5)})};
  const std::string program = gnuplot_program(certified_figure(sources), "out");
  EXPECT_NE(program.find("title 'it''s `ls` \\ \"@x\".tsv'"), std::string::npos) << program;
}

TEST(Figure, OfTheGuaranteesIsOrderedAsTheTheoremsAre) {
  const Figure figure = guarantees_figure();
  ASSERT_EQ(figure.series.size(), 3u);
  for (std::size_t i = 0; i < figure.series[0].x.size(); ++i) {
    EXPECT_GE(figure.series[0].y[i], figure.series[1].y[i]);
    EXPECT_GE(figure.series[1].y[i], figure.series[2].y[i]);
  }
  EXPECT_DOUBLE_EQ(figure.series[0].y[200], stats::radius_from_pair(1, figure.series[0].x[200], 1 - figure.series[0].x[200]));
}

TEST(Figure, OfTheoremsRefusesProbabilitiesThatCannotBe) {
  EXPECT_THROW(theorem_1_program({1, 0.8, 0.3}, "x"), InputError);
  EXPECT_THROW(theorem_2_program({1, 0.2, 0.3}, "x"), InputError);
  EXPECT_NE(theorem_1_program({1, 0.8, 0.1}, "x").find("P(A)"), std::string::npos);
}

}  // namespace
}  // namespace ballast::report
