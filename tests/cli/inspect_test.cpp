// SPDX-License-Identifier: Apache-2.0

#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"
#include "cli/sample_model.hpp"

namespace ballast::cli::testing {
namespace {

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
}  // namespace ballast::cli::testing
