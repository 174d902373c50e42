// SPDX-License-Identifier: Apache-2.0
//
// Classifiers that are asked, from the command line.

#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::remote_test {
namespace {

// The classifier of band_model(), with what stands in `more` done before each answer.
std::string band_command(const std::string& more = "pass") {
  return "exec:exec /usr/bin/python3 -c '\n"
         "import sys, os, time, numpy\n"
         "batch = 0\n"
         "class Pipe: read = sys.stdin.buffer.read\n"
         "while True:\n"
         "  try: images = numpy.lib.format.read_array(Pipe())\n"
         "  except ValueError: break\n"
         "  batch += 1\n"
         "  " +
         more +
         "\n"
         "  x = images.reshape(len(images), 8, 8).astype(numpy.float64)\n"
         "  scores = numpy.stack([x[:, 3 * c:3 * c + 2].sum(axis=(1, 2)) + c / 8 for c in range(3)], axis=1)\n"
         "  print(*scores.argmax(axis=1), flush=True)\n'";
}

class Remote : public ::testing::Test {
 protected:
  Arguments certify(const std::string& model, const Arguments& more = {}) const {
    Arguments arguments{"certify", model, at.images, at.log, "--sigma", "0.25", "--n", "500", "--seed", "7", "--threads", "2", "--quiet"};
    if (model != at.model) arguments.insert(arguments.end(), {"--classes", "3"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::vector<Cells> rows_of_the_file() {
    EXPECT_TRUE(succeeded(run(certify(at.model, {"--precision", "fp32"}))));
    const auto rows = rows_of(at.log);
    std::filesystem::remove(at.log);
    return rows;
  }

  Fixture at;
};

TEST_F(Remote, ACommandGivesTheRowsOfTheNetworkThatItIs) {
  const auto rows = rows_of_the_file();
  ASSERT_TRUE(succeeded(run(certify(band_command()))));
  EXPECT_EQ(rows_of(at.log), rows);
  const auto manifest = nlohmann::json::parse(contents_of(at.log + ".json"));
  EXPECT_EQ(manifest.at("model"), band_command());
  EXPECT_EQ(manifest.at("engine"), "exec");
  EXPECT_NE(std::string(manifest.at("model_sha256_of")).find("not its weights"), std::string::npos);
  EXPECT_TRUE(succeeded(run({"audit", at.log})));
  EXPECT_TRUE(succeeded(run({"audit", at.log, "--model", band_command(), "--data", at.images, "--classes", "3", "--rows", "2"})));
  EXPECT_TRUE(
      succeeded(run({"predict", band_command(), at.images, at.folder / "p.tsv", "--classes", "3", "--sigma", "0.25", "--n", "100"})));
  EXPECT_TRUE(succeeded(run({"evaluate", band_command(), at.images, "--classes", "3"})));
}

TEST_F(Remote, GoesOnAfterTheCommandHasFailed) {
  const auto rows = rows_of_the_file();
  const std::string flag = at.folder / "well",
                    command = band_command("if batch > 45 and not os.path.exists(\"" + flag + "\"): sys.exit(5)");
  EXPECT_TRUE(complained(run(certify(command)), 1, "ended with status 5 before it had answered"));
  const auto begun = rows_of(at.log);
  ASSERT_GT(begun.size(), 1u);
  ASSERT_LT(begun.size(), rows.size());
  EXPECT_EQ(begun, std::vector(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(begun.size())));
  write_file(flag, "");
  EXPECT_TRUE(succeeded(run(certify(command))));
  EXPECT_EQ(rows_of(at.log), rows);
}

TEST_F(Remote, GoesOnWithANewBudget) {
  const auto rows = rows_of_the_file();
  int runs = 0;
  for (Outcome outcome{1}; outcome.status != 0; ++runs) {
    ASSERT_LT(runs, 20);
    outcome = run(certify(band_command(), {"--budget", "2000"}));
    if (outcome.status != 0) ASSERT_TRUE(complained(outcome, 1, "the budget of 2000 images is spent"));
  }
  EXPECT_GT(runs, 2);
  EXPECT_EQ(rows_of(at.log), rows);
}

// A seed that followed from what the model says of itself could be known to whoever writes that.
TEST_F(Remote, DrawsASeedThatNobodyKnewAndKeepsIt) {
  const auto without_seed = [&](const std::string& log, const Arguments& more = {}) {
    Arguments arguments{"certify", band_command(), at.images, log, "--sigma", "0.25", "--n", "100", "--classes", "3", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  const auto seed_of = [](const std::string& log) { return nlohmann::json::parse(contents_of(log + ".json")).at("seed"); };
  const std::string one = at.folder / "one", two = at.folder / "two";
  ASSERT_TRUE(succeeded(run(without_seed(one, {"--max", "4"}))));
  ASSERT_TRUE(succeeded(run(without_seed(two, {"--max", "4"}))));
  EXPECT_NE(seed_of(one), seed_of(two));
  EXPECT_NE(run({"audit", one}).out.find("its model was asked"), std::string::npos);
  const auto rows = rows_of(one);
  write_file(one, contents_of(one).substr(0, contents_of(one).rfind('\n', contents_of(one).size() - 2) + 1));
  const auto seed = seed_of(one);
  ASSERT_TRUE(succeeded(run(without_seed(one, {"--max", "4"}))));
  EXPECT_EQ(seed_of(one), seed);
  EXPECT_EQ(rows_of(one), rows);
  EXPECT_TRUE(refused(at.folder, without_seed(at.log, {"--shard", "1/2"}), "give all shards the same --seed"));
  EXPECT_TRUE(succeeded(run(without_seed(at.log, {"--shard", "1/2", "--seed", "5"}))));
}

TEST_F(Remote, RefusesWhatIsNotAllowed) {
  EXPECT_TRUE(refused(at.folder, certify("exec:", {}), "names no command"));
  EXPECT_TRUE(refused(at.folder, certify("http://localhost/model"), "http://HOST:PORT/v2/models/NAME is needed"));
  EXPECT_TRUE(refused(at.folder, certify(band_command(), {"--engine", "aten"}), "are for files"));
  EXPECT_TRUE(refused(at.folder, certify(band_command(), {"--token-file", "nowhere"}), "nowhere: no such file"));
  EXPECT_TRUE(refused(at.folder, {"inspect", band_command()}, "needs the network itself"));
  EXPECT_TRUE(refused(at.folder, {"plan", band_command(), at.images, "--sigma", "1"}, "needs the network itself"));
  EXPECT_TRUE(refused(at.folder, {"certify", band_command(), at.images, at.log, "--sigma", "1"}, "--classes is required"));
}

TEST_F(Remote, TheExampleRuns) {
  const std::string example = std::string("exec:/usr/bin/python3 ") + BALLAST_EXAMPLES + "/exec/classifier.py";
  ASSERT_TRUE(succeeded(run(certify(example))));
  EXPECT_EQ(rows_of(at.log).size(), SampleImages::count + 1);
}

}  // namespace
}  // namespace ballast::cli::testing::remote_test
