// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/figure.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/report/theory_figures.hpp"
#include "ballast/stats/radius.hpp"
#include "report/report_fixtures.hpp"

namespace ballast::report::figure_test {
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

// The lines of a block of data.
std::size_t points_of(const std::string& program, const std::string& block) {
  const std::size_t begin = program.find(block + " << END\n"), end = program.find("\nEND\n", begin);
  return static_cast<std::size_t>(
      std::count(program.begin() + static_cast<std::ptrdiff_t>(begin), program.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
}

// Radii i / 10000 of so many rows.
std::vector<log::Record> many_rows(std::size_t rows) {
  std::vector<log::Record> many;
  for (std::size_t i = 0; i < rows; ++i) many.push_back(row(i, 1, 1, static_cast<double>(i + 1) / 10000));
  return many;
}

TEST(Figure, ShowsAsManyStepsAsCanBeToldApartAndNeverMoreThanThereIs) {
  const std::vector<log::Record> rows = many_rows(10'000);
  const std::vector<Source> sources{source("log", rows)};
  const Figure figure = certified_figure(sources);
  const Series exact = certified_curve(rows, ""), &shown = figure.series.front();
  EXPECT_LE(shown.x.size(), 310u);
  EXPECT_GE(shown.x.size(), 290u);
  for (double radius = 0; radius < 1; radius += 0.001) {
    EXPECT_LE(height(shown, radius), height(exact, radius)) << radius;
    EXPECT_GE(height(shown, radius), height(exact, radius) - 0.01) << radius;
  }
  EXPECT_LE(points_of(gnuplot_program(figure, "out"), "$data0"), 330u);
}

TEST(Figure, ShowsEveryStepOfFewRows) {
  const std::vector<Source> sources{source("log", {row(0, 1, 1, 0.25), row(1, 1, 1, 0.5), row(2, 1, 2, 0.5)})};
  const std::string program = gnuplot_program(certified_figure(sources), "out");
  EXPECT_NE(program.find("0 0.666666667\n0.25 0.666666667\n0.25 0.333333333\n0.5 0.333333333\n0.5 0\n"), std::string::npos) << program;
}

TEST(Figure, RepeatsNoColourAndNoDashesUpToTwelveCurves) {
  std::vector<Source> sources;
  for (int i = 0; i < 12; ++i) sources.push_back(source("log" + std::to_string(i), {row(0, 1, 1, 0.5)}));
  const std::string program = gnuplot_program(certified_figure(sources), "out");
  std::set<std::string> colours, dashes;
  for (std::size_t at = program.find("lc rgb '#"); at < program.find("set terminal pdf"); at = program.find(" lc rgb '#", at + 1)) {
    const std::size_t dash = program.find(" dt ", at) + 4;
    if (program.find(" dt ", at) == std::string::npos || program.find('\n', at) < dash) continue;  // the grid
    colours.insert(program.substr(program.find('#', at), 7));
    dashes.insert(program.substr(dash, program.find(" lw", dash) - dash));
  }
  EXPECT_EQ(colours.size(), 12u);
  EXPECT_EQ(dashes.size(), 12u);
}

TEST(Figure, OfBoundsFallsWithTheCurveAndHasItsOwnEntryInTheKey) {
  const std::vector<Source> sources{source("log", many_rows(1000))};
  const Figure figure = bounds_figure(sources, 0.001, 0.001);
  ASSERT_EQ(figure.series.size(), 2u);
  EXPECT_EQ(figure.series[1].name, "at least, with probability 0.999");
  EXPECT_EQ(figure.series[1].style, Series::Style::steps);
  EXPECT_EQ(figure.series[1].x, figure.series[0].x);
  for (std::size_t i = 0; i < figure.series[1].x.size(); ++i) EXPECT_LE(figure.series[1].y[i], figure.series[0].y[i]);
}

TEST(Figure, WritesSymbolsAsThePageDoes) {
  const Figure figure = certified_figure(std::vector<Source>{source("log", {row(0, 1, 1, 0.5)})});
  EXPECT_EQ(figure.x_label, "ℓ2 radius (pixels in [0, 1])");
  const std::string theorem = theorem_1_program({1, 0.8, 0.1}, "x");
  EXPECT_NE(theorem.find("x + δ"), std::string::npos);
  EXPECT_EQ(theorem.find("delta"), std::string::npos);
  EXPECT_EQ(theorem.find("sigma"), std::string::npos);
}

TEST(Figure, OfLogsWithoutACertificateHasAnAxis) {
  const std::vector<Source> sources{source("log", {row(0, 1, 2, 0.5)})};
  EXPECT_NE(gnuplot_program(certified_figure(sources), "out").find("set xrange [0:1]"), std::string::npos);
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
}  // namespace ballast::report::figure_test
