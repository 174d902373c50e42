// SPDX-License-Identifier: Apache-2.0
//
// The examples in the help of every command, run as they stand.

#include "certify_runs.hpp"

namespace ballast::cli::testing::examples_test {
namespace {

// A folder in which `ballast` is the program, and everything is that examples name.
class Place {
 public:
  Place() {
    std::filesystem::create_directory(bin_);
    std::filesystem::create_symlink(BALLAST_PROGRAM, bin_ / "ballast");
    write_file(folder_ / "model.onnx", band_model());
    write_file(folder_ / "other.onnx", band_model());
    write_file(folder_ / "cnn.onnx", deep_band_model());
    const SampleImages images = sample_images();
    for (const char* part : {"t10k", "train"}) {
      const std::string set = folder_ / ("data/fashion-mnist/" + std::string(part));
      write_file(set + "-images-idx3-ubyte", idx_images(images));
      write_file(set + "-labels-idx1-ubyte", idx_labels(images));
    }
    for (const char* command : {"certify model.onnx fashion-mnist log.tsv --sigma 0.25 --n 1000 --quiet",
                                "certify model.onnx fashion-mnist other.tsv --sigma 0.3 --n 1000 --quiet",
                                "certify model.onnx fashion-mnist part1.tsv --sigma 0.25 --n 100 --shard 1/2 --quiet",
                                "certify model.onnx fashion-mnist part2.tsv --sigma 0.25 --n 100 --shard 2/2 --quiet"})
      EXPECT_TRUE(runs("ballast " + std::string(command)));
  }

  // By a shell, in this folder; serve until it listens.
  ::testing::AssertionResult runs(const std::string& line) const {
    const bool serves = line.starts_with("ballast serve ");
    const std::string ending =
        serves ? " --port 0 >served & for i in $(seq 300); do grep -q http served && break; sleep 0.1; done; grep http served; "
                 "status=$?; kill $!; exit $status"
               : "";
    const std::string script = "cd '" + folder_.path().string() + "' && PATH='" + bin_.string() +
                               "':$PATH BALLAST_DATA=\"$PWD/data\" && export PATH BALLAST_DATA && { " + line + ending + "\n} >out 2>&1";
    if (std::system(script.c_str()) == 0) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << line << "\n" << contents_of(folder_ / "out");
  }

  // As a beginner does: what the examples write is no log of theirs yet.
  void forget(const std::string& file) const {
    std::filesystem::remove(folder_ / file);
    std::filesystem::remove(folder_ / (file + ".json"));
  }

 private:
  Folder folder_;
  std::filesystem::path bin_ = folder_.path() / "bin";
};

// The commands behind "Example" or "Examples", of which some go over several lines.
std::vector<std::string> examples_in(const std::string& help) {
  std::vector<std::string> examples;
  bool behind = false, goes_on = false;
  for (const std::string& line : lines_of(help)) {
    if (line == "Example" || line == "Examples") behind = true;
    else if (behind && !line.empty()) {
      if (goes_on) examples.back() += "\n" + line;
      else examples.push_back(line.substr(2));
      goes_on = line.ends_with('\\');
    }
  }
  return examples;
}

void expect_examples_to_run(const Arguments& command) {
  Arguments asking = command;
  asking.push_back("--help");
  const std::string help = run(asking).out;
  const auto examples = examples_in(help);
  if (help.find("not in this build") != std::string::npos) return;
  EXPECT_FALSE(examples.empty()) << command.front();
  const Place place;
  if (command.front() == "certify") place.forget("log.tsv");
  for (const std::string& example : examples) EXPECT_TRUE(place.runs(example));
}

constexpr const char* commands[] = {"certify", "predict", "plan",   "recertify", "merge",    "audit",  "evaluate",
                                    "attack",  "summary", "report", "compare",   "gallery",  "figure", "train",
                                    "compose", "inspect", "bench",  "serve",     "selftest", "bounds", "document"};

struct Examples : ::testing::TestWithParam<const char*> {};

TEST_P(Examples, Run) { expect_examples_to_run({GetParam()}); }

INSTANTIATE_TEST_SUITE_P(OfEveryCommand, Examples, ::testing::ValuesIn(commands), [](const auto& test) { return std::string(test.param); });

TEST(ExamplesOfCompose, Run) {
  expect_examples_to_run({"compose", "ensemble"});
  expect_examples_to_run({"compose", "half"});
  expect_examples_to_run({"compose", "int8"});
}

}  // namespace
}  // namespace ballast::cli::testing::examples_test
