// SPDX-License-Identifier: Apache-2.0
//
// Deterministic bounds from the command line.

#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::verify_test {
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

TEST_F(Verify, IsHeldAgainstItsModelByTheAudit) {
  ASSERT_TRUE(succeeded(run(verify())));
  const Arguments against{"audit", at.log, "--model", at.model, "--data", at.images, "--rows", "40", "--quiet"};
  EXPECT_EQ(run(against).status, 0);
  EXPECT_NE(run({"audit", at.log}).out.find("its radii were not computed again"), std::string::npos);
  auto table = table_of(at.log);
  const auto certified = std::find_if(table.begin() + 1, table.end(), [](const Cells& cells) { return cells[3] > "0.01"; });
  ASSERT_NE(certified, table.end());
  (*certified)[3] = "1.500000";
  std::string text;
  for (const Cells& cells : table) {
    for (std::size_t i = 0; i < cells.size(); ++i) text += (i ? "\t" : "") + cells[i];
    text += "\n";
  }
  write_file(at.log, text);
  EXPECT_EQ(run({"audit", at.log}).status, 0);  // nothing in the log itself says so
  const Outcome found = run(against);
  EXPECT_EQ(found.status, 1);
  EXPECT_NE(found.out.find("radius 1.5 of class"), std::string::npos) << found.out;
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

TEST_F(Verify, CertifiesByACascadeWhatAllModelsAnswer) {
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
    // The constant model certifies class 0 everywhere, so the cascade answers that or what the first model certifies; and only where both
    // answer 0 is anything certified.
    const std::string given = certified ? label : "0", radius = label == "0" ? "0.300000" : "0.000000", right = given == label ? "1" : "0";
    EXPECT_EQ(together[i], (Cells{alone[i][0], label, given, radius, right, certified ? "1" : "2"})) << i;
  }
  EXPECT_GT(first, 2);
  EXPECT_GT(second, 5);
  const auto manifest = nlohmann::json::parse(contents_of(cascade + ".json"));
  EXPECT_EQ(manifest.at("models"), 2);
  EXPECT_EQ(manifest.at("model_2"), constant);
  EXPECT_NE(run({"summary", cascade}).out.find("a cascade of 2 classifiers"), std::string::npos);
  EXPECT_TRUE(succeeded(run({"audit", cascade})));
  const Outcome looser = run({"verify", at.model, at.images, cascade, "--radius", "0.3", "--cascade", constant});
  EXPECT_NE(looser.out.find("cascade accuracy of Wong et al., not a certificate: "), std::string::npos) << looser.out;
  // Attacks on either model are judged by the cascade, which leaves no certified class for another.
  const std::string attacked = at.folder / "attack.tsv";
  EXPECT_TRUE(
      refused(at.folder, {"attack", at.model, at.images, attacked, "--against", cascade}, "its certificates are of 2 models together"));
  ASSERT_TRUE(succeeded(run({"attack", at.model, at.images, attacked, "--against", cascade, "--cascade", constant, "--quiet"})));
  EXPECT_GE(rows_of(attacked).size(), 3u);
  EXPECT_TRUE(succeeded(run({"audit", attacked})));
  // Held against its models, and against others.
  const Outcome again = run({"audit", cascade, "--model", at.model, "--cascade", constant, "--data", at.images, "--rows", "40", "--quiet"});
  EXPECT_EQ(again.status, 0) << again.out << again.err;
  EXPECT_NE(again.out.find("40 rows computed again"), std::string::npos) << again.out;
  EXPECT_TRUE(refused(at.folder, {"audit", cascade, "--model", constant, "--cascade", at.model, "--data", at.images},
                      "not the models of this log"));
  // Of a version that took the first certifier's word for the cascade's.
  auto old = manifest;
  old.erase("cascade");
  write_file(cascade + ".json", old.dump(2));
  EXPECT_TRUE(refused(at.folder, {"summary", cascade}, "of an earlier version"));
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
}  // namespace ballast::cli::testing::verify_test
