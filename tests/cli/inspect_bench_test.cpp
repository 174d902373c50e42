// SPDX-License-Identifier: Apache-2.0
//
// What the program says of a model and of this machine.

#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::inspect_bench_test {
namespace {

struct ConvolutionPlace : Fixture {
  ConvolutionPlace() { write_file(model, convolution_model({1, 8, 8}, 3)); }
};

TEST(Inspect, ShowsTheGraphForPeople) {
  const ConvolutionPlace at;
  const Outcome outcome = run({"inspect", at.model});
  EXPECT_TRUE(succeeded(outcome));
  for (const char* part : {"node_1", "node_5", "SHA-256", "3 classes", "96 parameters", "engine onednn"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in\n" << outcome.out;
  }
}

TEST(Inspect, CountsParametersAndMultiplyAdds) {
  const ConvolutionPlace at;
  const Outcome outcome = run({"inspect", at.model, "--json"});
  ASSERT_TRUE(succeeded(outcome));
  const auto result = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(result["classes"], 3);
  EXPECT_EQ(result["parameters"], 8 * 9 + 8 * 3);
  EXPECT_EQ(result["multiply_adds"], 8 * 9 * 64 + 8 * 3);
  EXPECT_TRUE(result["engine"].get<std::string>().starts_with("onednn"));
  EXPECT_FALSE(result["nodes"].empty());
  for (const char* key : {"input", "metadata", "precision", "instruction_set", "plan"}) EXPECT_TRUE(result.contains(key)) << key;
  for (const auto& node : result["nodes"]) {
    for (const char* key : {"operation", "name", "output", "multiply_adds"}) EXPECT_TRUE(node.contains(key)) << key;
  }
}

TEST(Inspect, FindsTheNormalisationBeforeTheNetwork) {
  const ConvolutionPlace at;
  const Outcome outcome = run({"inspect", at.model, "--mean", "0.5", "--std", "0.25"});
  EXPECT_NE(outcome.out.find("pixel x 4 -2"), std::string::npos) << outcome.out;
}

TEST(Bench, PrintsEveryRateAsJson) {
  const ConvolutionPlace at;
  const Outcome outcome = run({"bench", at.model, "--json", "--seconds", "0.5", "--threads", "2"});
  ASSERT_TRUE(succeeded(outcome));
  const auto result = nlohmann::json::parse(outcome.out);
  for (const char* key : {"samples_per_second", "gflop_per_sample", "achieved_gflops", "peak_gflops", "fraction_of_peak",
                          "noise_values_per_second", "noise_share", "network_share"}) {
    ASSERT_TRUE(result.contains(key)) << key;
    EXPECT_GT(result[key].get<double>(), 0) << key;
  }
  const double rate = result["samples_per_second"], flops = result["gflop_per_sample"], peak = result["peak_gflops"];
  EXPECT_NEAR(flops, 2e-9 * (8 * 9 * 64 + 8 * 3), 1e-15);
  EXPECT_NEAR(result["achieved_gflops"], rate * flops, 1e-9 * rate * flops);
  EXPECT_NEAR(result["fraction_of_peak"], rate * flops / peak, 1e-9);
  EXPECT_LT(result["fraction_of_peak"], 1.5);
  EXPECT_NEAR(result["noise_share"], rate * 64 / result["noise_values_per_second"].get<double>(), 1e-9);
  EXPECT_EQ(result["threads"], 2);
  EXPECT_TRUE(result["precision"] == "bf16" || result["precision"] == "fp32");
}

TEST(Bench, MeasuresTheAskedPrecision) {
  const ConvolutionPlace at;
  const Outcome outcome = run({"bench", at.model, "--json", "--seconds", "0.2", "--rounds", "1", "--precision", "fp32"});
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["precision"], "fp32");
}

TEST(Bench, PrintsRatesForPeople) {
  const ConvolutionPlace at;
  const Outcome outcome = run({"bench", at.model, "--seconds", "0.2", "--rounds", "1"});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.out.find("samples a second"), std::string::npos) << outcome.out;
}

TEST(Bench, RefusesTimesThatAreNone) {
  const ConvolutionPlace at;
  for (const char* seconds : {"0", "-1", "nan"})
    EXPECT_TRUE(refused(at.folder, {"bench", at.model, "--seconds", seconds}, "--seconds")) << seconds;
  EXPECT_TRUE(refused(at.folder, {"bench", at.model, "--rounds", "0"}, "--rounds"));
  EXPECT_TRUE(refused(at.folder, {"bench", at.model, "--micro-batch", "-1"}, "micro-batch = -1"));
}

TEST(Inspect, ProfileSaysHowLongEachStepTakes) {
  const Folder folder;
  write_file(folder / "model.onnx", convolution_model({3, 8, 8}, 4));
  const Outcome outcome = run({"inspect", folder / "model.onnx", "--profile", "--json"});
  ASSERT_TRUE(succeeded(outcome));
  const auto json = nlohmann::json::parse(outcome.out);
  double operations = 0;
  for (const auto& step : json["profile"]["steps"]) {
    EXPECT_GT(step["seconds"], 0);
    EXPECT_GE(step["seconds_at_limit"], 0);
    operations += step["operations"].get<double>();
  }
  EXPECT_EQ(operations, 2 * json["multiply_adds"].get<double>() * json["profile"]["images"].get<double>());
  const Outcome text = run({"inspect", folder / "model.onnx", "--profile"});
  EXPECT_TRUE(text.out.find(" images on one thread; the limit: ") != std::string::npos);
  EXPECT_TRUE(text.out.find("%  all: ") != std::string::npos);
}

}  // namespace
}  // namespace ballast::cli::testing::inspect_bench_test
