// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/table.hpp"

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"
#include "ballast/report/images.hpp"
#include "ballast/report/tested.hpp"
#include "report/report_fixtures.hpp"

namespace ballast::report::table_test {
namespace {

TEST(Tables, HoldCertifiedAccuracyAndMarkTheBestOfEachColumn) {
  const std::vector<Source> sources{source("one", {row(0, 1, 1, 0.5), row(1, 1, 1, 0.25)}),
                                    source("two", {row(0, 1, 1, 0.9), row(1, 1, 2, 0.9)})};
  const std::vector<double> radii{0, 0.5, 1};
  const Table table = accuracy_table(sources, radii);
  EXPECT_EQ(table.header, (std::vector<std::string>{"log", "noise", "0", "0.5", "1"}));
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0][2].text, "1.0000");
  EXPECT_EQ(table.rows[1][2].text, "0.5000");
  EXPECT_TRUE(table.rows[0][2].best);
  EXPECT_FALSE(table.rows[1][2].best);
  EXPECT_TRUE(table.rows[0][3].best && table.rows[1][3].best);   // a tie
  EXPECT_FALSE(table.rows[0][4].best || table.rows[1][4].best);  // nothing is best where all are 0
}

TEST(Tables, AreWrittenForEachReaderWithNamesThatCannotHarm) {
  const std::vector<Source> sources{source("a|b_<i>&\"x\",$1%", {row(0, 1, 1, 0.5)})};
  const Table table = accuracy_table(sources, std::vector<double>{0});
  EXPECT_EQ(
      to_markdown(table),
      "Certified accuracy by radius. 1 image (0).\n\n| log | noise | 0 |\n|---|---|---:|\n| a\\|b\\_&lt;i&gt;&\"x\",$1% | - | 1.0000 |\n");
  EXPECT_NE(to_latex(table).find("a|b\\_<i>\\&\"x\",\\$1\\% & - & 1.0000 \\\\"), std::string::npos) << to_latex(table);
  EXPECT_NE(to_latex(table).find("\\toprule"), std::string::npos);
  EXPECT_EQ(to_csv(table), "log,noise,0,data,images,model,largest provable radius\r\n\"a|b_<i>&\"\"x\"\",$1%\",-,1.0000,,1,,\r\n");
}

TEST(Tables, ShowBoundsOnlyWhereAlphaIsKnown) {
  const std::vector<Source> sources{source("one", std::vector<log::Record>(100, row(0, 1, 1, 0.5)))};
  const std::vector<double> radii{0};
  EXPECT_EQ(bounds_table(sources, radii, &AccuracyBounds::inverted, {}, 0.001).rows[0][2].text, "-");
  const std::string bound = bounds_table(sources, radii, &AccuracyBounds::inverted, 0.001, 0.001).rows[0][2].text;
  EXPECT_LT(std::stod(bound), 1);
  EXPECT_GT(std::stod(bound), 0.9);
}

TEST(Tables, JudgePredictByAGoldStandard) {
  const Source gold = predicted("gold", {row(0, 1, 1, 0), row(1, 2, 3, 0), row(2, 4, 4, 0), row(3, 5, {}, 0), row(4, 6, 7, 0)});
  const std::vector<Source> sources{
      predicted("log", {row(0, 1, 1, 0), row(1, 2, 3, 0), row(2, 4, {}, 0), row(3, 5, 5, 0), row(4, 6, 8, 0)})};
  const Table table = predict_table(sources, gold);
  std::vector<std::string> shares;
  for (std::size_t i = 2; i < 7; ++i) shares.push_back(table.rows[0][i].text);
  EXPECT_EQ(shares, (std::vector<std::string>{"0.2000", "0.2000", "0.2000", "0.2000", "0.2000"}));
  const std::vector<Source> more{predicted("log", {row(9, 1, 1, 0)})};
  EXPECT_THROW(predict_table(more, gold), InputError);
}

TEST(Tables, HaveTheRadiiThatLogsWereCertifiedAt) {
  Source named = source("named", {row(0, 1, 1, 0.3)});
  named.settings.emplace();
  named.settings->method = procedure::NamedRadii{{}, {0.1, 0.3}};
  EXPECT_EQ(table_radii(std::vector<Source>{named}), (std::vector<double>{0.1, 0.3}));
  EXPECT_EQ(table_radii(std::vector<Source>{named, source("other", {row(0, 1, 1, 0.3)})}), (std::vector<double>{0, 0.25}));
}

// At 0.75 nothing was tried: that is no failure of the classifier. Where all n samples agree, more is not proved by any image.
TEST(Tables, TellWhatWasNotTestedAndWhatCannotBeProvedFromFailures) {
  Source named = source("named", {row(0, 1, 1, 0.5), row(1, 1, 1, 0.25)}), fixed = source("fixed", {row(0, 1, 1, 0.5), row(1, 1, 1, 0.9)});
  named.settings.emplace();
  named.settings->scale = 0.25;
  named.settings->method = procedure::NamedRadii{{}, {0, 0.25, 0.5}};
  fixed.settings.emplace();
  fixed.settings->scale = 0.25;
  fixed.settings->method = procedure::FixedSamples{};
  const Table table = accuracy_table(std::vector<Source>{named, fixed}, std::vector<double>{0.25, 0.3, 0.75, 1});
  std::vector<std::string> cells;
  for (const auto& line : table.rows) {
    for (std::size_t i = 2; i < line.size(); ++i) cells.push_back(line[i].text + line[i].mark);
  }
  EXPECT_EQ(cells, (std::vector<std::string>{"1.0000", "–", "–", "–", "1.0000", "1.0000", "0.5000", "0.0000†"}));
  EXPECT_FALSE(table.rows[0][4].best);
  EXPECT_NE(table.caption.find("– Not tested. † Above the largest radius"), std::string::npos) << table.caption;
  EXPECT_NE(to_markdown(table).find("| 0.0000† |\n"), std::string::npos) << to_markdown(table);
  EXPECT_NE(to_latex(table).find(" & -- & -- & -- \\\\"), std::string::npos) << to_latex(table);
  EXPECT_NE(to_latex(table).find("0.0000$^\\dagger$ \\\\"), std::string::npos) << to_latex(table);
  EXPECT_NE(to_csv(table).find(",1.0000,–,–,–,"), std::string::npos) << to_csv(table);
  EXPECT_NE(to_csv(table).find(",0.5000,0.0000,"), std::string::npos) << to_csv(table);  // a number stays one
  const Table bounds = bounds_table(std::vector<Source>{named, fixed}, std::vector<double>{0.25, 0.75}, &AccuracyBounds::inverted, {}, 0.1);
  EXPECT_EQ(bounds.rows[0][3].text, "–");
}

TEST(Tables, OfATerminalKeepTheirColumns) {
  Source fixed = source("fixed", {row(0, 1, 1, 0.5)});
  fixed.settings.emplace();
  fixed.settings->scale = 0.25;
  fixed.settings->method = procedure::FixedSamples{};
  EXPECT_EQ(printed_accuracy(fixed, std::vector<double>{0.5, 1, 2}),
            "radius                  0.5       1       2\n"
            "certified accuracy   1.0000  0.0000† 0.0000†\n"
            "† above 0.9528, the largest radius that this run can prove\n");
  fixed.settings->method = procedure::NamedRadii{{}, {0, 0.5}};
  EXPECT_EQ(printed_accuracy(fixed, std::vector<double>{0.5, 1, 0}),
            "radius                  0.5       1       0\n"
            "certified accuracy   1.0000       –  1.0000\n"
            "– not tested in this run\n");
}

TEST(Tables, SayOfWhatTheyAre) {
  Source one = source("one", {row(0, 1, 1, 0.5), row(20, 1, 1, 0.25)});
  one.manifest.emplace();
  one.manifest->add("data", "/home/me/fashion-mnist/");
  one.manifest->add("split", "test");
  one.manifest->add("images", std::uint64_t{100});
  one.manifest->add("model", "models/small.onnx");
  Source other = one;
  EXPECT_EQ(accuracy_table(std::vector<Source>{one, other}, std::vector<double>{0}).caption,
            "Certified accuracy by radius. fashion-mnist, test: 2 images of 100 (0 to 20, every 20th); model small.onnx.");
  other.manifest->entries.pop_back();
  other.manifest->add("model", "large.onnx");
  const Table table = accuracy_table(std::vector<Source>{one, other}, std::vector<double>{0});
  EXPECT_EQ(table.caption, "Certified accuracy by radius. fashion-mnist, test: 2 images of 100 (0 to 20, every 20th).");
  EXPECT_NE(to_csv(table).find(",\"fashion-mnist, test\",2,large.onnx,\r\n"), std::string::npos) << to_csv(table);
}

TEST(ImageGroups, HoldTheSameImagesWithTheSameLabelsOfTheSameData) {
  const auto of_data = [](Source source, const char* digest) {
    source.manifest.emplace();
    source.manifest->add("data_sha256", digest);
    return source;
  };
  const Source plain = source("plain", {row(0, 1, 1, 0.5), row(1, 2, 1, 0.5)});
  const std::vector<Source> sources{plain,
                                    of_data(plain, "aa"),
                                    of_data(plain, "bb"),
                                    source("shorter", {row(0, 1, 1, 0.5)}),
                                    source("labels", {row(0, 1, 1, 0.5), row(1, 3, 1, 0.5)}),
                                    of_data(plain, "bb")};
  EXPECT_EQ(image_groups(sources), (std::vector<std::size_t>{0, 0, 1, 2, 3, 1}));
}

TEST(Names, AreNeverTheSameTwice) {
  const std::vector<log::Record> rows{row(0, 1, 1, 0.5)};
  const std::vector<Source> sources{source("a/log", rows), source("b/log", rows), source("other", rows), source("b/log", rows)};
  EXPECT_EQ(names_of(sources), (std::vector<std::string>{"a/log", "b/log", "other", "b/log (2)"}));
}

TEST(Names, SayTheNoiseOfAFileThatIsNamedAfterIt) {
  EXPECT_EQ(scale_text(source("train_0.25_sigma_0.50.tsv", {})), "sigma 0.5");
  EXPECT_EQ(scale_text(source("log.tsv", {})), "");
}

// A file may be called anything; in a spreadsheet it stays a name.
TEST(Csv, HoldsNoTextThatASpreadsheetWouldCompute) {
  const std::vector<Source> sources{source("=1+1", {row(0, 1, 1, 0.5)}), source("+a", {row(0, 1, 1, 0.5)}),
                                    source("-b,c", {row(0, 1, 1, 0.5)}), source("@d", {row(0, 1, 1, 0.5)})};
  EXPECT_EQ(to_csv(accuracy_table(sources, std::vector<double>{0})),
            "log,noise,0,data,images,model,largest provable radius\r\n'=1+1,-,1.0000,,1,,\r\n'+a,-,1.0000,,1,,\r\n"
            "\"'-b,c\",-,1.0000,,1,,\r\n'@d,-,1.0000,,1,,\r\n");
}

TEST(Names, HoldNothingThatATerminalWouldDo) {
  const std::vector<Source> sources{source("a\x1b[2J\nb", {row(0, 1, 1, 0.5)})};
  EXPECT_EQ(names_of(sources), std::vector<std::string>{"a\\x1b[2J\\nb"});
}

}  // namespace
}  // namespace ballast::report::table_test
