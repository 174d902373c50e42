// SPDX-License-Identifier: Apache-2.0
//
// `ballast report`, `gallery` and `figure`.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::report_test {
namespace {

using Json = nlohmann::json;

class Report : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(succeeded(run(at.certify(at.log)))); }

  // The page's data.
  Json data() const {
    const std::string page = contents_of(out + "/report.html");
    const auto start = page.find('>', page.find("id=\"ballast-data\"")) + 1;
    return Json::parse(page.substr(start, page.find('<', start) - start));
  }
  bool has(const std::string& name) const { return std::filesystem::exists(out + "/" + name); }
  static bool has_gnuplot() { return std::system("command -v gnuplot >/dev/null 2>&1") == 0; }

  Fixture at;
  std::string out = at.folder / "out";
};

TEST_F(Report, WritesAPageTablesAndFigures) {
  const Outcome outcome = run({"report", at.log, "--out", out, "--radii", "0,0.25,0.5"});
  ASSERT_TRUE(succeeded(outcome));
  for (const char* file : {"report.html", "accuracy.md", "accuracy.tex", "accuracy.csv", "bounds.md", "accuracy.gp"})
    EXPECT_TRUE(has(file)) << file;
  if (has_gnuplot()) {
    for (const char* file : {"accuracy.svg", "accuracy.pdf", "accuracy.png", "bounds.svg"}) EXPECT_TRUE(has(file)) << file;
  }
  const Json log = data()["logs"][0];
  EXPECT_EQ(log["rows"]["idx"].size(), 40u);
  EXPECT_EQ(log["alpha"], 0.001);
  EXPECT_EQ(log["n"], 1000);
  EXPECT_EQ(log["manifest"]["method"], "certify");
  EXPECT_NE(log["command"].get<std::string>().find("ballast certify"), std::string::npos);
  // The table is that of summary.
  const std::string summary = run({"summary", at.log, "--radii", "0,0.25,0.5"}).out, table = contents_of(out + "/accuracy.csv");
  const std::string first = table.substr(table.find("\r\n") + 2);
  for (const std::string& cell : {first.substr(first.find("0.25,") + 5, 6)}) EXPECT_NE(summary.find(cell), std::string::npos) << first;
}

// What was not tried has not failed: not in the table, not in the figure, not in the summary.
TEST_F(Report, ShowsADashAtRadiiThatWereNotTested) {
  const std::string staged = at.folder / "staged.tsv";
  ASSERT_TRUE(succeeded(run({"certify", at.model, at.images, staged, "--sigma", "0.25", "--n", "1000", "--radii", "0,0.25", "--quiet"})));
  ASSERT_TRUE(succeeded(run({"report", staged, at.log, "--out", out, "--radii", "0,0.25,0.5,9"})));
  const std::string table = contents_of(out + "/accuracy.md");
  EXPECT_NE(table.find("| \u2013 | \u2013 |"), std::string::npos) << table;
  EXPECT_NE(table.find("| 0.0000\u2020 |"), std::string::npos) << table;
  EXPECT_EQ(data()["logs"][0]["radii_tested"], Json::parse("[0.0,0.25]"));
  EXPECT_GT(data()["logs"][1]["provable_radius"], 0.25);
  const std::string summary = run({"summary", staged, "--radii", "0.25,0.5"}).out;
  EXPECT_NE(summary.find("       \u2013\n\u2013 not tested in this run"), std::string::npos) << summary;
  EXPECT_TRUE(refused(at.folder, {"summary", "--paired", staged, at.log, "--radii", "0.5"}, "was not certified at this radius"));
  EXPECT_EQ(run({"summary", "--paired", staged, at.log}).out.find("       0.5"), std::string::npos);
}

TEST_F(Report, GivesLogsOfDifferentImagesATableEachAndSaysSo) {
  const std::string fewer = at.folder / "fewer.tsv";
  ASSERT_TRUE(succeeded(run({"certify", at.model, at.images, fewer, "--sigma", "0.25", "--n", "1000", "--max", "7", "--quiet"})));
  const Outcome outcome = run({"report", at.log, fewer, "--out", out});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.err.find("different sets of images"), std::string::npos) << outcome.err;
  EXPECT_NE(contents_of(out + "/accuracy.md").find("40 images"), std::string::npos) << contents_of(out + "/accuracy.md");
  EXPECT_NE(contents_of(out + "/accuracy-2.md").find("7 images of "), std::string::npos) << contents_of(out + "/accuracy-2.md");
  EXPECT_EQ(contents_of(out + "/accuracy.md").find("**"), std::string::npos);
  EXPECT_TRUE(has("accuracy-2.gp"));
  EXPECT_EQ(data()["logs"][1]["image_group"], 1);
}

TEST_F(Report, CallsACurveWhatItIsTold) {
  ASSERT_TRUE(succeeded(run({"report", "ours=" + at.log, at.log, "--out", out})));
  EXPECT_EQ(data()["logs"][0]["name"], "ours");
  EXPECT_NE(contents_of(out + "/accuracy.gp").find("title 'ours'"), std::string::npos);
  EXPECT_NE(contents_of(out + "/accuracy.csv").find("\r\nours,"), std::string::npos);
  EXPECT_TRUE(refused(at.folder, {"report", "=" + at.log, "--out", out}, "a name is missing before '='"));
  EXPECT_TRUE(refused(at.folder, {"report", "ours=" + at.log + "x", "--out", out}, at.log + "x"));
}

TEST_F(Report, IsTheSameEachTime) {
  ASSERT_TRUE(succeeded(run({"report", at.log, "--out", out})));
  const std::string page = contents_of(out + "/report.html");
  ASSERT_TRUE(succeeded(run({"report", at.log, "--out", out})));
  EXPECT_EQ(contents_of(out + "/report.html"), page);
}

TEST_F(Report, ShowsImagesAndTheirNoisyVersions) {
  ASSERT_TRUE(succeeded(run({"report", at.log, "--out", out, "--images", at.images, "--pictures", "3"})));
  const Json images = data()["images"];
  ASSERT_EQ(images.size(), 3u);
  EXPECT_TRUE(images.begin().value()["clean"].get<std::string>().starts_with("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_EQ(images.begin().value()["noisy"]["0.25"].size(), 3u);
}

TEST_F(Report, ShowsWhatAnAttackMadeOfAnImage) {
  const std::string folder = at.folder / "attacked";
  std::filesystem::create_directory(folder);
  const auto images = sample_images();
  std::string pixels(images.pixels.begin() + 5 * 64, images.pixels.begin() + 6 * 64);
  pixels[7] = static_cast<char>(static_cast<unsigned char>(pixels[7]) < 128 ? pixels[7] + 51 : pixels[7] - 51);  // a fifth of the range
  write_file(folder + "/5.png", "P5 8 8 255\n" + pixels);  // told by its bytes, not by its name
  ASSERT_TRUE(succeeded(run({"report", at.log, "--out", out, "--images", at.images, "--pictures", "3", "--attacked", folder})));
  const Json shown = data()["images"];
  ASSERT_EQ(shown.size(), 3u);
  EXPECT_NEAR(shown["5"]["attacked"]["distance"].get<double>(), 0.2, 1e-6);
  EXPECT_TRUE(shown["5"]["attacked"]["picture"].get<std::string>().starts_with("data:image/png;base64,"));
  for (const auto& [index, entry] : shown.items()) EXPECT_EQ(entry["attacked"].is_null(), index != "5");

  EXPECT_TRUE(complained(run({"report", at.log, "--out", out, "--attacked", folder}), 2, "--attacked: goes with --images"));
  write_file(folder + "/6.png", "P5 4 4 255\n" + pixels.substr(0, 16));
  EXPECT_TRUE(complained(run({"report", at.log, "--out", out, "--images", at.images, "--attacked", folder}), 2, "6.png: is 1x4x4"));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  EXPECT_TRUE(complained(run({"report", at.log, "--out", out, "--images", at.images, "--attacked", folder}), 2, "holds no INDEX.png"));
}

// Image 3 of one data set is not image 3 of another.
TEST_F(Report, ShowsNoPicturesOfOtherData) {
  const std::string other = at.folder / "other-images-idx3-ubyte", log = at.folder / "other.tsv";
  auto images = sample_images();
  images.labels.pop_back();
  images.pixels.resize(64 * images.labels.size());
  write_file(other, idx_images(images));
  write_file(at.folder / "other-labels-idx1-ubyte", idx_labels(images));
  ASSERT_TRUE(succeeded(run({"certify", at.model, other, log, "--sigma", "0.25", "--n", "1000", "--quiet"})));
  const Outcome outcome = run({"report", at.log, log, "--out", out, "--images", at.images, "--pictures", "3"});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.err.find("other.tsv: is of other data than --images"), std::string::npos) << outcome.err;
  EXPECT_EQ(data()["logs"][0]["pictured"], true);
  EXPECT_EQ(data()["logs"][1]["pictured"], false);
}

TEST_F(Report, VariesAlphaAndSamplesFromOneLog) {
  ASSERT_TRUE(succeeded(run({"report", at.log, "--out", out, "--vary-alpha", "0.1,0.001,0.00001"})));
  ASSERT_EQ(data()["logs"].size(), 3u);
  EXPECT_GE(data()["logs"][0]["mean_radius"], data()["logs"][2]["mean_radius"]);
  ASSERT_TRUE(succeeded(run({"report", at.log, "--out", out, "--vary-n", "100,1000"})));
  EXPECT_EQ(data()["logs"][1]["illustration"], true);
  EXPECT_LT(data()["logs"][0]["mean_radius"], data()["logs"][1]["mean_radius"]);
  EXPECT_TRUE(refused(at.folder, {"report", at.log, "--out", out, "--vary-n", "100", "--vary-alpha", "0.1"}, "do not go together"));
  EXPECT_TRUE(refused(at.folder, {"report", at.log, "--out", out, "--vary-n", "100,1001"}, "--vary-n 1001: only 1000 samples were drawn"));
}

TEST_F(Report, JudgesPredictByAGoldStandard) {
  const std::string few = at.folder / "few", many = at.folder / "many";
  ASSERT_TRUE(succeeded(run({"predict", at.model, at.images, few, "--sigma", "0.25", "--n", "100", "--quiet"})));
  ASSERT_TRUE(succeeded(run({"predict", at.model, at.images, many, "--sigma", "0.25", "--n", "10000", "--quiet"})));
  ASSERT_TRUE(succeeded(run({"report", few, many, "--gold", many, "--out", out})));
  const std::string table = contents_of(out + "/predict.csv");
  EXPECT_NE(table.find("\"correct, accurate\""), std::string::npos) << table;
  EXPECT_FALSE(has("accuracy.csv"));
  EXPECT_EQ(data()["gold"], "many");
  EXPECT_EQ(data()["logs"][1]["gold_rates"]["correct_inaccurate"], 0.0);
  EXPECT_TRUE(refused(at.folder, {"report", at.log, "--gold", many, "--out", at.folder / "new"}, "--gold judges logs of predict"));
}

TEST_F(Report, RefusesWhatIsNoLogWithFileAndRow) {
  const std::string bad = at.folder / "bad";
  const std::string header = "idx\tlabel\tpredict\tradius\tcorrect\ttime\n";
  for (const std::string& text : {std::string("<!doctype html><html>\n"), header + "0\t1\t1\n1\t1\t1\t0.5\t1\t1\n",
                                  header + "0\t1\t1\tnan\t1\t0:00:01\n", header + "0\t1\tone\t0.1\t1\t0:00:01\n"}) {
    write_file(bad, text);
    EXPECT_TRUE(refused(at.folder, {"report", at.log, bad, "--out", at.folder / "new"}, "bad, line "));
  }
}

TEST_F(Report, RefusesAFolderThatCannotBeMade) {
  EXPECT_TRUE(refused(at.folder, {"report", at.log, "--out", at.log + "/inside"}, "is not a folder"));
}

TEST_F(Report, GalleryIsOnePng) {
  const std::string picture = at.folder / "gallery.png";
  for (const Arguments& more : {Arguments{}, Arguments{"--resolution"}}) {
    Arguments arguments{"gallery", at.images, "--sigma", "0,0.5", "--out", picture, "--max", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ASSERT_TRUE(succeeded(run(arguments)));
    EXPECT_TRUE(contents_of(picture).substr(1).starts_with("PNG"));
  }
  EXPECT_TRUE(refused(at.folder, {"gallery", at.images, "--out", picture, "--sigma", "-1"}, "--sigma"));
  EXPECT_TRUE(refused(at.folder, {"gallery", at.folder / "nothing", "--out", picture}, "nothing"));
  EXPECT_TRUE(
      refused(at.folder, {"gallery", at.images, "--out", at.folder / "a.jpg"}, "a gallery is a PNG; name it " + (at.folder / "a.png")));
  EXPECT_TRUE(refused(at.folder, {"gallery", at.images, "--out", at.folder / "a.JPEG"}, "a gallery is a PNG"));
}

TEST_F(Report, FiguresOfTheTheoryAreDrawnByName) {
  for (const char* name : {"theorem1", "theorem2", "linear", "guarantees"}) {
    const std::string file = at.folder / name;
    ASSERT_TRUE(succeeded(run({"figure", name, "--out", file}))) << name;
    EXPECT_TRUE(std::filesystem::exists(file + ".gp")) << name;
    if (has_gnuplot()) EXPECT_TRUE(std::filesystem::exists(file + ".svg")) << name;
  }
  const std::string named = at.folder / "named.svg";
  ASSERT_TRUE(succeeded(run({"figure", "linear", "--out", named})));
  EXPECT_TRUE(std::filesystem::exists(at.folder / "named.gp"));
  if (has_gnuplot()) EXPECT_TRUE(contents_of(named).starts_with("<?xml"));
  EXPECT_TRUE(refused(at.folder, {"figure", "theorem9", "--out", at.folder / "x"}, "theorem9"));
  EXPECT_TRUE(refused(at.folder, {"figure", "theorem1", "--out", at.folder / "x", "--p-a", "0.3", "--p-b", "0.4"}, "p_a and p_b"));
}

}  // namespace
}  // namespace ballast::cli::testing::report_test
