// SPDX-License-Identifier: Apache-2.0
//
// What rows depend on, and what a stranger's manifest may hold.

#include "ballast/log/manifest.hpp"

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"
#include "log_fixtures.hpp"

namespace ballast::log::manifest_test {
namespace {

std::string refusal_of(const std::string& json) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log.json") << json;
  try {
    read_manifest(folder / "log.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Manifest, DiffersInWhatOnlyOneOfBothHas) {
  Manifest plain = manifest(), marked = manifest();
  for (const auto& [name, value] : {std::pair{"illustration", "\"scaled\""},
                                    {"draw_seed", "7"},
                                    {"family_wise", "500"},
                                    {"model_2_sha256", "\"a\""},
                                    {"recertified_from", "\"a\""},
                                    {"something_new", "1"}}) {
    marked.entries.push_back({name, value});
    ASSERT_EQ(marked.differences(plain).size(), 1u) << name;
    EXPECT_NE(marked.differences(plain)[0].find(std::string(name) + ": " + value + " there, "), std::string::npos)
        << marked.differences(plain)[0];
    ASSERT_EQ(plain.differences(marked).size(), 1u) << name;
    marked.entries.pop_back();
  }
}

TEST(Manifest, TakesWhatAnOlderVersionDidNotWriteAsItWasThen) {
  const Manifest older = manifest();
  Manifest newer = manifest();
  newer.add("bound", "cohen");
  newer.add("noise_error", 0.0);
  newer.add("family_wise", std::uint64_t{1});
  newer.add("first_plan", std::uint64_t{10});
  EXPECT_TRUE(older.differences(newer).empty());
  EXPECT_TRUE(newer.differences(older).empty());
  newer.set("family_wise", 2);
  EXPECT_EQ(older.differences(newer), std::vector<std::string>{"family_wise: 1 there, 2 here"});
}

TEST(Manifest, DoesNotDifferInWhatRowsDoNotDependOn) {
  Manifest there = manifest(), here = manifest();
  there.entries[0].json = "\"0.0.1\"";  // the version
  there.entries[1].json = "\"another command\"";
  there.add("rows", std::uint64_t{5});
  there.add("model", "a.onnx");
  there.add("model_sigma", "0.25");
  EXPECT_TRUE(there.differences(here).empty());
  EXPECT_TRUE(here.differences(there).empty());
  EXPECT_EQ(role_of("start"), Role::place);
  EXPECT_EQ(role_of("input_scale_12"), Role::decides);
  EXPECT_EQ(role_of("model_17"), Role::tells);
  EXPECT_EQ(role_of("never_heard_of"), Role::decides);
}

TEST(Manifest, WithAValueThatCannotBeIsRefusedByItsName) {
  const std::pair<const char*, std::vector<const char*>> wrong[] = {
      {"norm", {"\"l9\"", "2", "null"}},
      {"skip", {"0", "-1", "1.5", "\"1\"", "18446744073709551616"}},
      {"images", {"-7", "0", "[]"}},
      {"seed", {"-1", "1.5", "\"7\"", "1e400"}},
      {"draw_seed", {"-1"}},
      {"rows", {"0", "true"}},
      {"start", {"-1"}},
      {"alpha", {"0", "1", "\"0.001\"", "null"}},
      {"sigma", {"0", "-0.25", "\"0.25\""}},
      {"split", {"\"training\"", "1"}},
      {"labels", {"\"superclass\"", "20"}},
      {"label_order", {"\"random\"", "1"}},
      {"colours", {"\"green\"", "true"}},
      {"orientation", {"\"up\"", "6"}},
      {"model_sha256", {"\"00\"", "5", "\"ABCDEF\""}},
      {"recertified_from", {"\"00\"", "true"}},
      {"model_3_sha256", {"\"00\""}},
      {"input_scale_0", {"\"1\"", "null"}},
      {"gain", {"0", "1", "-0.05", "\"0.05\"", "null", "[0.05]"}},
      {"radii", {"\"0\"", "[\"0\"]", "0.5", "[null]"}},
      {"method", {"7"}},
  };
  for (const auto& [name, values] : wrong) {
    for (const char* value : values) {
      const std::string refusal = refusal_of(std::string("{\"") + name + "\": " + value + "}");
      EXPECT_FALSE(refusal.empty()) << name << " " << value;
    }
    EXPECT_NE(refusal_of(std::string("{\"") + name + "\": " + values.front() + "}").find("the manifest's " + std::string(name) + " is "),
              std::string::npos);
  }
  EXPECT_EQ(refusal_of("{\"seed\": 18446744073709551615, \"skip\": 1, \"norm\": \"l1\", \"unknown\": [1, {}]}"), "");
}

TEST(Manifest, WithAnEntryTwiceIsRefused) {
  EXPECT_NE(refusal_of("{\"sigma\": 0.25, \"n\": 5, \"sigma\": 0.5}").find("has the entry 'sigma' twice"), std::string::npos);
  EXPECT_EQ(refusal_of("{\"a\": {\"sigma\": 1}, \"b\": {\"sigma\": 2}}"), "");
}

// Each entry is looked for among those before it, so their number is bounded where they are read.
TEST(Manifest, WithMoreEntriesThanAnyRunHasIsRefused) {
  const auto with = [](int entries) {
    std::string json = "{";
    for (int i = 0; i < entries; ++i) json += (i > 0 ? ", \"e" : "\"e") + std::to_string(i) + "\": 1";
    return json + "}";
  };
  EXPECT_EQ(refusal_of(with(1000)), "");
  EXPECT_NE(refusal_of(with(100'000)).find("more than 1000 entries"), std::string::npos);
  EXPECT_NE(refusal_of("{\"a\": " + with(100'000) + "}").find("more than 1000 entries"), std::string::npos);
}

}  // namespace
}  // namespace ballast::log::manifest_test
