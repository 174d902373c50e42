// SPDX-License-Identifier: Apache-2.0
//
// `ballast bounds` against closed forms.

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"

namespace ballast::cli::testing::bounds_test {
namespace {

constexpr double rounding = 1e-14;  // relative, of a closed form evaluated here in double

using Json = nlohmann::json;

Json bounds(Arguments arguments) {
  arguments.insert(arguments.begin(), "bounds");
  arguments.push_back("--json");
  const Outcome outcome = run(arguments);
  EXPECT_TRUE(succeeded(outcome));
  return Json::parse(outcome.out);
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

void expect_below(double value, double truth) {
  EXPECT_LE(value, truth * (1 + rounding));
  EXPECT_GE(value, truth * (1 - 100 * rounding));
}

void expect_not_below(double value, double truth) {
  EXPECT_GE(value, truth);
  EXPECT_LE(value, truth * (1 + rounding));
}

// A unanimous vote: the lower bound is alpha^(1/n), and the two-sided test 2^(1-n).
TEST(Bounds, OfAUnanimousVote) {
  for (const int n : {10, 100, 1000}) {
    const Json result = bounds({"--count", std::to_string(n), "--n", std::to_string(n), "--alpha", "0.001", "--sigma", "0.5"});
    expect_below(result["p_lower"], std::pow(0.001, 1.0 / n));
    expect_not_below(result["p_value"], std::ldexp(1, 1 - n));
    const double doubt = 0.5 * std::erfc(result["radius"].get<double>() / 0.5 / std::sqrt(2.0));
    EXPECT_NEAR(doubt, 1 - std::pow(0.001, 1.0 / n), 1e-13);
  }
}

// 1 - p_lower of n - 1 votes in n solves n p^(n-1) - (n-1) p^n = alpha.
TEST(Bounds, OfAVoteWithOneDissenter) {
  const double p = bounds({"--count", "49", "--n", "50", "--alpha", "0.01"})["p_lower"];
  EXPECT_NEAR(50 * std::pow(p, 49) - 49 * std::pow(p, 50), 0.01, 1e-13);
}

TEST(Bounds, OfTheTestAgainstTheRunnerUp) {
  const auto p_value = [](const char* count, const char* runner_up) -> double {
    return bounds({"--count", count, "--n", "10", "--alpha", "0.1", "--runner-up", runner_up})["p_value"];
  };
  expect_not_below(p_value("3", "0"), 2.0 / 8);
  expect_not_below(p_value("3", "1"), 2.0 * 5 / 16);
  EXPECT_EQ(p_value("5", "5"), 1);
  EXPECT_EQ(p_value("0", "0"), 1);
  EXPECT_EQ(bounds({"--count", "5", "--n", "10", "--alpha", "0.1"})["p_value"], 1.0);
}

TEST(Bounds, AreNullWhereTheyAbstain) {
  const Json few = bounds({"--count", "60", "--n", "100", "--alpha", "0.001", "--sigma", "0.5"});
  EXPECT_TRUE(few["radius"].is_null());
  EXPECT_EQ(keys_of(few), (std::vector<std::string>{"p_lower", "p_value", "radius"}));
  for (const Arguments& arguments :
       {Arguments{"--p-a", "0.3", "--p-b", "0.4", "--sigma", "1"}, Arguments{"--p-a", "0.4", "--p-b", "0.4", "--sigma", "1"}}) {
    const Json radii = bounds(arguments);
    for (const char* key : {"cohen", "lecuyer", "li"}) EXPECT_TRUE(radii.at(key).is_null()) << key;
  }
  EXPECT_EQ(bounds({"--count", "0", "--n", "100", "--alpha", "0.001"})["p_lower"], 0.0);
}

TEST(Bounds, HaveNoRadiusWithoutSigma) {
  EXPECT_EQ(keys_of(bounds({"--count", "9", "--n", "10", "--alpha", "0.1"})), (std::vector<std::string>{"p_lower", "p_value"}));
}

// Cohen: sigma / 2 (z(p_a) - z(p_b)), which is sigma z(p_a) where p_b = 1 - p_a; z(0.975) = 1.959963984540054.
TEST(Bounds, FromProbabilities) {
  const Json result = bounds({"--p-a", "0.975", "--p-b", "0.025", "--sigma", "0.5"});
  EXPECT_EQ(keys_of(result), (std::vector<std::string>{"cohen", "lecuyer", "li"}));
  EXPECT_NEAR(result["cohen"], 0.5 * 1.959963984540054, 1e-12);
  EXPECT_GT(result["cohen"], result["li"]);
  EXPECT_GT(result["li"], result["lecuyer"]);
  EXPECT_GT(result["lecuyer"], 0);
}

TEST(Bounds, AreProportionalToSigma) {
  const Json one = bounds({"--p-a", "0.8", "--p-b", "0.1", "--sigma", "1"}),
             half = bounds({"--p-a", "0.8", "--p-b", "0.1", "--sigma", "0.5"});
  for (const char* key : {"cohen", "lecuyer", "li"}) EXPECT_NEAR(half[key].get<double>(), one[key].get<double>() / 2, 1e-9) << key;
}

TEST(Bounds, ArePrintedInFullPrecision) {
  const std::string text = run({"bounds", "--count", "99000", "--n", "100000", "--alpha", "0.001", "--sigma", "0.25", "--json"}).out;
  const Json result = Json::parse(text);
  EXPECT_EQ(result["p_lower"].dump().substr(0, 14), "0.988989340377");
  EXPECT_GE(result["p_lower"].dump().size(), 16u);
  EXPECT_GE(result["radius"].dump().size(), 16u);
}

TEST(Bounds, ArePrintedForPeopleToo) {
  const Outcome outcome = run({"bounds", "--count", "60", "--n", "100", "--alpha", "0.001", "--sigma", "0.5"});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_NE(outcome.out.find("radius    abstain"), std::string::npos) << outcome.out;
}

TEST(Bounds, RefuseWhatDoesNotGoTogether) {
  const std::vector<Arguments> wrong{{},
                                     {"--p-a", "0.9"},
                                     {"--p-b", "0.1"},
                                     {"--p-a", "0.9", "--p-b", "0.1"},
                                     {"--p-a", "0.9", "--sigma", "1"},
                                     {"--p-a", "0.9", "--p-b", "0.1", "--sigma", "1", "--count", "5"},
                                     {"--p-a", "0.9", "--p-b", "0.1", "--sigma", "1", "--n", "5"},
                                     {"--p-a", "0.9", "--p-b", "0.1", "--sigma", "1", "--alpha", "0.1"},
                                     {"--p-a", "0.9", "--p-b", "0.1", "--sigma", "1", "--runner-up", "0"},
                                     {"--count", "5"},
                                     {"--count", "5", "--n", "10"},
                                     {"--count", "5", "--alpha", "0.1"},
                                     {"--count", "5", "--n", "10", "--alpha", "0.1", "--p-b", "0.2"},
                                     {"--n", "10", "--alpha", "0.1"}};
  for (Arguments arguments : wrong) {
    arguments.insert(arguments.begin(), "bounds");
    EXPECT_TRUE(complained(run(arguments), 2, "")) << ::testing::PrintToString(arguments);
  }
}

TEST(Bounds, RefuseValuesThatAreNotAllowed) {
  const std::vector<std::pair<Arguments, std::string>> wrong{
      {{"--p-a", "1.1", "--p-b", "0", "--sigma", "1"}, "--p-a 1.1"},
      {{"--p-a", "nan", "--p-b", "0", "--sigma", "1"}, "--p-a"},
      {{"--p-a", "0", "--p-b", "0", "--sigma", "1"}, "--p-a 0"},
      {{"--p-a", "0.9", "--p-b", "0.2", "--sigma", "1"}, "--p-b 0.2"},
      {{"--p-a", "0.9", "--p-b", "-0.1", "--sigma", "1"}, "--p-b -0.1"},
      {{"--p-a", "0.9", "--p-b", "0.1", "--sigma", "0"}, "sigma"},
      {{"--p-a", "0.9", "--p-b", "0.1", "--sigma", "inf"}, "sigma"},
      {{"--p-a", "0.9", "--p-b", "0.1", "--sigma", "nan"}, "sigma"},
      {{"--count", "5", "--n", "4", "--alpha", "0.1"}, "--count 5"},
      {{"--count", "0", "--n", "0", "--alpha", "0.1"}, "--n 0"},
      {{"--count", "-5", "--n", "10", "--alpha", "0.1"}, "--count"},
      {{"--count", "5", "--n", "-10", "--alpha", "0.1"}, "--n"},
      {{"--count", "5", "--n", "10", "--alpha", "0"}, "alpha"},
      {{"--count", "5", "--n", "10", "--alpha", "1"}, "alpha"},
      {{"--count", "5", "--n", "10", "--alpha", "nan"}, "alpha"},
      {{"--count", "5", "--n", "10", "--alpha", "0.1", "--runner-up", "6"}, "--runner-up 6"},
      {{"--count", "5", "--n", "10", "--alpha", "0.1", "--sigma", "-1"}, "sigma"},
      {{"--count", "10", "--n", "10", "--alpha", "0.1", "--sigma", "-1"}, "sigma"},
      {{"--count", "5", "--n", "10", "--alpha", "0.1", "--sigma", "nan"}, "sigma"}};
  for (auto [arguments, words] : wrong) {
    arguments.insert(arguments.begin(), "bounds");
    EXPECT_TRUE(complained(run(arguments), 2, words)) << ::testing::PrintToString(arguments);
  }
}

}  // namespace
}  // namespace ballast::cli::testing::bounds_test
