// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/page.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ballast/report/accuracy.hpp"
#include "report/report_fixtures.hpp"

namespace ballast::report::page_test {
namespace {

using Json = nlohmann::json;

Json data_of(const std::vector<Source>& sources, PageContent content = {}) {
  content.version = "1.2.3";
  content.radii = {0, 0.5};
  return Json::parse(page_data(sources, content));
}

TEST(Page, HoldsEveryRowAndTheTablesRadii) {
  const std::vector<Source> sources{source("sigma_0.25.tsv", {row(0, 1, 1, 0.5), row(7, 1, {}, 0)}),
                                    predicted("predict", {row(0, 1, 2, 0)})};
  const Json data = data_of(sources);
  EXPECT_EQ(data["version"], 1);
  EXPECT_EQ(data["table_radii"], Json::parse("[0.0,0.5]"));
  ASSERT_EQ(data["logs"].size(), 2u);
  const Json& log = data["logs"][0];
  EXPECT_EQ(log["kind"], "certify");
  EXPECT_EQ(log["scale_name"], "sigma");
  EXPECT_EQ(log["scale"], 0.25);
  EXPECT_EQ(log["norm"], "l2");
  EXPECT_EQ(log["rows"]["idx"], Json::parse("[0,7]"));
  EXPECT_EQ(log["rows"]["predict"], Json::parse("[1,-1]"));
  EXPECT_EQ(log["rows"]["correct"], Json::parse("[1,0]"));
  EXPECT_TRUE(log["rows"]["samples"].is_null());
  EXPECT_TRUE(log["bounds"].is_null());
  EXPECT_EQ(data["logs"][1]["kind"], "predict");
  EXPECT_EQ(data["logs"][1]["predict_rates"]["wrong"], 1.0);
}

TEST(Page, HasBoundsWhereAlphaIsStated) {
  const std::vector<Source> sources{source("log", std::vector<log::Record>(200, row(0, 1, 1, 0.5)))};
  PageContent content;
  content.alpha = 0.001;
  const Json bounds = data_of(sources, content)["logs"][0]["bounds"];
  ASSERT_EQ(bounds["radius"].size(), bounds["inverted"].size());
  for (std::size_t i = 0; i < bounds["radius"].size(); ++i) {
    EXPECT_GE(bounds["inverted"][i].get<double>(), bounds["appendix_d"][i].get<double>());
    EXPECT_LE(bounds["inverted"][i].get<double>(), certified_accuracy(sources[0].log.rows, bounds["radius"][i].get<double>()));
  }
}

TEST(Page, LetsNoTextEndItsScript) {
  const std::string hostile = "</script><script>alert(1)</script><!--\xE2\x80\xA8";
  const std::vector<Source> sources{source(hostile, {row(0, 1, 1, 0.5)})};
  PageContent content;
  content.title = hostile;
  const std::string data = page_data(sources, content);
  EXPECT_EQ(data.find('<'), std::string::npos);
  EXPECT_EQ(data.find("\xE2\x80\xA8"), std::string::npos);
  EXPECT_EQ(Json::parse(data)["title"], hostile);
  const std::string html = page(sources, content);
  EXPECT_EQ(html.find("alert(1)</script>"), std::string::npos);
  EXPECT_NE(html.find(data), std::string::npos);
}

TEST(Page, SaysOfWhatALogIsAndHowFarItGoes) {
  Source named = source("named", {row(0, 1, 1, 0.5)});
  named.settings.emplace();
  named.settings->scale = 0.25;
  named.settings->method = procedure::NamedRadii{{}, {0, 0.5}};
  named.manifest.emplace();
  named.manifest->add("data", "/data/cifar10");
  named.manifest->add("model", "/models/small.onnx");
  const Json logs = data_of({named, source("other", {row(0, 1, 1, 0.5), row(1, 1, 1, 0.5)})})["logs"];
  EXPECT_EQ(logs[0]["data"], "cifar10");
  EXPECT_EQ(logs[0]["model"], "small.onnx");
  EXPECT_EQ(logs[0]["images"], "1 image (0)");
  EXPECT_EQ(logs[0]["radii_tested"], Json::parse("[0.0,0.5]"));
  EXPECT_EQ(logs[0]["provable_radius"], 0.5);
  EXPECT_EQ(logs[0]["image_group"], 0);
  EXPECT_EQ(logs[1]["image_group"], 1);
  EXPECT_TRUE(logs[1]["provable_radius"].is_null());
}

TEST(Page, JudgesPredictionsByAGoldStandard) {
  const Source gold = predicted("gold", {row(0, 1, 1, 0), row(1, 2, 3, 0)});
  PageContent content;
  content.gold = &gold;
  const Json data = data_of({predicted("log", {row(0, 1, 1, 0), row(1, 2, 2, 0)})}, content);
  EXPECT_EQ(data["gold"], "gold");
  EXPECT_EQ(data["logs"][0]["gold_rates"]["correct_inaccurate"], 0.5);
}

TEST(Page, SurvivesNamesThatAreNoUtf8) {
  const std::vector<Source> sources{source("\xFF\xFE.tsv", {row(0, 1, 1, 0.5)})};
  EXPECT_NO_THROW(data_of(sources));
}

TEST(Page, CarriesPicturesAsLinks) {
  const std::vector<Source> sources{source("log", {row(0, 1, 1, 0.5)})};
  PageContent content;
  content.pictures[0] = {.channels = 1, .clean = "abc", .noisy = {{"sigma 0.25", {"a", "ab"}}}};
  const Json images = data_of(sources, content)["images"];
  EXPECT_EQ(images["0"]["channels"], 1);
  EXPECT_EQ(data_of(sources, content)["logs"][0]["pictured"], true);
  content.pictured = {false};
  EXPECT_EQ(data_of(sources, content)["logs"][0]["pictured"], false);
  EXPECT_EQ(images["0"]["clean"], "data:image/png;base64,YWJj");
  EXPECT_EQ(images["0"]["noisy"]["sigma 0.25"], Json::parse(R"(["data:image/png;base64,YQ==","data:image/png;base64,YWI="])"));
}

}  // namespace
}  // namespace ballast::report::page_test
