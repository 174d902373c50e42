// SPDX-License-Identifier: Apache-2.0
//
// The base classifier's accuracy and scores, against the sums done here.

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::evaluate_test {
namespace {

constexpr double fp32_error = 1e-5;  // relative, of a sum of 64 pixels

// The score that `band_model` gives image i for a class.
double score(std::size_t image, std::size_t label) {
  static const SampleImages images = sample_images();
  double sum = 0.125 * static_cast<double>(label);
  for (std::size_t pixel = 0; pixel < 64; ++pixel) {
    sum += static_cast<double>(band_weight(pixel, label)) * static_cast<unsigned char>(images.pixels[image * 64 + pixel]) / 255;
  }
  return sum;
}

std::size_t right_answers() {
  std::size_t right = 0;
  for (std::size_t i = 0; i < SampleImages::count; ++i) {
    std::size_t best = 0;
    for (std::size_t label = 1; label < 3; ++label) best = score(i, label) > score(i, best) ? label : best;
    right += best == i % 3;
  }
  return right;
}

nlohmann::json evaluated(const Fixture& at, const Arguments& more) {
  Arguments arguments{"evaluate", at.model, at.images, "--json", "--precision", "fp32"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = run(arguments);
  EXPECT_TRUE(succeeded(outcome));
  return nlohmann::json::parse(outcome.out);
}

TEST(Evaluate, CountsTheRightAnswers) {
  const Fixture at;
  const auto result = evaluated(at, {});
  EXPECT_EQ(result["images"], 40);
  EXPECT_EQ(result["accuracy"], static_cast<double>(right_answers()) / 40);
  EXPECT_EQ(result["nan"], 0);
  EXPECT_EQ(result["precision"], "fp32");
  EXPECT_FALSE(result.contains("noisy_accuracy"));
}

TEST(Evaluate, PrintsTheAccuracyForPeople) {
  const Fixture at;
  const Outcome outcome = run({"evaluate", at.model, at.images, "--quiet"});
  const std::size_t right = right_answers();
  EXPECT_NE(outcome.out.find("(" + std::to_string(right) + " of 40)"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.err, "");
}

TEST(Evaluate, TakesTheChosenImages) {
  const Fixture at;
  const auto result = evaluated(at, {"--start", "6", "--skip", "7"});  // those with the next class's band
  EXPECT_EQ(result["images"], 5);
  EXPECT_EQ(result["accuracy"], 0);
}

TEST(Evaluate, AddsOneDrawOfNoise) {
  const Fixture at;
  const auto result = evaluated(at, {"--sigma", "0.25"});
  EXPECT_EQ(result["sigma"], 0.25);
  EXPECT_EQ(result["noisy_nan"], 0);
  EXPECT_LT(result["noisy_accuracy"].get<double>(), result["accuracy"].get<double>());
  EXPECT_GT(result["noisy_accuracy"].get<double>(), 1.0 / 3);
  EXPECT_EQ(evaluated(at, {"--sigma", "0.25"}), result);
  EXPECT_EQ(evaluated(at, {"--sigma", "0.25", "--threads", "1"}), result);
}

TEST(Evaluate, CountsScoresThatAreNotNumbers) {
  Fixture at;
  ModelWriter model({1, 8, 8});
  model.add("Flatten");
  model.add("Gemm", {{{64, 3}, std::vector<float>(192, NAN)}, {{3}, {0, 0, 0}}});
  write_file(at.model, model.bytes(3));
  const auto result = evaluated(at, {});
  EXPECT_EQ(result["nan"], 40);
  EXPECT_EQ(result["accuracy"], 0);
}

TEST(Evaluate, WritesTheScoresAsAnArray) {
  const Fixture at;
  const std::string file = at.folder / "logits.npy";
  evaluated(at, {"--logits", file});
  const std::string bytes = contents_of(file);
  ASSERT_TRUE(bytes.starts_with(std::string("\x93NUMPY\x01\0", 8)));
  const std::size_t header = static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  EXPECT_EQ((10 + header) % 64, 0u);
  const std::string description = bytes.substr(10, header);
  for (const char* part : {"'descr': '<f4'", "'fortran_order': False", "'shape': (40, 3"})
    EXPECT_NE(description.find(part), std::string::npos) << description;
  ASSERT_EQ(bytes.size(), 10 + header + 40 * 3 * sizeof(float));
  for (std::size_t i = 0; i < 40; ++i) {
    for (std::size_t label = 0; label < 3; ++label) {
      float value;
      std::memcpy(&value, bytes.data() + 10 + header + (3 * i + label) * sizeof value, sizeof value);
      EXPECT_NEAR(value, score(i, label), fp32_error * score(i, label));
    }
  }
}

}  // namespace
}  // namespace ballast::cli::testing::evaluate_test
