// SPDX-License-Identifier: Apache-2.0
//
// Deterministic bounds from the command line.

#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing {
namespace {

class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run({"verify", "--help"}).out.find("not in this build") != std::string::npos) GTEST_SKIP() << "this build has no LibTorch";
  }

  Arguments verify(const Arguments& more = {}) const {
    Arguments arguments{"verify", at.model, at.images, at.log, "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  Fixture at;
};

TEST_F(Verify, WritesALogThatTheOthersRead) {
  for (const char* method : {"crown", "wong", "lipschitz", "ibp", "sdp-crown"}) {
    std::filesystem::remove(at.log);
    ASSERT_TRUE(succeeded(run(verify({"--method", method}))));
    EXPECT_EQ(lines_of(contents_of(at.log))[0], "idx\tlabel\tpredict\tradius\tcorrect\ttime");
    EXPECT_EQ(rows_of(at.log).size(), SampleImages::count + 1);
    EXPECT_EQ(nlohmann::json::parse(contents_of(at.log + ".json")).at("verifier"), method);
    EXPECT_TRUE(succeeded(run({"audit", at.log})));
    EXPECT_NE(run({"summary", at.log}).out.find(std::string(method) + ", a deterministic bound"), std::string::npos);
    EXPECT_TRUE(succeeded(run({"report", at.log, "--out", at.folder / "report"})));
    EXPECT_TRUE(refused(at.folder, {"recertify", at.log, "--out", at.folder / "other", "--alpha", "0.1"}, "no votes"));
  }
}

TEST_F(Verify, TestsOneRadiusAsItSearchesForTheLargest) {
  ASSERT_TRUE(succeeded(run(verify())));
  const auto searched = rows_of(at.log);
  std::filesystem::remove(at.log);
  ASSERT_TRUE(succeeded(run(verify({"--radius", "0.05"}))));
  const auto tested = rows_of(at.log);
  ASSERT_EQ(searched.size(), tested.size());
  for (std::size_t i = 1; i < tested.size(); ++i) {
    if (std::stod(searched[i][3]) >= 0.0501) EXPECT_EQ(tested[i][3], "0.050000") << i;
    EXPECT_TRUE(tested[i][3] == "0.050000" || tested[i][3] == "0.000000") << tested[i][3];
  }
}

TEST_F(Verify, ContinuesALogAndRefusesAnother) {
  ASSERT_TRUE(succeeded(run(verify())));
  const auto whole = rows_of(at.log);
  const auto lines = lines_of(contents_of(at.log));
  write_file(at.log, lines[0] + "\n" + lines[1] + "\n" + lines[2] + "\n");
  ASSERT_TRUE(succeeded(run(verify())));
  EXPECT_EQ(rows_of(at.log), whole);
  EXPECT_TRUE(refused(at.folder, verify({"--method", "wong"}), "belongs to another run"));
}

TEST_F(Verify, AsksACascadeInItsOrder) {
  const std::string constant = at.folder / "constant.onnx", cascade = at.folder / "cascade.tsv";
  write_file(constant, constant_model());
  ASSERT_TRUE(succeeded(run(verify({"--radius", "0.3"}))));
  ASSERT_TRUE(succeeded(run({"verify", at.model, at.images, cascade, "--quiet", "--radius", "0.3", "--cascade", constant})));
  const auto alone = rows_of(at.log), together = rows_of(cascade);
  ASSERT_EQ(together.size(), SampleImages::count + 1);
  int first = 0, second = 0;
  for (std::size_t i = 1; i < together.size(); ++i) {
    const std::string &label = alone[i][1], &answer = alone[i][2];
    if (answer != label) continue;  // certified as that or not: the log of the one model does not say
    const bool certified = alone[i][3] == "0.300000";
    ++(certified ? first : second);
    if (certified) EXPECT_EQ(together[i], alone[i]) << i;
    else EXPECT_EQ(together[i], (Cells{alone[i][0], label, "0", label == "0" ? "0.300000" : "0.000000", label == "0" ? "1" : "0"})) << i;
  }
  EXPECT_GT(first, 2);
  EXPECT_GT(second, 5);
  const auto manifest = nlohmann::json::parse(contents_of(cascade + ".json"));
  EXPECT_EQ(manifest.at("models"), 2);
  EXPECT_EQ(manifest.at("model_2"), constant);
  EXPECT_NE(run({"summary", cascade}).out.find("a cascade of 2 classifiers"), std::string::npos);
  EXPECT_TRUE(succeeded(run({"audit", cascade})));
  EXPECT_TRUE(refused(at.folder, {"attack", at.model, at.images, at.folder / "attack.tsv", "--against", cascade}, "several models"));
  EXPECT_TRUE(refused(at.folder, verify({"--cascade", constant}), "--cascade needs --radius"));
}

// Images 1x8x8, ten convolutions of 64 filters: minutes an image by lines.
std::string deep_model() {
  constexpr std::int64_t filters = 64;
  ModelWriter model({1, 8, 8});
  for (int layer = 0; layer < 10; ++layer) {
    const std::int64_t channels = layer == 0 ? 1 : filters;
    const std::vector<float> weights(static_cast<std::size_t>(filters * channels * 9), 0.01f);
    set_list(model.add("Conv", {{{filters, channels, 3, 3}, weights}}), "pads", {1, 1, 1, 1});
    model.add("Relu");
  }
  model.add("GlobalAveragePool");
  model.add("Flatten");
  model.add("Gemm", {{{filters, 3}, std::vector<float>(3 * filters, 0.1f)}});
  return model.bytes(3);
}

TEST_F(Verify, SaysAtOnceThatAnImageWouldTakeTooLong) {
  const std::string deep = at.folder / "deep.onnx";
  write_file(deep, deep_model());
  ASSERT_TRUE(succeeded(run(verify())));  // a log of another model, which is refused once the model is let in
  const auto with_model = [&](const Arguments& more) {
    Arguments arguments = verify(more);
    arguments[1] = deep;
    return arguments;
  };
  for (const char* method : {"crown", "wong", "sdp-crown"}) {
    EXPECT_TRUE(refused(at.folder, with_model({"--method", method}), std::string("by ") + method + " an image would take about"));
    EXPECT_TRUE(refused(at.folder, with_model({"--method", method, "--patient"}), "belongs to another run"));
  }
  for (const char* method : {"ibp", "lipschitz"})
    EXPECT_TRUE(refused(at.folder, with_model({"--method", method}), "belongs to another run"));
  EXPECT_TRUE(refused(at.folder, with_model({"--radius", "0.1"}), "belongs to another run"));  // one bound, not a search
}

TEST_F(Verify, RefusesWhatIsNotAllowed) {
  EXPECT_TRUE(refused(at.folder, verify({"--method", "magic"}), "crown, wong, lipschitz, ibp, sdp-crown"));
  EXPECT_TRUE(refused(at.folder, verify({"--radius", "0"}), "--radius 0: must be above 0"));
  EXPECT_TRUE(refused(at.folder, verify({"--tolerance", "1"}), "--tolerance 1"));
  EXPECT_TRUE(refused(at.folder, verify({"--radius", "1", "--most", "1"}), "--most goes with"));
}

}  // namespace
}  // namespace ballast::cli::testing
