// SPDX-License-Identifier: Apache-2.0
//
// Arguments that are not allowed: exit status 2, one line, nothing written.

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::bad_argument_test {
namespace {

struct Case {
  std::string option, value, words;
};

class BadArgument : public ::testing::Test {
 protected:
  void certify_refuses(const Case& bad) {
    EXPECT_TRUE(refused(at.folder, with(at.certify(at.log), bad.option, bad.value), bad.words))
        << "certify " << bad.option << " " << bad.value;
  }
  void predict_refuses(const Case& bad) {
    const Arguments arguments{"predict", at.model, at.images, at.log, "--sigma", "0.25", "--n", "500", "--quiet"};
    EXPECT_TRUE(refused(at.folder, with(arguments, bad.option, bad.value), bad.words)) << "predict " << bad.option << " " << bad.value;
  }
  void both_refuse(const std::vector<Case>& cases) {
    for (const Case& bad : cases) {
      certify_refuses(bad);
      predict_refuses(bad);
    }
  }
  Fixture at;
};

TEST_F(BadArgument, Sigma) {
  std::vector<Case> cases;
  for (const char* value : {"0", "-0.25", "nan", "inf", "-inf", "1e-300", "1e300", "much", ""})
    cases.push_back({"--sigma", value, "sigma"});
  both_refuse(cases);
  for (const char* value : {"-0.25", "nan", "inf"}) {
    EXPECT_TRUE(refused(at.folder, {"evaluate", at.model, at.images, "--quiet", "--sigma", value}, "sigma"));
    EXPECT_TRUE(refused(at.folder, {"bench", at.model, "--seconds", "0.1", "--sigma", value}, "sigma"));
  }
  EXPECT_TRUE(refused(at.folder, {"certify", at.model, at.images, at.log}, "--sigma is required"));
}

TEST_F(BadArgument, Alpha) {
  for (const char* value : {"0", "1", "-1", "2", "nan", "inf", "small"}) both_refuse({{"--alpha", value, "alpha"}});
}

// 2^-9 > 0.001 > 2^-10; the two-sided test needs one more.
TEST_F(BadArgument, TooFewSamplesEverToAnswerNamingTheLeast) {
  certify_refuses({"--n", "9", "at least n = 10 samples"});
  predict_refuses({"--n", "10", "at least n = 11 samples"});
  both_refuse({{"--n", "1", "at least n = "}, {"--n", "0", "at least n = "}});
  certify_refuses({"--alpha", "1e-302", "at least n = 1004 samples"});
}

TEST_F(BadArgument, JustEnoughSamplesAreAllowed) {
  EXPECT_TRUE(succeeded(run(with(at.certify(at.log, {"--max", "1"}), "--n", "10"))));
  EXPECT_TRUE(
      succeeded(run({"predict", at.model, at.images, at.folder / "predict", "--sigma", "0.25", "--n", "11", "--max", "1", "--quiet"})));
}

TEST_F(BadArgument, NumbersOfSamples) {
  certify_refuses({"--n0", "0", "n0 = 0"});
  both_refuse({{"--n", "-5", "n"}, {"--n", "many", "--n"}, {"--n", "1000.5", "--n"}});
  certify_refuses({"--n0", "-5", "n0"});
}

TEST_F(BadArgument, MoreSamplesThanTheNoiseCanNumber) {
  both_refuse({{"--n", "4294967297", "4294967296"}, {"--n", "18446744073709551616", "n"}});
  certify_refuses({"--n0", "4294967297", "4294967296"});
}

TEST_F(BadArgument, Seed) {
  both_refuse({{"--seed", "-1", "--seed"}, {"--seed", "18446744073709551616", "--seed"}, {"--seed", "x", "--seed"}});
}

TEST_F(BadArgument, ImageRange) {
  const std::vector<Case> cases{{"--start", "40", "0 to 39 are allowed"},
                                {"--start", "-1", "start = -1"},
                                {"--skip", "0", "skip = 0"},
                                {"--skip", "-1", "skip = -1"},
                                {"--max", "0", "max = 0"},
                                {"--max", "-2", "max = -2"}};
  both_refuse(cases);
  for (const Case& bad : cases)
    EXPECT_TRUE(refused(at.folder, {"evaluate", at.model, at.images, "--quiet", bad.option, bad.value}, bad.words));
}

TEST_F(BadArgument, OptionsOfTheModel) {
  both_refuse({{"--threads", "-1", "threads = -1"},
               {"--threads", "1000000", "threads = 1000000"},
               {"--precision", "fp8", "{auto,fp32,bf16,fp16,int8}"},
               {"--engine", "gpu", "{onednn,aten}"},
               {"--layout", "flat-ish", "--layout"},
               {"--input-scale", "0", "input scale = 0"},
               {"--input-scale", "nan", "--input-scale"},
               {"--mean", "0.1,0.2", "mean has 2 values"},
               {"--std", "0", "std = 0"}});
}

TEST_F(BadArgument, OptionsOfTheData) {
  both_refuse({{"--split", "validation", "{test,train}"}, {"--noise", "salt", "{auto,grid,gaussian,uniform,laplace,split}"}});
}

TEST_F(BadArgument, Bf16OnAProcessorWithoutIt) {
  const Arguments arguments = at.certify(at.log, {"--precision", "bf16"});
  const Surroundings old_processor{.environment = {{"ONEDNN_MAX_CPU_ISA", "AVX2"}, {"DNNL_MAX_CPU_ISA", "AVX2"}}};
  const auto before = at.folder.snapshot();
  const Outcome outcome = run(arguments, old_processor);
  if (outcome.status == 0) GTEST_SKIP() << "this oneDNN cannot be told to be an older processor's";
  EXPECT_TRUE(complained(outcome, 2, "does not multiply bf16; use fp32 or auto"));
  EXPECT_EQ(at.folder.snapshot(), before);
}

TEST_F(BadArgument, LibTorchPartsWithoutLibTorch) {
  if (run({"train", "--help"}).out.find("not in this build") == std::string::npos) GTEST_SKIP() << "this build has LibTorch";
  both_refuse({{"--engine", "aten", "this build has no LibTorch"}});
  EXPECT_TRUE(refused(at.folder, {"train", at.images, "mlp", at.folder / "new.onnx", "--sigma", "0.25"}, "this build has no LibTorch"));
}

TEST_F(BadArgument, PlacesForTheLog) {
  std::filesystem::create_directory(at.folder / "folder");
  EXPECT_TRUE(refused(at.folder, at.certify(at.folder / "folder"), "is a folder"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.folder / "nowhere/log"), "No such file or directory"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.model + "/log"), "Not a directory"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.folder / std::string(300, 'a')), "name too long"));
  EXPECT_TRUE(refused(at.folder, at.certify(""), "cannot be written"));
}

TEST_F(BadArgument, PlacesForTheLogits) {
  std::filesystem::create_directory(at.folder / "folder");
  for (const std::string& place : {at.folder / "folder", at.folder / "nowhere/logits.npy"}) {
    EXPECT_TRUE(refused(at.folder, {"evaluate", at.model, at.images, "--quiet", "--logits", place}, place));
  }
}

// What is read, and what only bears a name that is wanted, stays.
TEST_F(BadArgument, PlacesWhereAnotherFileIs) {
  const std::string other = at.folder / "other.onnx", names = at.folder / "names.json", picture = at.folder / "labels.png";
  write_file(other, contents_of(at.model));
  write_file(names, "[\"a\", \"b\", \"c\"]");
  write_file(picture, "no picture");
  EXPECT_TRUE(refused(at.folder, with(at.certify(at.folder / "names"), "--class-names", names), "names.json: is there already"));
  EXPECT_TRUE(refused(at.folder, {"predict", at.model, at.images, at.folder / "names", "--sigma", "0.25"}, "names.json: is there already"));
  EXPECT_TRUE(refused(at.folder, {"evaluate", at.model, at.images, "--quiet", "--logits", at.model}, "is read"));
  EXPECT_TRUE(refused(at.folder, {"evaluate", at.model, at.images, "--quiet", "--logits", at.images}, "is read"));
  EXPECT_TRUE(refused(at.folder, {"compose", "ensemble", at.model, other, "--out", other}, "is read"));
  EXPECT_TRUE(refused(at.folder, {"compose", "half", other, other}, "is read"));
  EXPECT_TRUE(refused(at.folder, {"compose", "pool2", other, other}, "is read"));
  const std::string labels = at.folder / "t10k-labels-idx1-ubyte";  // which are read with the images
  EXPECT_TRUE(refused(at.folder, {"evaluate", at.model, at.images, "--quiet", "--logits", labels}, "is no NumPy array"));
  EXPECT_TRUE(refused(at.folder, {"compose", "half", other, labels}, "is no ONNX model"));
  std::filesystem::create_directory(at.folder / "pictures");
  write_file(at.folder / "pictures/one.png", contents_of(at.folder / "labels.png"));
  EXPECT_TRUE(refused(at.folder, {"gallery", at.folder / "pictures", "--out", at.folder / "pictures/one.png"}, "is read"));
  EXPECT_TRUE(refused(at.folder, {"gallery", at.images, "--max", "1", "--out", picture}, "is no PNG"));
  ASSERT_TRUE(succeeded(run(at.certify(at.log))));
  EXPECT_TRUE(refused(at.folder, {"merge", at.log, "--out", at.folder / "names"}, "names.json: is there already"));
  EXPECT_TRUE(refused(at.folder, {"recertify", at.log, "--out", at.folder / "names", "--alpha", "0.01"}, "names.json: is there already"));
}

// What audit would refuse to compute is not certified.
TEST_F(BadArgument, TestsThatNobodyWouldWaitFor) {
  for (const Arguments& options : {Arguments{"--radii", "0,0.1,0.2,0.3"}, Arguments{"--tolerance", "0.1"}}) {
    Arguments arguments = at.certify(at.log, options);
    *(std::find(arguments.begin(), arguments.end(), "--n") + 1) = "20000001";
    EXPECT_TRUE(refused(at.folder, arguments, "n is 20000001; to compute")) << options[0];
  }
}

TEST_F(BadArgument, FewerSamplesThanTheFirstStageOfATolerance) {
  Arguments arguments = at.certify(at.log, {"--tolerance", "0.1"});
  *(std::find(arguments.begin(), arguments.end(), "--n") + 1) = "50";
  EXPECT_TRUE(refused(at.folder, arguments, "n is 50; it must be above 300"));
}

TEST_F(BadArgument, UnknownWords) {
  EXPECT_TRUE(refused(at.folder, {}, "subcommand"));
  EXPECT_TRUE(refused(at.folder, {"certifly", at.model}, "there is no command 'certifly'; is certify meant?"));
  EXPECT_TRUE(refused(at.folder, {"xyz", at.model}, "there is no command 'xyz' (ballast --help"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.log, {"--sgima", "1"}), "certify: there is no option --sgima; is --sigma meant?"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.log, {"--tolerence=0.1"}), "there is no option --tolerence; is --tolerance meant?"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.log, {"--purple", "1"}), "there is no option --purple (ballast certify --help)"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.log, {"more"}), "certify: 'more' is one argument too many"));
  EXPECT_TRUE(refused(at.folder, {"certify", at.model, at.images}, "LOG is required"));
  EXPECT_TRUE(refused(at.folder, at.certify(at.log, {"--alpha"}), "--alpha"));
}

// One rule for all numbers of all commands.
TEST_F(BadArgument, NumbersAreDecimalAndFinite) {
  for (const char* value : {"0x10", "1e400", "-1e400", "1e", "1,5", "0x1p-2", "٣"}) certify_refuses({"--sigma", value, "--sigma"});
  for (const char* value : {"0x10", "010", "1e", "1e-3", "1.5", "1.2345k", "1K", "k", "1e30", "99999999999999999999", "+1"}) {
    certify_refuses({"--threads", value, "--threads"});
    certify_refuses({"--max", value, "--max"});
  }
  certify_refuses({"--radii", "0,0x1", "--radii"});
}

TEST_F(BadArgument, WholeNumbersMayBeShort) {
  for (const auto& [text, samples] : {std::pair{"1e3", 1000}, {"1k", 1000}, {"0.5k", 500}, {"2.50e2", 250}, {"0.0002M", 200}}) {
    const std::string log = at.folder / (std::string(text) + ".tsv");
    ASSERT_TRUE(succeeded(run(with(at.certify(log, {"--max", "1"}), "--n", text)))) << text;
    EXPECT_NE(contents_of(log + ".json").find("\"n\": " + std::to_string(samples)), std::string::npos) << text;
  }
}

TEST_F(BadArgument, ListsDoNotTakeWhatFollows) {
  EXPECT_TRUE(succeeded(run(at.certify(at.log, {}))));
  const Outcome outcome = run({"summary", "--radii", "0,0.1", at.log});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.out.find("0     0.1"), std::string::npos) << outcome.out;
  EXPECT_TRUE(refused(at.folder, {"summary", "--radii", "-1", at.log}, "'-1' is below 0"));
}

TEST_F(BadArgument, OptionsThatWouldBeIgnored) {
  certify_refuses({"--classes", "10", "--classes: goes with a model that is asked"});
  certify_refuses({"--batch", "0", "--batch"});
  certify_refuses({"--timeout", "-1", "--timeout"});
  certify_refuses({"--token-file", at.model, "--token-file"});
  EXPECT_TRUE(refused(at.folder, {"evaluate", at.model, at.images, "--quiet", "--retries", "2"}, "--retries"));
}

TEST_F(BadArgument, AreShownWithoutWhatATerminalWouldDo) {
  const Outcome outcome = run({"summary", std::string("a\x1b[2J\xc2\x9b") + "b"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("a\\x1b[2J\\xc2\\x9b"
                             "b"),
            std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace ballast::cli::testing::bad_argument_test
