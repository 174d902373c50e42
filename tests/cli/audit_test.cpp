// SPDX-License-Identifier: Apache-2.0
//
// `ballast audit` and `ballast recertify` on logs of the program itself.

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::audit_test {
namespace {

using Json = nlohmann::json;

class Audit : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(succeeded(run(at.certify(at.log)))); }

  // The log with one cell of one row changed.
  void change(std::size_t row, const std::string& name, const std::string& value) {
    auto table = table_of(at.log);
    const auto place = static_cast<std::size_t>(std::find(table[0].begin(), table[0].end(), name) - table[0].begin());
    table.at(row).at(place) = value;
    write(table);
  }
  void write(const std::vector<Cells>& table) {
    std::string text;
    for (const Cells& cells : table) {
      for (std::size_t i = 0; i < cells.size(); ++i) text += (i ? "\t" : "") + cells[i];
      text += "\n";
    }
    write_file(at.log, text);
  }
  std::string cell(std::size_t row, const std::string& name) const {
    const auto table = table_of(at.log);
    return table.at(row).at(static_cast<std::size_t>(std::find(table[0].begin(), table[0].end(), name) - table[0].begin()));
  }

  // Exit status and the findings' lines.
  Json audit(const Arguments& more = {}) const {
    Arguments arguments{"audit", at.log, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(arguments);
    const Json result = Json::parse(outcome.out)[0];
    EXPECT_EQ(outcome.status, result["findings"].empty() ? 0 : 1) << outcome.err;
    return result["findings"];
  }
  void expect_one_finding(std::size_t line, const Arguments& more = {}) const {
    const Json findings = audit(more);
    ASSERT_EQ(findings.size(), 1u) << findings.dump();
    EXPECT_EQ(findings[0]["line"], line) << findings.dump();
  }
  Arguments replay(const std::string& rows) const { return {"--model", at.model, "--data", at.images, "--rows", rows}; }

  Fixture at;
};

TEST_F(Audit, FindsNothingInALogAsItWasMade) {
  EXPECT_TRUE(audit().empty());
  EXPECT_TRUE(audit(replay("40")).empty());
  const Outcome outcome = run({"audit", at.log});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("40 rows, all checks passed; its votes were not drawn again (--model, --data)"), std::string::npos)
      << outcome.out;
}

TEST_F(Audit, FindsACountThatWasChanged) {
  change(21, "count", std::to_string(std::stoi(cell(21, "count")) + 1));
  expect_one_finding(22);
}

TEST_F(Audit, FindsARadiusRaisedInItsLastDigit) {
  std::string radius = cell(30, "radius");
  radius.back() = static_cast<char>(radius.back() == '9' ? '8' : radius.back() + 1);
  change(30, "radius", radius);
  expect_one_finding(31);
}

TEST_F(Audit, FindsARowThatWasRemoved) {
  for (const std::size_t row : {1, 20, 40}) {
    const auto before = table_of(at.log);
    auto table = before;
    table.erase(table.begin() + static_cast<std::ptrdiff_t>(row));
    write(table);
    const Json findings = audit();
    ASSERT_EQ(findings.size(), 1u) << row;
    EXPECT_EQ(findings[0]["kind"], "missing");
    write(before);
  }
}

TEST_F(Audit, FindsRowsThatWereRepeatedOrSwapped) {
  auto table = table_of(at.log);
  std::swap(table[5], table[6]);
  write(table);
  EXPECT_FALSE(audit().empty());
  std::swap(table[5], table[6]);
  table.insert(table.begin() + 8, table[7]);
  write(table);
  expect_one_finding(9);
}

TEST_F(Audit, FindsAClaimOfCorrectnessAndAnAbstentionWithARadius) {
  change(1, "correct", "1");
  EXPECT_FALSE(audit().empty());
  change(1, "correct", "0");
  change(1, "radius", "0.100000");
  EXPECT_FALSE(audit().empty());
}

TEST_F(Audit, FindsAnotherSeedAndVotesThatWereInventedWithTheModel) {
  const std::string manifest = contents_of(at.log + ".json");
  const auto place = manifest.find("\"seed\": ") + 8;
  write_file(at.log + ".json", manifest.substr(0, place) + "12345" + manifest.substr(manifest.find('\n', place)));
  EXPECT_TRUE(audit().empty());  // nothing in the log itself says so, but that the seed is not the one that follows
  EXPECT_NE(run({"audit", at.log}).out.find("its seed, 12345, was chosen by hand"), std::string::npos);
  EXPECT_GE(audit(replay("40")).size(), 20u);  // unanimous votes come out the same
}

TEST_F(Audit, FindsAnotherAlphaThanTheOneStated) {
  std::string manifest = contents_of(at.log + ".json");
  manifest.replace(manifest.find("\"alpha\": 0.001"), 14, "\"alpha\": 0.01");
  write_file(at.log + ".json", manifest);
  const Json findings = audit();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0]["kind"], "alpha");
  EXPECT_NE(findings[0]["text"].get<std::string>().find("alpha = 0.001 fits"), std::string::npos) << findings.dump();
}

TEST_F(Audit, IsTwoWhereALogCannotBeRead) {
  EXPECT_TRUE(refused(at.folder, {"audit", at.folder / "nothing"}, "no such log"));
  EXPECT_TRUE(refused(at.folder, {"audit", at.log, "--model", at.model}, "--model and --data go together"));
  write_file(at.log + ".json", "[]");
  EXPECT_TRUE(refused(at.folder, {"audit", at.log}, "not a manifest"));
  write_file(at.log, "idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t1\n");
  EXPECT_TRUE(refused(at.folder, {"audit", at.log}, "line 2: "));
}

TEST_F(Audit, NotesASeedThatWasChosenByHand) {
  EXPECT_EQ(run({"audit", at.log}).out.find("by hand"), std::string::npos);
  const std::string chosen = at.folder / "chosen";
  ASSERT_TRUE(succeeded(run(at.certify(chosen, {"--seed", "7"}))));
  const Outcome outcome = run({"audit", chosen});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("its seed, 7, was chosen by hand"), std::string::npos) << outcome.out;
}

// A manifest may say of itself what it likes: another machine's arithmetic moves few votes, and no label.
TEST_F(Audit, LetsNoManifestExcuseWhatWasInvented) {
  const auto forge = [&](const std::string& name, const Json& value) {
    Json manifest = Json::parse(contents_of(at.log + ".json"));
    manifest[name] = value;
    write_file(at.log + ".json", manifest.dump(2));
  };
  forge("instruction_set", "avx10");
  EXPECT_TRUE(audit(replay("40")).empty());  // a few votes moved: none did
  const std::string label = cell(2, "label");
  change(2, "label", label == "0" ? "1" : "0");
  change(2, "correct", cell(2, "predict") == cell(2, "label") ? "1" : "0");
  Json findings = audit(replay("40"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NE(findings[0]["text"].get<std::string>().find("in the data"), std::string::npos) << findings.dump();
  change(2, "label", label);
  change(2, "correct", cell(2, "predict") == label ? "1" : "0");
  forge("seed", 1);
  findings = audit(replay("40"));  // draws of another seed are other draws, and more of them differ than any arithmetic moves
  EXPECT_GE(findings.size(), 3u);
  EXPECT_NE(findings[0]["text"].get<std::string>().find("another arithmetic may move"), std::string::npos) << findings.dump();
}

// Nor what a radius follows from: the selection, and the looks of a sequential test.
TEST_F(Audit, HoldsLooksAndSelectionToADrawOfAnotherArithmetic) {
  const auto forge_arithmetic = [&] {
    Json manifest = Json::parse(contents_of(at.log + ".json"));
    manifest["instruction_set"] = "avx10";
    write_file(at.log + ".json", manifest.dump(2));
  };
  forge_arithmetic();
  for (std::size_t row = 1; row <= 40; ++row) change(row, "selection", cell(row, "label") == "0" ? "1:100" : "0:100");
  const Json selections = audit(replay("40"));
  EXPECT_TRUE(std::any_of(selections.begin(), selections.end(), [](const Json& finding) {
    return finding["text"].get<std::string>().find("votes in selection are others") != std::string::npos;
  })) << selections.dump();

  for (const Arguments& options : {Arguments{"--radii", "0,0.1"}, Arguments{"--tolerance", "0.1"}}) {
    SCOPED_TRACE(options[0]);
    at.log = at.folder / options[0].substr(2);
    ASSERT_TRUE(succeeded(run(at.certify(at.log, options))));
    forge_arithmetic();
    EXPECT_TRUE(audit(replay("40")).empty()) << audit(replay("40")).dump();
    // No failures at the looks of rows that had more than may move.
    int forged = 0;
    for (std::size_t row = 1; row <= 40; ++row) {
      std::istringstream looks(cell(row, "looks"));
      std::string text;
      bool changed = false;
      for (std::string look; std::getline(looks, look, ',');) {
        const auto colon = look.find(':');
        if (colon != std::string::npos && std::stod(look.substr(colon + 1)) > 10 + 0.05 * std::stod(look)) {
          look = look.substr(0, colon) + ":0";
          changed = true;
        }
        text += (text.empty() ? "" : ",") + look;
      }
      if (changed) change(row, "looks", text);
      forged += changed;
    }
    ASSERT_GT(forged, 0);
    const Json findings = audit(replay("40"));
    EXPECT_EQ(std::count_if(findings.begin(), findings.end(),
                            [](const Json& finding) { return finding["text"].get<std::string>().find("looks is") != std::string::npos; }),
              forged)
        << findings.dump();
  }
}

TEST_F(Audit, FindsWhatElseTheManifestSaysOfModelAndData) {
  const auto forged = [&](const std::string& name, const Json& value) {
    const std::string before = contents_of(at.log + ".json");
    Json manifest = Json::parse(before);
    manifest[name] = value;
    write_file(at.log + ".json", manifest.dump(2));
    const Json findings = audit(replay("3"));
    write_file(at.log + ".json", before);
    return findings;
  };
  for (const auto& [name, value] : std::vector<std::pair<std::string, Json>>{
           {"input_scale_0", 255.0}, {"noise_error", 1e-30}, {"colours", "gray"}, {"orientation", "exif"}, {"images", 1000}}) {
    const Json findings = forged(name, value);
    ASSERT_EQ(findings.size(), 1u) << name << findings.dump();
    EXPECT_EQ(findings[0]["kind"], "manifest") << name;
  }
}

TEST_F(Audit, SaysOnceThatTheStatedNoiseIsNotTheRows) {
  Json manifest = Json::parse(contents_of(at.log + ".json"));
  manifest["sigma"] = 0.5;
  write_file(at.log + ".json", manifest.dump(2));
  const Json findings = audit();
  ASSERT_EQ(findings.size(), 1u) << findings.dump();
  EXPECT_EQ(findings[0]["kind"], "radius");
  EXPECT_NE(findings[0]["text"].get<std::string>().find("sigma = 0.25 fits all"), std::string::npos) << findings.dump();
}

TEST_F(Audit, PrintsNotMoreThanTenFindingsOfAKind) {
  for (int row = 1; row <= 15; ++row) change(row, "correct", cell(row, "correct") == "0" ? "1" : "0");
  const Outcome outcome = run({"audit", at.log});
  EXPECT_EQ(lines_of(outcome.out).size(), 10u + 2) << outcome.out;
  EXPECT_NE(outcome.out.find("and 5 more of this kind (correct; --json lists all)"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("40 rows, 15 findings"), std::string::npos) << outcome.out;
}

TEST_F(Audit, RefusesASelectionThatIsNone) {
  for (const char* selection : {"none", "both", ""}) {
    Json manifest = Json::parse(contents_of(at.log + ".json"));
    manifest["selection"] = selection;
    write_file(at.log + ".json", manifest.dump(2));
    EXPECT_TRUE(refused(at.folder, {"audit", at.log}, "the manifest's selection is")) << selection;
  }
}

TEST_F(Audit, LetsNoOneSayThatALogWasMadeFromAnother) {
  Json manifest = Json::parse(contents_of(at.log + ".json"));
  manifest["recertified_from"] = std::string(64, '0');
  manifest["seed"] = 1;
  write_file(at.log + ".json", manifest.dump(2));
  EXPECT_GE(audit(replay("40")).size(), 20u);
}

TEST_F(Audit, SaysThatNothingWasCheckedAndEndsWithOne) {
  const std::string drawn = at.folder / "drawn";
  ASSERT_EQ(run({"recertify", at.log, "--out", drawn, "--n", "300"}).status, 0);
  Json manifest = Json::parse(contents_of(drawn + ".json"));
  manifest.erase("drawn_from_n");  // of an earlier version
  write_file(drawn + ".json", manifest.dump(2));
  const Outcome outcome = run({"audit", drawn, "--model", at.model, "--data", at.images, "--quiet"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(lines_of(outcome.out).back().find("NOT CHECKED"), std::string::npos) << outcome.out;
  EXPECT_EQ(run({"audit", drawn}).status, 0);
}

TEST_F(Audit, HoldsALogAgainstFreshDraws) {
  const Arguments fresh{"--model", at.model, "--data", at.images, "--fresh", "2000"};
  EXPECT_TRUE(audit(fresh).empty());
  // Votes and bounds of another image's certainty, which their log says of itself without a contradiction.
  auto table = table_of(at.log);
  const auto of = [&](const char* name) {
    return static_cast<std::size_t>(std::find(table[0].begin(), table[0].end(), name) - table[0].begin());
  };
  const auto sure = std::find_if(table.begin(), table.end(), [&](const Cells& cells) { return cells[of("count")] == "1000"; });
  ASSERT_NE(sure, table.end());
  int raised = 0;
  for (std::size_t i = 1; i < table.size(); ++i) {
    const auto count = std::stoi(table[i][of("count")]);
    if (table[i][of("predict")] == "-1" || count > 850) continue;
    for (const char* name : {"radius", "p_lower", "count", "runner_up", "runner_up_count", "selection", "counts"}) {
      table[i][of(name)] = name == std::string("radius")            ? (*sure)[of("radius")]
                           : name == std::string("p_lower")         ? (*sure)[of("p_lower")]
                           : name == std::string("count")           ? "1000"
                           : name == std::string("runner_up")       ? (table[i][of("predict")] == "0" ? "1" : "0")
                           : name == std::string("runner_up_count") ? "0"
                           : name == std::string("selection")       ? table[i][of("predict")] + ":100"
                                                                    : table[i][of("predict")] + ":1000";
    }
    ++raised;
  }
  ASSERT_GE(raised, 3);
  write(table);
  EXPECT_TRUE(audit().empty()) << audit().dump();
  EXPECT_GE(audit(fresh).size(), static_cast<std::size_t>(raised));
  EXPECT_TRUE(refused(at.folder, {"audit", at.log, "--fresh", "100"}, "--fresh needs --model and --data"));
}

TEST_F(Audit, HoldsAnotherArithmeticToAShareOfTheVotes) {
  const Outcome outcome = run({"audit", at.log, "--model", at.model, "--data", at.images, "--rows", "3", "--precision", "fp32", "--quiet"});
  if (Json::parse(contents_of(at.log + ".json"))["precision"] == "fp32") GTEST_SKIP() << "this processor has no bf16";
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("other arithmetic: precision"), std::string::npos) << outcome.out;
}

TEST_F(Audit, FindsWhatTheModelIsNot) {
  write_file(at.folder / "other.onnx", contents_of(at.folder / "model.onnx") + std::string("\x12\x01x", 3));  // another producer's name
  const Json findings = audit({"--model", at.folder / "other.onnx", "--data", at.images});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0]["kind"], "manifest");
}

class Recertify : public Audit {};

TEST_F(Recertify, AtAnotherAlphaEqualsAFreshRunRowByRow) {
  for (const char* alpha : {"0.01", "0.00001"}) {
    const std::string fresh = at.folder / (std::string("fresh") + alpha), again = at.folder / (std::string("again") + alpha);
    ASSERT_TRUE(succeeded(run(at.certify(fresh, {"--alpha", alpha}))));
    ASSERT_EQ(run({"recertify", at.log, "--out", again, "--alpha", alpha}).status, 0);
    EXPECT_EQ(rows_of(again), rows_of(fresh));
  }
}

TEST_F(Recertify, WithAnotherBoundEqualsAFreshRun) {
  const std::string fresh = at.folder / "fresh", again = at.folder / "again";
  ASSERT_TRUE(succeeded(run(at.certify(fresh, {"--bound", "pb"}))));
  ASSERT_EQ(run({"recertify", at.log, "--out", again, "--bound", "pb"}).status, 0);
  EXPECT_EQ(rows_of(again), rows_of(fresh));
  for (const char* bound : {"lecuyer", "li"}) {
    ASSERT_EQ(run({"recertify", at.log, "--out", at.folder / bound, "--bound", bound}).status, 0);
    EXPECT_EQ(run({"audit", at.folder / bound}).status, 0);
  }
}

TEST_F(Recertify, FewerSamplesAreDrawnFromTheVotes) {
  const std::string one = at.folder / "one", two = at.folder / "two", other = at.folder / "other";
  ASSERT_EQ(run({"recertify", at.log, "--out", one, "--n", "300"}).status, 0);
  ASSERT_EQ(run({"recertify", at.log, "--out", two, "--n", "300"}).status, 0);
  ASSERT_EQ(run({"recertify", at.log, "--out", other, "--n", "300", "--seed", "9"}).status, 0);
  EXPECT_EQ(rows_of(one), rows_of(two));
  EXPECT_NE(rows_of(one), rows_of(other));
  EXPECT_EQ(run({"audit", one}).status, 0);
  const Outcome redrawn = run({"audit", one, "--model", at.model, "--data", at.images});
  EXPECT_EQ(redrawn.status, 0);
  EXPECT_NE(redrawn.out.find("10 rows drawn again, 10 as they were"), std::string::npos) << redrawn.out;
  EXPECT_NE(run({"audit", other}).out.find("its draw of fewer votes, 9, was chosen by hand"), std::string::npos);
}

TEST_F(Recertify, OfOriginalDrawsIsDrawnAgain) {
  const std::string again = at.folder / "again";
  ASSERT_EQ(run({"recertify", at.log, "--out", again, "--alpha", "0.01"}).status, 0);
  const Outcome redrawn = run({"audit", again, "--model", at.model, "--data", at.images});
  EXPECT_EQ(redrawn.status, 0);
  EXPECT_NE(redrawn.out.find("10 rows drawn again, 10 as they were"), std::string::npos) << redrawn.out;
}

// Rows that were concluded or drawn otherwise may not become rows of a run.
TEST_F(Recertify, LogsAreNeverContinuedByARun) {
  for (const Arguments& how : {Arguments{"--n", "300", "--scale"}, {"--n", "300"}, {"--alpha", "0.01"}, {"--family-wise"}}) {
    const std::string made = at.folder / ("made" + how.back());
    Arguments recertify{"recertify", at.log, "--out", made};
    recertify.insert(recertify.end(), how.begin(), how.end());
    ASSERT_EQ(run(recertify).status, 0);
    Arguments goes_on = with(at.certify(made), "--n", how[0] == "--n" ? "300" : "1000");
    if (how[0] == "--alpha") goes_on.insert(goes_on.end(), {"--alpha", "0.01"});
    const std::string before = contents_of(made), manifest = contents_of(made + ".json");
    EXPECT_TRUE(refused(at.folder, goes_on, "recertified_from"));
    EXPECT_EQ(contents_of(made), before);
    EXPECT_EQ(contents_of(made + ".json"), manifest);
  }
}

TEST_F(Recertify, ScaledCountsAreMarkedAndCertifyNothing) {
  const std::string scaled = at.folder / "scaled";
  const Outcome outcome = run({"recertify", at.log, "--out", scaled, "--n", "100000", "--scale"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("ILLUSTRATION"), std::string::npos);
  EXPECT_NE(run({"summary", scaled}).out.find("ILLUSTRATION"), std::string::npos);
  EXPECT_EQ(run({"audit", scaled}).status, 1);
  EXPECT_TRUE(refused(at.folder, {"recertify", scaled, "--out", at.folder / "more", "--alpha", "0.1"}, "scaled"));
}

TEST_F(Recertify, RefusesWhatCannotBeDerived) {
  const std::string out = at.folder / "out";
  const auto refuses = [&](Arguments more, const std::string& words) {
    more.insert(more.begin(), {"recertify", at.log, "--out", out});
    EXPECT_TRUE(refused(at.folder, more, words));
  };
  refuses({"--n", "2000"}, "only 1000 samples were drawn");
  refuses({}, "nothing to change");
  refuses({"--alpha", "0"}, "alpha is 0");
  refuses({"--alpha", "0.1", "--scale"}, "scaling needs the number of samples");
  refuses({"--bound", "best"}, "--bound");
  EXPECT_TRUE(refused(at.folder, {"recertify", at.log, "--out", at.log, "--alpha", "0.1"}, "is the log itself"));
  const std::string staged = at.folder / "staged", none = at.folder / "none";
  ASSERT_TRUE(succeeded(run(at.certify(staged, {"--radii", "0,0.1"}))));
  EXPECT_TRUE(refused(at.folder, {"recertify", staged, "--out", out, "--alpha", "0.01"}, "certify-radii cannot be recertified"));
  ASSERT_TRUE(succeeded(run(at.certify(none, {"--selection", "none"}))));
  EXPECT_TRUE(refused(at.folder, {"recertify", none, "--out", out, "--bound", "pb"}, "bound pb needs"));
  std::filesystem::remove(at.log + ".json");
  refuses({"--alpha", "0.1"}, "has no manifest");
}

TEST_F(Recertify, TakesSeveralLogsToAFolder) {
  const std::string second = at.folder / "second", folder = at.folder / "folder";
  ASSERT_TRUE(succeeded(run(with(at.certify(second), "--sigma", "0.3"))));
  std::filesystem::create_directory(folder);
  EXPECT_EQ(run({"recertify", at.log, second, "--out", folder, "--alpha", "0.1"}).status, 0);
  EXPECT_TRUE(std::filesystem::exists(folder + "/second.json"));
  EXPECT_TRUE(
      refused(at.folder, {"recertify", at.log, second, "--out", at.folder / "nothing", "--alpha", "0.1"}, "several logs need a folder"));
}

TEST_F(Recertify, LogsStandSideBySideAndInPairs) {
  const std::string other = at.folder / "other";
  ASSERT_TRUE(succeeded(run(with(at.certify(other, {"--bound", "pb"}), "--n", "500"))));
  const Outcome both = run({"summary", at.log, other, "--radii", "0,0.25"});
  EXPECT_TRUE(succeeded(both));
  EXPECT_NE(both.out.find("sigma 0.25      pb"), std::string::npos) << both.out;
  const Outcome paired = run({"summary", "--paired", at.log, other, "--radii", "0"});
  EXPECT_TRUE(succeeded(paired));
  EXPECT_NE(paired.out.find("40 images of both"), std::string::npos) << paired.out;
  const std::string fewer = at.folder / "fewer";
  ASSERT_TRUE(succeeded(run(at.certify(fewer, {"--max", "5"}))));
  EXPECT_TRUE(refused(at.folder, {"summary", "--paired", at.log, fewer}, "only in the first log"));
  EXPECT_TRUE(refused(at.folder, {"summary", "--paired", at.log}, "--paired compares two logs"));
}

}  // namespace
}  // namespace ballast::cli::testing::audit_test
