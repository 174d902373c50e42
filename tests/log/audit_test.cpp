// SPDX-License-Identifier: Apache-2.0
//
// Clean logs of every method give no finding; each kind of alteration gives its own, at its line.

#include "ballast/log/audit.hpp"

#include <gtest/gtest.h>

#include "audit_fixtures.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::log::audit_test {
namespace {

Settings with_noise(Settings settings, NoiseKind noise) {
  settings.noise = noise;
  return settings;
}

TEST(Audit, FindsNothingInACleanLogOfAnyMethod) {
  std::vector<Settings> all;
  for (const auto& method : all_methods) all.push_back(settings_of(method));
  for (const FixedSamples& method :
       {FixedSamples{0, 1000}, FixedSamples{100, 1000, stats::Bound::pb}, FixedSamples{0, 1000, stats::Bound::li}})
    all.push_back(settings_of(method));
  Settings family = settings_of(of_fixed_samples);
  family.family_size = 48;
  family.alpha = 0.001 / 48;
  all.push_back(family);
  all.push_back(with_noise(settings_of(of_fixed_samples), NoiseKind::laplace));
  all.push_back(settings_of(NamedRadii{testing_the_label, of_named_radii.radii}));
  all.push_back(with_noise(settings_of(NamedRadii{testing_the_label, {0, 0.2}}), NoiseKind::uniform_grid));
  for (const NoiseKind noise : {NoiseKind::grid, NoiseKind::uniform_grid, NoiseKind::laplace}) {
    all.push_back(with_noise(settings_of(Anytime{testing_the_label, 0.01}), noise));
    all.push_back(with_noise(settings_of(Anytime{of_selection, {}}), noise));
  }
  for (const Settings& settings : all) {
    const std::vector<Record> rows = rows_of(settings, 48);
    const Audit audit = LogFile(kind_of(settings), manifest_of(settings, 48), rows).audited();
    EXPECT_TRUE(audit.findings.empty()) << name_of(settings.method) << "\n" << texts(audit);
    EXPECT_TRUE(audit.notes.empty()) << name_of(settings.method);
    EXPECT_EQ(audit.settings, settings_from(manifest_of(settings)));
    const auto answers = std::count_if(rows.begin(), rows.end(), [](const Record& row) { return row.predict.has_value(); });
    EXPECT_GT(answers, 20) << name_of(settings.method);
    if (!is<Splitting>(settings)) EXPECT_LT(answers, 48) << name_of(settings.method);
  }
}

TEST(Audit, OfAFixedNumberOfSamplesFindsWhatWasAltered) {
  const std::vector<Alteration> alterations{
      {"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
      {"a vote less of another class", [](Record& r) { --r.counts[0]; }, {"counts"}},
      {"count one higher", [](Record& r) { ++r.count; }, {"counts"}},
      {"a vote moved to the class tested", [](Record& r) { --r.counts[0], ++r.counts[2]; }, {"radius"}},
      {"a vote moved everywhere",
       [](Record& r) {
         --r.counts[0], ++r.counts[2], ++r.count;
         r.runner_up_count = std::max({r.counts[0], r.counts[1], r.counts[4]});
       },
       {"radius"}},
      {"n one higher", [](Record& r) { ++r.samples; }, {"counts"}},
      {"runner_up another class", [](Record& r) { r.runner_up = 3; }, {"counts"}},
      {"runner_up the class itself", [](Record& r) { r.runner_up = 2; }, {"counts"}},
      {"runner_up no class at all", [](Record& r) { r.runner_up = std::numeric_limits<Label>::max() - 1; }, {"counts"}},
      {"runner_up_count one higher", [](Record& r) { ++r.runner_up_count; }, {"counts"}},
      {"another class predicted", [](Record& r) { r.predict = 1, r.correct = false; }, {"counts"}},
      {"another class predicted, still correct", [](Record& r) { r.predict = 1; }, {"correct", "counts"}},
      {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}},
      {"abstains", [](Record& r) { r.predict.reset(), r.correct = false, r.radius = 0; }, {"radius"}},
      {"abstains with a radius", [](Record& r) { r.predict.reset(), r.correct = false; }, {"abstention", "counts"}},
      {"radius raised in the last digit", [](Record& r) { r.radius += last_digit; }, {"radius"}},
      {"radius lowered in the last digit", [](Record& r) { r.radius -= last_digit; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"a selection vote less", [](Record& r) { --r.selection[2]; }, {"counts"}},
      {"another class selected",
       [](Record& r) {
         r.selection = {100, 0, 0, 0, 0};
       },
       {"radius"}},
      {"votes beyond all numbers", [](Record& r) { r.counts[0] = std::numeric_limits<std::uint64_t>::max(); }, {"counts"}}};
  check_alterations(settings_of(of_fixed_samples), alterations);
}

TEST(Audit, OfPredictionsFindsWhatWasAltered) {
  const std::vector<Alteration> alterations{{"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
                                            {"count one higher", [](Record& r) { ++r.count; }, {"counts"}},
                                            {"a vote moved", [](Record& r) { --r.counts[0], ++r.counts[2]; }, {"counts"}},
                                            {"n one higher", [](Record& r) { ++r.samples; }, {"counts"}},
                                            {"runner_up_count one higher", [](Record& r) { ++r.runner_up_count; }, {"counts"}},
                                            {"abstains", [](Record& r) { r.predict.reset(), r.correct = false; }, {"counts"}},
                                            {"another class predicted", [](Record& r) { r.predict = 1, r.correct = false; }, {"counts"}},
                                            {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}}};
  check_alterations(settings_of(of_prediction), alterations);
}

TEST(Audit, OfSplittingFindsWhatWasAltered) {
  const std::vector<Alteration> alterations{
      {"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
      {"count one higher", [](Record& r) { ++r.count; }, {"counts"}},
      {"runner_up_count one lower", [](Record& r) { --r.runner_up_count; }, {"counts"}},
      {"both, and the radius that follows",
       [](Record& r) { ++r.count, r.radius = static_cast<double>(r.count - r.runner_up_count) / 510; },
       {"radius"}},
      {"n one higher", [](Record& r) { ++r.samples; }, {"counts"}},
      {"another class predicted", [](Record& r) { r.predict = 1, r.correct = false; }, {"counts"}},
      {"radius raised in the last digit", [](Record& r) { r.radius += last_digit; }, {"radius"}},
      {"radius lowered in the last digit", [](Record& r) { r.radius -= last_digit; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}}};
  check_alterations(settings_of(by_splitting), alterations);
}

TEST(Audit, OfADeterministicBoundFindsWhatContradictsItself) {
  const Settings settings = settings_of(Verification{"crown"});
  EXPECT_EQ(places(LogFile(settings, rows_of(settings)).audited()), std::vector<Place>{});
  const std::vector<Alteration> alterations{{"another class", [](Record& r) { r.predict = 1, r.correct = false; }, {"radius"}},
                                            {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}}};
  check_alterations(settings, alterations);
  const Settings at_one_radius = settings_of(Verification{"crown", 1, 0.125});
  check_alterations(at_one_radius, {{"above the tested radius", [](Record& r) { r.radius = 0.126; }, {"radius"}}});
}

TEST(Audit, OfAnAttackFindsWhatItsVotesDoNotSay) {
  const Settings settings = settings_of(Attack{.samples = 1000, .factor = 0.999});
  EXPECT_EQ(places(LogFile(settings, rows_of(settings)).audited()), std::vector<Place>{});
  std::vector<Alteration> alterations{
      {"success turned over", [](Record& r) { r.success = !r.success; }, {"success"}},
      {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}},
      {"another class attacked", [](Record& r) { r.attacked = 1; }, {"success"}},
      {"beyond the budget", [](Record& r) { r.distance = 1.01 * r.budget; }, {"radius"}},
      {"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
      {"n one higher", [](Record& r) { ++r.samples; }, {"counts"}},
      {"another class answered", [](Record& r) { r.predict = 1, r.correct = false, r.success = true; }, {"counts"}}};
  check_alterations(settings, alterations);
  check_alterations(settings_of(Attack{.samples = 1000, .tested_radius = 0.5}),
                    {{"another budget", [](Record& r) { r.budget = 0.51; }, {"radius"}}});
  Settings plain = settings_of(Attack{.samples = 1, .tested_radius = 0.5});
  plain.noise.reset();
  EXPECT_EQ(places(LogFile(plain, rows_of(plain)).audited()), std::vector<Place>{});
  alterations.resize(4);
  alterations.push_back({"two votes", [](Record& r) { r.counts[2] = 2; }, {"counts"}});
  alterations.push_back({"the vote of another class", [](Record& r) { r.counts[1] = std::exchange(r.counts[2], 0); }, {"counts"}});
  check_alterations_at(plain, 0, alterations);
}

TEST(Audit, FindsRowsMissingRepeatedOrOutOfOrder) {
  const Settings settings = settings_of(of_fixed_samples);
  const std::vector<Record> rows = rows_of(settings);
  const auto found = [&](std::vector<Record> altered) { return places(LogFile(settings, altered).audited()); };
  std::vector<Record> altered = rows;
  altered.erase(altered.begin() + 5);
  EXPECT_EQ(found(altered), (std::vector<Place>{{7, "missing"}}));
  altered.erase(altered.begin() + 5);
  EXPECT_EQ(found(altered), (std::vector<Place>{{7, "missing"}}));
  altered = rows;
  altered.erase(altered.begin());
  EXPECT_EQ(found(altered), (std::vector<Place>{{2, "missing"}}));
  altered = rows;
  altered.pop_back();
  EXPECT_EQ(found(altered), (std::vector<Place>{{0, "missing"}}));
  altered = rows;
  altered.insert(altered.begin() + 5, rows[4]);
  EXPECT_EQ(found(altered), (std::vector<Place>{{7, "order"}}));
  altered = rows;
  std::swap(altered[4], altered[5]);
  EXPECT_EQ(found(altered), (std::vector<Place>{{6, "missing"}, {7, "order"}}));
  altered = rows;
  altered.push_back(rows[0]);
  altered.back().index = row_count;
  EXPECT_EQ(found(altered), (std::vector<Place>{{0, "order"}}));  // more rows than were planned
  altered = rows;
  altered.back().index = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(found(altered), (std::vector<Place>{{0, "order"}, {13, "order"}}));
}

TEST(Audit, KnowsARunThatTookEverySkipth) {
  const Settings settings = settings_of(of_fixed_samples);
  std::vector<Record> rows = rows_of(settings);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].index = 3 + 100 * i;
  Manifest manifest = manifest_of(settings);
  for (auto& entry : manifest.entries) {
    if (entry.name == "start") entry.json = "3";
    if (entry.name == "skip") entry.json = "100";
  }
  EXPECT_TRUE(places(LogFile(Kind::certify, manifest, rows).audited()).empty());
  rows[4].index = 404;
  EXPECT_EQ(places(LogFile(Kind::certify, manifest, rows).audited()), (std::vector<Place>{{6, "order"}, {7, "missing"}}));
  rows.front().index = 0;
  EXPECT_EQ(places(LogFile(Kind::certify, manifest, rows).audited())[0], (Place{2, "order"}));
}

Manifest with(Manifest manifest, const std::string& name, const std::string& json) {
  std::erase_if(manifest.entries, [&](const auto& entry) { return entry.name == name; });
  manifest.entries.push_back({name, json});
  return manifest;
}

TEST(Audit, FindsAnotherAlphaAndSaysWhich) {
  const Settings settings = settings_of(of_fixed_samples);
  const Audit audit = LogFile(Kind::certify, with(manifest_of(settings), "alpha", "0.01"), rows_of(settings)).audited();
  EXPECT_EQ(places(audit), (std::vector<Place>{{0, "alpha"}})) << texts(audit);
  EXPECT_NE(audit.findings[0].text.find("alpha = 0.001 fits"), std::string::npos) << audit.findings[0].text;
  EXPECT_EQ(audit.fitting_alphas, std::vector<double>{0.001});
  EXPECT_EQ(LogFile(settings, rows_of(settings)).audited().fitting_alphas, std::vector<double>{0.001});
}

// Another alpha does not hide what is wrong with the votes.
TEST(Audit, FindsWrongVotesUnderAnotherAlphaToo) {
  const Settings settings = settings_of(of_fixed_samples);
  std::vector<Record> rows = rows_of(settings);
  --rows[3].counts[2];
  rows[5].correct = !rows[5].correct;
  const Audit audit = LogFile(Kind::certify, with(manifest_of(settings), "alpha", "0.01"), rows).audited();
  EXPECT_EQ(places(audit), (std::vector<Place>{{0, "alpha"}, {5, "counts"}, {7, "correct"}})) << texts(audit);
}

TEST(Audit, FindsOtherSettingsThanTheRowsWereMadeWith) {
  const Settings settings = settings_of(of_fixed_samples);
  const std::vector<Record> rows = rows_of(settings);
  const auto count = [&](const char* name, const char* json) {
    return static_cast<std::ptrdiff_t>(LogFile(Kind::certify, with(manifest_of(settings), name, json), rows).audited().findings.size());
  };
  EXPECT_EQ(count("sigma", "0.51"), 1);  // said once, with what fits
  EXPECT_EQ(count("n", "1001"), std::ssize(rows));
  EXPECT_EQ(count("n0", "99"), std::ssize(rows));
  EXPECT_EQ(count("noise", "\"grid\""), 0);
  EXPECT_GT(count("bound", "\"pb\""), 0);
  EXPECT_GT(count("noise_error", "1e-6"), 0);
}

TEST(Audit, SaysThatScaledCountsAreNoCertificates) {
  Settings settings = settings_of(of_fixed_samples);
  settings.illustration = true;
  EXPECT_EQ(places(LogFile(settings, rows_of(settings)).audited()), (std::vector<Place>{{0, "manifest"}}));
}

// A certificate must not pass for a prediction, whose radius nobody looks at, nor lose the columns that it is checked by.
TEST(Audit, FindsColumnsThatAreNotTheMethods) {
  std::vector<Record> rows = rows_of(settings_of(of_fixed_samples));
  for (Record& row : rows) row.radius *= 2;
  const LogFile disguised(Kind::certify, manifest_of(settings_of(of_prediction)), rows);
  EXPECT_EQ(places(disguised.audited()), (std::vector<Place>{{1, "manifest"}}));
  for (const auto& method : all_methods) {
    const Settings settings = settings_of(method);
    for (const Kind kind : {Kind::certify, Kind::staged, Kind::predict}) {
      if (kind == kind_of(settings)) continue;
      EXPECT_EQ(places(LogFile(kind, manifest_of(settings), rows_of(settings)).audited()), (std::vector<Place>{{1, "manifest"}}));
    }
  }
  const TemporaryFolder folder;
  write_manifest(with(manifest_of(settings_of(of_fixed_samples)), "rows", "1"), folder / "log.tsv.json");
  std::ofstream(folder / "log.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t1\t1\t9.99\t1\t0:00:01\n";
  EXPECT_EQ(places(audit(folder / "log.tsv", {})), (std::vector<Place>{{1, "manifest"}}));
}

// Whatever a stranger's manifest says, it is one clear line, at once.
TEST(Audit, RefusesManifestsThatCannotBe) {
  const auto refuses = [](const procedure::Method& method, const char* name, const std::vector<std::string>& values) {
    const Settings settings = settings_of(method);
    const std::vector<Record> rows = rows_of(settings, 2);
    for (const std::string& value : values) {
      const LogFile log(kind_of(settings), with(manifest_of(settings), name, value), rows);
      try {
        const Audit audit = log.audited();
        ADD_FAILURE() << name_of(method) << " with " << name << " = " << value << ": " << texts(audit);
      } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("log.tsv.json: "), std::string::npos) << error.what();
      }
    }
  };
  for (const auto& method : all_methods) {
    for (const char* name : {"start", "skip", "rows"}) refuses(method, name, {"-1", "\"1\"", "1.5", "null", "18446744073709551616", "[]"});
    refuses(method, "method", {"\"\"", "null"});
    if (method == procedure::Method(by_splitting)) continue;
    refuses(method, "n", {"0", "1000000000000000000", "18446744073709551615", "-1"});
    refuses(method, "alpha", {"0", "1", "null"});
  }
  for (const procedure::Method& method : std::vector<procedure::Method>{of_named_radii, to_a_tolerance, at_any_time}) {
    refuses(method, "look_step", {"0", "1000000000000000000"});
    refuses(method, "futility", {"-0.1", "1"});
    refuses(method, "alpha", {"1e-300"});
    refuses(method, "n", {"1", "5"});  // not even a unanimous vote certifies
  }
  for (const procedure::Method& method : std::vector<procedure::Method>{of_named_radii, to_a_tolerance})
    refuses(method, "n", {"100000000", "4294967296"});  // minutes of computing
  std::string many = "[0";
  for (int i = 1; i < 100'000; ++i) many += "," + std::to_string(i) + "e-6";
  refuses(of_named_radii, "radii", {"[]", "[0,0]", "[5]", "[1e-7]", "[1e300]", "[0.1234567]", many + "]"});
  refuses(of_named_radii, "noise_error", {"0.4"});
  refuses(to_a_tolerance, "pilot", {"0", "1000", "100000", "1000000000000000000"});
  refuses(to_a_tolerance, "tolerance", {"0", "1", "1e-400"});
  refuses(at_any_time, "gain", {"0", "1", "-0.1", "1e-400", "null", "\"0.1\"", "[0.1]"});
  refuses(at_any_time, "noise_error", {"0.5"});
}

// A bound at any time needs no schedule, whatever the most that was to be drawn, and whenever it was to give up.
TEST(Audit, OfAnytimeLooksAtTheLargestNumbersAtOnce) {
  const Settings settings = settings_of(at_any_time);
  for (const auto& [name, value] :
       {std::pair{"n", "4294967296"}, {"look_step", "4294967296"}, {"futility", "0.999999"}, {"futility", "0.0"}}) {
    const Audit audit = LogFile(Kind::staged, with(manifest_of(settings), name, value), rows_of(settings)).audited();
    EXPECT_TRUE(audit.findings.empty()) << name << "\n" << texts(audit);
  }
}

TEST(Audit, LooksAtOddScalesWithoutFalling) {
  for (const char* scale : {"1e-300", "1e300", "1.7e308", "5e-324"}) {
    for (const procedure::Method& method : std::vector<procedure::Method>{of_fixed_samples, of_prediction, at_any_time}) {
      const Settings settings = settings_of(method);
      const LogFile log(kind_of(settings), with(manifest_of(settings), "sigma", scale), rows_of(settings));
      EXPECT_EQ(log.audited().findings.empty(), is<Prediction>(settings)) << name_of(method) << " " << scale;
    }
  }
}

TEST(Audit, LooksAtOddCellsWithoutFalling) {
  for (const auto& method : all_methods) {
    const Settings settings = settings_of(method);
    for (const auto& [column, text] : std::vector<std::pair<std::string, std::string>>{{"label", "-2147483648"},
                                                                                       {"label", "2147483647"},
                                                                                       {"predict", "2147483647"},
                                                                                       {"runner_up", "2147483647"},
                                                                                       {"n", "18446744073709551615"},
                                                                                       {"count", "18446744073709551615"},
                                                                                       {"counts", "0:18446744073709551615,1:1001"},
                                                                                       {"counts", "65000:1000"},
                                                                                       {"counts", "-"},
                                                                                       {"counts", "nan:1000"}}) {
      const LogFile log(settings, rows_of(settings));
      log.set_cell(3, column, text);
      const auto found = places(log.audited());
      EXPECT_FALSE(found.empty()) << name_of(method) << " " << column << " " << text;
      for (const Place& place : found) EXPECT_EQ(place.first, 3u) << name_of(method) << " " << column << " " << text;
    }
    const LogFile log(settings, rows_of(settings));
    log.set_cell(3, "time", "1e300");
    EXPECT_TRUE(log.audited().findings.empty()) << name_of(method);  // time proves nothing
    log.set_cell(3, "runner_up", "-2147483648");
    try {
      log.audited();
      ADD_FAILURE() << name_of(method);
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find("line 3: column runner_up holds -2147483648; a class is needed"), std::string::npos)
          << error.what();
    }
  }
}

TEST(Audit, RefusesWhatIsNoLog) {
  const TemporaryFolder folder;
  EXPECT_THROW(audit(folder / "absent.tsv", {}), InputError);
  std::ofstream(folder / "header.tsv") << header_line(Kind::certify) << "\n";
  EXPECT_THROW(audit(folder / "header.tsv", {}), InputError);
  const LogFile log(settings_of(of_fixed_samples), rows_of(settings_of(of_fixed_samples)));
  std::ofstream(log.file().string() + ".json") << "[1, 2]";
  EXPECT_THROW(log.audited(), InputError);
}

// Only an attack on certificates has rows of some images alone.
TEST(Audit, FindsRowsThatWereLeftOutWhateverElseTheManifestHolds) {
  const Settings settings = settings_of(of_fixed_samples);
  std::vector<Record> rows = rows_of(settings);
  rows.erase(rows.begin() + 2);
  Manifest manifest = manifest_of(settings, rows.size());
  manifest.add("factor", 1.0);
  const Audit audited = LogFile(kind_of(settings), manifest, rows).audited();
  EXPECT_EQ(places(audited), (std::vector<Place>{{0, "order"}, {4, "missing"}}));
}

TEST(Audit, FindsThatFewerRowsWereAskedForThanAtFirst) {
  const Settings settings = settings_of(of_fixed_samples);
  Manifest manifest = manifest_of(settings);
  manifest.add("first_plan", row_count);
  EXPECT_EQ(places(LogFile(kind_of(settings), manifest, rows_of(settings)).audited()), std::vector<Place>{});
  manifest.set("first_plan", row_count + 5);
  EXPECT_EQ(places(LogFile(kind_of(settings), manifest, rows_of(settings)).audited()), (std::vector<Place>{{0, "missing"}}));
  manifest.set("first_plan", 1);  // extended, which is no fault, but leaves no bounds
  EXPECT_EQ(places(LogFile(kind_of(settings), manifest, rows_of(settings)).audited()), std::vector<Place>{});
}

TEST(Audit, FindsThatAlphaIsSharedAmongFewerImages) {
  Settings settings = settings_of(of_fixed_samples);
  settings.alpha /= static_cast<double>(row_count - 1);
  settings.family_size = row_count - 1;
  EXPECT_EQ(places(LogFile(settings, rows_of(settings)).audited()), (std::vector<Place>{{0, "alpha"}}));
}

TEST(Audit, FindsThatOurRowsHaveNoManifest) {
  const LogFile log(settings_of(of_fixed_samples), rows_of(settings_of(of_fixed_samples)));
  std::filesystem::remove(manifest_path(log.file()));
  const Audit audited = audit(log.file(), {.sigma = 0.5, .alpha = 0.001, .samples = 1000});
  ASSERT_EQ(audited.findings.size(), 1U) << texts(audited);
  EXPECT_NE(audited.findings[0].text.find("no manifest log.tsv.json"), std::string::npos) << texts(audited);
}

// The reference implementation's: radii with three digits, and nothing else to go by.

TEST(Difference, NamesWhatDiffersAndNothingElse) {
  const Record there = row(1);
  Record here = there;
  here.seconds = 5;
  EXPECT_EQ(difference(there, here, Kind::certify), "");
  ++here.count;
  here.runner_up = 4;
  EXPECT_EQ(difference(there, here, Kind::certify), "count is 9990 there, 9991 here; runner_up is 1 there, nan here");
  here = there;
  here.radius += 1;
  here.looks = {{8, 0}};
  EXPECT_EQ(difference(there, here, Kind::predict), "");
  EXPECT_NE(difference(there, here, Kind::staged).find("looks is - there, 8:0 here"), std::string::npos);
}

// The published logs and what is known of them.

}  // namespace
}  // namespace ballast::log::audit_test
