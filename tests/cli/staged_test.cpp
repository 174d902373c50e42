// SPDX-License-Identifier: Apache-2.0
//
// `ballast certify` with samples that are not fixed, other bounds and other noises, and `ballast plan`.

#include <nlohmann/json.hpp>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::staged_test {
namespace {

using Json = nlohmann::json;

class Staged : public ::testing::Test {
 protected:
  // The column of a log, by its header.
  static std::vector<std::string> column(const std::string& log, const std::string& name) {
    const auto table = table_of(log);
    if (table.empty()) return {};
    const auto place = static_cast<std::size_t>(std::find(table[0].begin(), table[0].end(), name) - table[0].begin());
    std::vector<std::string> cells;
    for (std::size_t i = 1; i < table.size(); ++i) cells.push_back(table[i].at(place));
    return cells;
  }
  // Options and their values; they replace the fixture's.
  Arguments certify(const std::string& log, const Arguments& more) const {
    Arguments arguments = at.certify(log);
    for (std::size_t i = 0; i < more.size(); i += 2) arguments = with(arguments, more[i], more[i + 1]);
    return arguments;
  }
  std::string made(const std::string& name, const Arguments& more) const {
    const std::string log = at.folder / name;
    EXPECT_TRUE(succeeded(run(certify(log, more))));
    return log;
  }
  static Json manifest_of(const std::string& log) { return Json::parse(contents_of(log + ".json")); }

  Fixture at;
};

TEST_F(Staged, RowsAreTheSameForAnyNumberOfThreads) {
  for (const Arguments& how :
       {Arguments{"--radii", "0,0.1,0.3"}, Arguments{"--tolerance", "0.2"}, Arguments{"--anytime", "--gain", "0.2"}}) {
    const auto with_threads = [&](const std::string& threads) {
      Arguments more = how;
      more.insert(more.end(), {"--threads", threads});
      const std::string log = at.folder / (how[0] + threads);
      EXPECT_TRUE(succeeded(run(at.certify(log, more))));
      return rows_of(log);
    };
    const auto one = with_threads("1");
    EXPECT_EQ(one.size(), 41u);
    EXPECT_EQ(with_threads("2"), one);
    EXPECT_EQ(with_threads("3"), one);
  }
}

TEST_F(Staged, RadiiAreOneOfThoseNamedAndMostlyTakeFewSamples) {
  const std::string log = made("log", {"--radii", "0.3,0,0.1", "--n", "10000"});
  double samples = 0;
  for (const std::string& radius : column(log, "radius"))
    EXPECT_TRUE(radius == "0.000000" || radius == "0.100000" || radius == "0.300000") << radius;
  for (const std::string& n : column(log, "n")) samples += std::stod(n);
  EXPECT_LT(samples, 40 * 10000 / 4);
  EXPECT_EQ(column(log, "selection"), std::vector<std::string>(40, "-"));
  const Json manifest = manifest_of(log);
  EXPECT_EQ(manifest["method"], "certify-radii");
  EXPECT_EQ(manifest["target"], "label");
  EXPECT_EQ(manifest["radii"], Json::parse("[0.0,0.1,0.3]"));
  const Outcome summary = run({"summary", log, "--radii", "0,0.1,0.3"});
  EXPECT_TRUE(succeeded(summary));
  EXPECT_EQ(summary.out.find("0.0000  0.0000  0.0000"), std::string::npos) << summary.out;
}

TEST_F(Staged, TestsThePredictedClassWhereToldTo) {
  const std::string log = made("log", {"--radii", "0,0.3", "--target", "predicted", "--n0", "50"});
  const auto predicted = column(log, "predict"), labels = column(log, "label");
  ASSERT_EQ(predicted.size(), 40u);
  EXPECT_EQ(predicted[34], "2");  // a bright band of the next class
  EXPECT_EQ(labels[34], "1");
  EXPECT_EQ(column(log, "selection")[34], "2:50");
  EXPECT_EQ(column(made("labelled", {"--radii", "0,0.3"}), "predict")[34], "-1");
}

TEST_F(Staged, AKilledRunIsContinued) {
  const auto whole = rows_of(made("whole", {"--radii", "0,0.1,0.3", "--n", "20000"}));
  for (const int rows : {1, 7, 20}) {
    const std::string log = made("part" + std::to_string(rows), {"--radii", "0,0.1,0.3", "--n", "20000", "--max", std::to_string(rows)});
    std::string text = contents_of(log);
    write_file(log, text + "39\t0\t0\t0.1");  // torn
    ASSERT_TRUE(succeeded(run(certify(log, {"--radii", "0,0.1,0.3", "--n", "20000"}))));
    EXPECT_EQ(rows_of(log), whole);
  }
}

TEST_F(Staged, BoundsAndSelectionAreMarked) {
  const std::string pb = made("pb", {"--bound", "pb"}), none = made("none", {"--selection", "none"}), plain = made("plain", {});
  EXPECT_EQ(manifest_of(pb)["bound"], "pb");
  EXPECT_EQ(manifest_of(none)["selection"], "none");
  EXPECT_EQ(manifest_of(plain)["bound"], "cohen");
  EXPECT_EQ(column(pb, "counts"), column(plain, "counts"));
  EXPECT_EQ(column(none, "counts"), column(plain, "counts"));
  EXPECT_EQ(column(none, "selection"), std::vector<std::string>(40, "-"));
  EXPECT_NE(column(pb, "radius"), column(plain, "radius"));
}

TEST_F(Staged, FamilyWiseGivesEachImageItsShare) {
  const std::string log = at.folder / "log";
  ASSERT_TRUE(succeeded(run(at.certify(log, {"--alpha", "0.04", "--family-wise"}))));
  EXPECT_EQ(manifest_of(log)["alpha"], 0.001);
  EXPECT_EQ(rows_of(log), rows_of(made("plain", {"--alpha", "0.001"})));
}

TEST_F(Staged, OtherNoisesCertifyOtherNormsAndSaySo) {
  const Arguments base{"certify", at.model, at.images, "", "--n", "500", "--noise", "", "--lambda", "0.4"};
  for (const auto& [noise, name] : {std::pair{"uniform", "uniform-grid"}, {"laplace", "laplace-grid"}, {"split", "split"}}) {
    Arguments arguments = base;
    const std::string log = at.folder / noise;
    arguments[3] = log;
    arguments[7] = noise;
    const Outcome outcome = run(arguments);
    ASSERT_TRUE(succeeded(outcome));
    EXPECT_NE(outcome.out.find("l1"), std::string::npos) << outcome.out;
    const Json manifest = manifest_of(log);
    EXPECT_EQ(manifest["norm"], "l1");
    EXPECT_EQ(manifest["noise"], name);
    EXPECT_EQ(manifest["lambda"], 0.4);
    EXPECT_NE(run({"summary", log}).out.find("l1"), std::string::npos);
    EXPECT_EQ(run({"audit", log}).status, 0);
  }
  EXPECT_EQ(column(at.folder / "split", "n"), std::vector<std::string>(40, "204"));
}

// The radius at any time is nearly that of a fixed number of samples, and everything that reads logs knows it.
TEST_F(Staged, AnytimeIsReportedAuditedMergedAndConcludedAgain) {
  const std::string log = at.folder / "anytime", fixed = made("fixed", {"--n", "5000"});
  const Arguments anytime = with(at.certify(log, {"--anytime"}), "--n", "5000");
  const Outcome outcome = run(anytime);
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_EQ(manifest_of(log)["method"], "certify-anytime");
  EXPECT_FALSE(manifest_of(log).contains("gain"));
  const auto radii = column(log, "radius"), least = column(fixed, "radius"), predict = column(log, "predict");
  int certified = 0;
  for (std::size_t i = 0; i < radii.size(); ++i) {
    if (std::stod(radii[i]) < 0.1) continue;
    ++certified;
    EXPECT_GT(std::stod(radii[i]), 0.9 * std::stod(least[i])) << i;
  }
  EXPECT_GT(certified, 5);
  EXPECT_EQ(run({"audit", log, "--model", at.model, "--data", at.images, "--quiet"}).status, 0);
  EXPECT_NE(run({"summary", log}).out.find("at any time, n up to 5000"), std::string::npos);
  EXPECT_EQ(run({"plan", at.model, at.images, "--sigma", "0.25", "--n", "5000", "--anytime", "--gain", "0.1", "--seconds", "0.2"}).status,
            0);

  // Shards are the whole.
  std::vector<std::string> parts;
  for (const char* shard : {"1/2", "2/2"}) {
    parts.push_back(at.folder / std::string("part") + shard[0]);
    Arguments one = anytime;
    one[3] = parts.back();
    ASSERT_TRUE(succeeded(run(with(one, "--shard", shard))));
  }
  const std::string merged = at.folder / "merged";
  ASSERT_TRUE(succeeded(run({"merge", parts[0], parts[1], "--out", merged})));
  EXPECT_EQ(rows_of(merged), rows_of(log));

  // Another alpha, from the look where the bound was least or from the end.
  const std::string again = at.folder / "again";
  ASSERT_TRUE(succeeded(run({"recertify", log, "--out", again, "--alpha", "0.0001"})));
  EXPECT_EQ(run({"audit", again, "--model", at.model, "--data", at.images, "--quiet"}).status, 0);
  const auto smaller = column(again, "radius");
  for (std::size_t i = 0; i < radii.size(); ++i) EXPECT_LE(std::stod(smaller[i]), std::stod(radii[i])) << i;
  EXPECT_TRUE(refused(at.folder, {"recertify", log, "--out", at.folder / "other", "--n", "100"}, "takes another alpha"));
}

// A gain ends the drawing where more would hardly help.
TEST_F(Staged, AnytimeStopsAtItsGain) {
  const std::string log = at.folder / "gain", all = at.folder / "all";
  ASSERT_TRUE(succeeded(run(with(at.certify(log, {"--anytime", "--gain", "0.2"}), "--n", "20000"))));
  ASSERT_TRUE(succeeded(run(with(at.certify(all, {"--anytime"}), "--n", "20000"))));
  EXPECT_EQ(manifest_of(log)["gain"], 0.2);
  const auto drawn = column(log, "n"), most = column(all, "n"), radii = column(log, "radius"), largest = column(all, "radius");
  int stopped = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    EXPECT_LE(std::stoull(drawn[i]), std::stoull(most[i]));
    if (std::stod(radii[i]) < 0.1 || drawn[i] == most[i]) continue;
    ++stopped;
    EXPECT_GT(std::stod(radii[i]), 0.7 * std::stod(largest[i])) << i;
  }
  EXPECT_GT(stopped, 5);
  EXPECT_EQ(run({"audit", log, "--model", at.model, "--data", at.images, "--quiet"}).status, 0);

  // At another alpha it would have stopped elsewhere: its votes and those at its look are drawn again all the same, twice over.
  std::string last = log;
  for (const char* alpha : {"0.05", "0.0005"}) {
    const std::string again = at.folder / (std::string("again") + alpha);
    ASSERT_TRUE(succeeded(run({"recertify", last, "--out", again, "--alpha", alpha})));
    const Arguments audit{"audit", again, "--model", at.model, "--data", at.images, "--rows", "40", "--quiet"};
    const Outcome audited = run(audit);
    EXPECT_EQ(audited.status, 0) << audited.out;
    last = again;
  }
  // A look with fewer failures than there were, and the claim that would follow from it.
  std::string text = contents_of(last);
  const auto table = table_of(last);
  const auto looks = static_cast<std::size_t>(std::find(table[0].begin(), table[0].end(), "looks") - table[0].begin());
  const auto with_failures = [&](const Cells& row) { return row[looks].find(':') != std::string::npos && !row[looks].ends_with(":0"); };
  const auto forged = std::find_if(table.begin() + 1, table.end(), with_failures);
  ASSERT_NE(forged, table.end());
  const std::string look = "\t" + (*forged)[looks] + "\t", better = "\t" + (*forged)[looks].substr(0, (*forged)[looks].find(':')) + ":0\t";
  text.replace(text.find(look), look.size(), better);
  write_file(last, text);
  const Outcome found = run({"audit", last, "--model", at.model, "--data", at.images, "--rows", "40", "--quiet"});
  EXPECT_EQ(found.status, 1);
  EXPECT_NE(found.out.find("looks is"), std::string::npos) << found.out;
}

TEST_F(Staged, RefusesWhatDoesNotGoTogether) {
  const auto refuses = [&](const Arguments& more, const std::string& words) {
    EXPECT_TRUE(refused(at.folder, certify(at.log, more), words));
  };
  refuses({"--radii", "0.1", "--tolerance", "0.1"}, "--radii and --tolerance");
  refuses({"--gain", "0.1"}, "--gain goes with --anytime");
  refuses({"--radii", "0.1", "--bound", "pb"}, "--bound pb: only for a fixed number of samples");
  refuses({"--tolerance", "0.1", "--selection", "none"}, "--selection none: only for a fixed number of samples");
  refuses({"--selection", "none", "--bound", "pb"}, "bound pb needs a class that was chosen by draws of its own");
  refuses({"--target", "label"}, "--target goes with --radii, --tolerance or --anytime");
  refuses({"--futility", "0.1"}, "--futility goes with --radii, --tolerance or --anytime");
  refuses({"--radii", "0.1,0.1"}, "radii must rise");
  refuses({"--radii", "-0.1"}, "radius -0.1: must be finite and at least 0");
  refuses({"--radii", "0.1234567"}, "at most 6 decimals");
  refuses({"--radii", "3"}, "radius 3: ");
  refuses({"--radii", "0", "--futility", "1"}, "futility");
  refuses({"--tolerance", "0"}, "tolerance");
  refuses({"--tolerance", "1"}, "tolerance");
  refuses({"--tolerance", "0.1", "--n", "200"}, "pilot");
  refuses({"--lambda", "1"}, "--lambda goes with");
  refuses({"--noise", "uniform"}, "--lambda is required");
  refuses({"--noise", "uniform", "--lambda", "1"}, "its scale is --lambda, not --sigma");
  const Arguments split{"certify", at.model, at.images, at.log, "--noise", "split", "--lambda", "0.5", "--radii", "0"};
  EXPECT_TRUE(refused(at.folder, split, "--noise split: is exact"));
  const Arguments odd{"certify", at.model, at.images, at.log, "--noise", "split", "--lambda", "0.5001"};
  EXPECT_TRUE(refused(at.folder, odd, "lambda"));
}

TEST_F(Staged, PlanSaysWhatWillBeDrawnAndWhatCannotBeReached) {
  const auto plan = [&](const Arguments& more) {
    Arguments arguments{"plan", at.model, at.images, "--sigma", "0.25", "--seconds", "0.1", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(arguments);
    EXPECT_TRUE(succeeded(outcome));
    return Json::parse(outcome.out);
  };
  const Json fixed = plan({"--n", "1000", "--table", "0.5,1"});
  EXPECT_EQ(fixed["images"], 40);
  EXPECT_EQ(fixed["samples_per_image"], 1100);
  EXPECT_EQ(fixed["unreachable_radii"], Json::parse("[1.0]"));
  EXPECT_NEAR(fixed["largest_radius"].get<double>(), 0.615815, 1e-6);  // as the log of a unanimous vote has it
  EXPECT_GT(fixed["samples_per_second"].get<double>(), 0);
  const Json radii = plan({"--n", "1000", "--radii", "0,0.25,2"});
  EXPECT_EQ(radii["unreachable_radii"], Json::parse("[2.0]"));
  EXPECT_LT(radii["samples_per_image"].get<double>(), 1000);
  EXPECT_GT(plan({"--n", "5000", "--tolerance", "0.1"})["samples_per_image"].get<double>(), 20);
  EXPECT_TRUE(refused(at.folder, {"plan", at.model, at.images, "--sigma", "0.25", "--radii", "9"}, "none of the radii can be reached"));
  const Json rate = plan({"--rate", "1e12"});
  EXPECT_GE(rate["cores_for_rate"].get<double>() * rate["noisy_images_per_second_of_a_core"].get<double>(), 1e12);
  EXPECT_EQ(plan({"--rate", "1"})["cores_for_rate"], 1);
  EXPECT_TRUE(refused(at.folder, {"plan", at.model, at.images, "--sigma", "0.25", "--rate", "0"}, "--rate 0"));
}

TEST_F(Staged, PlanShowsWhatCostsLess) {
  const Arguments plan{"plan", at.model, at.images, "--sigma", "0.25", "--seconds", "0.1"};
  const Outcome brief = run(with(plan, "--n", "1000")), lengthy = run(with(plan, "--n", "100000000"));
  EXPECT_EQ(brief.out.find("for less"), std::string::npos) << brief.out;
  EXPECT_NE(lengthy.out.find("4 billion samples in all"), std::string::npos) << lengthy.out;
  EXPECT_NE(lengthy.out.find("--n 10000000: about "), std::string::npos) << lengthy.out;
  EXPECT_NE(lengthy.out.find("--radii 0,0.25,0.5 --n 1000000: about "), std::string::npos) << lengthy.out;
}

}  // namespace
}  // namespace ballast::cli::testing::staged_test
