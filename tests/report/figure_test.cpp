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
