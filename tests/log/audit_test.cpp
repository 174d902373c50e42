// SPDX-License-Identifier: Apache-2.0
//
// Clean logs of every method give no finding; each kind of alteration gives its own, at its line.

#include "ballast/log/audit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/claim.hpp"
#include "ballast/stats/radius.hpp"
#include "log_fixtures.hpp"

namespace ballast::log {
namespace {

using Votes = std::vector<std::uint64_t>;
using Random = std::mt19937_64;
using Place = std::pair<std::size_t, std::string>;  // line and kind of a finding

constexpr std::size_t kRows = 12;
constexpr double kLastDigit = 1.5e-6;  // of a radius; half a unit more, for it is rounded down

Settings settings_of(Method method) {
  Settings settings;
  settings.method = method;
  settings.smoothing = {NoiseLaw::gaussian, 0.5};
  settings.law_error = 4e-13;
  settings.samples = 1000;
  settings.step = 20;
  if (method == Method::predict || method == Method::splitting) settings.selection_samples = 0;
  if (method == Method::radii) settings.radii = {0, 0.1, 0.25, 0.5};
  if (method == Method::tolerance) {
    settings.tolerance = 0.1;
    settings.labelled = true;
    settings.selection_samples = 0;
    settings.pilot = 20;
  }
  if (method == Method::splitting) {
    settings.noise = "split";
    settings.smoothing = {NoiseLaw::uniform, 0.5};
    settings.samples = 255;
    settings.law_error = 0;
  }
  return settings;
}

// Four classes and "nan"; class 2 has this share of the votes.
Votes votes(std::uint64_t samples, double share, Random& random) {
  Votes result(5);
  result[2] = std::binomial_distribution<std::uint64_t>(samples, share)(random);
  result[1] = std::binomial_distribution<std::uint64_t>(samples - result[2], 0.6)(random);
  result[4] = std::binomial_distribution<std::uint64_t>(samples - result[2] - result[1], 0.1)(random);
  result[0] = samples - result[1] - result[2] - result[4];
  return result;
}

std::size_t top(const Votes& votes) { return static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin()); }

void fill_votes(Record& record, Votes counts, std::size_t tested) {
  record.counts = std::move(counts);
  record.samples = std::accumulate(record.counts.begin(), record.counts.end(), std::uint64_t{0});
  record.count = record.counts[tested];
  Votes others = record.counts;
  others[tested] = 0;
  record.runner_up = static_cast<Label>(top(others) == tested ? (tested == 0 ? 1 : 0) : top(others));
  record.runner_up_count = record.counts[static_cast<std::size_t>(record.runner_up)];
}

void answer(Record& record, std::optional<Label> predict, double radius, double p_lower) {
  record.predict = predict;
  record.radius = radius;
  record.p_lower = p_lower;
  record.correct = predict == record.label;
}

void certify(Record& record, const Settings& settings, double share, Random& random) {
  record.selection = settings.selection_samples > 0 ? votes(settings.selection_samples, share, random) : Votes(5);
  Votes counts = votes(settings.samples, share, random);
  const std::size_t tested = top(settings.selection_samples > 0 ? record.selection : counts);
  fill_votes(record, std::move(counts), tested);
  const auto claim = stats::claim(claim_settings(settings), {settings.samples, record.count, record.runner_up_count});
  const bool answers = claim.radius && tested != 4;
  answer(record, answers ? std::optional(static_cast<Label>(tested)) : std::nullopt, answers ? *claim.radius : 0, claim.p_lower);
}

void predict(Record& record, const Settings& settings, double share, Random& random) {
  Votes counts = votes(settings.samples, share, random);
  const std::size_t tested = top(counts);
  fill_votes(record, std::move(counts), tested);
  const double level = stats::prediction_level(record.count, record.runner_up_count, settings.samples, settings.law_error);
  answer(record, level <= settings.alpha && tested != 4 ? std::optional(static_cast<Label>(tested)) : std::nullopt, 0, 0);
}

// The base classifier's one vote: class 2 where it is sure.
void answer_plainly(Record& record, double share) {
  const std::size_t tested = share > 0.6 ? 2 : 0;
  Votes counts(5);
  counts[tested] = 1;
  fill_votes(record, std::move(counts), tested);
  record.samples = 1;
  answer(record, static_cast<Label>(tested), 0, 0);
}

void split(Record& record, const Settings& settings, double share, Random& random) {
  record.selection = Votes(5);
  Votes counts = votes(settings.samples, share, random);
  const std::size_t tested = top(counts);
  fill_votes(record, std::move(counts), tested);
  const std::uint64_t margin = record.count - record.runner_up_count;
  const bool answers = margin > 0 && tested != 4;
  answer(record, answers ? std::optional(static_cast<Label>(tested)) : std::nullopt,
         answers ? std::nextafter(static_cast<double>(margin) / 510, 0.0) : 0,
         std::nextafter(static_cast<double>(record.count) / static_cast<double>(settings.samples), 0.0));
}

// The votes of one image as they come in.
class Stream {
 public:
  Stream(double share, std::size_t tested, Random& random) : share_(share), tested_(tested), random_(random) {}

  std::uint64_t failures_among(std::uint64_t samples) {
    if (samples > drawn_) {
      const Votes more = votes(samples - drawn_, share_, random_);
      for (std::size_t c = 0; c < more.size(); ++c) counts_[c] += more[c];
      drawn_ = samples;
      known_[samples] = samples - counts_[tested_];
    }
    return known_.at(samples);
  }
  const Votes& counts() const { return counts_; }

 private:
  double share_;
  std::size_t tested_;
  Random& random_;
  Votes counts_ = Votes(5);
  std::uint64_t drawn_ = 0;
  std::map<std::uint64_t, std::uint64_t> known_;
};

void certify_radii(Record& record, const Settings& settings, const stats::RadiiTest& test, double share, Random& random) {
  record.selection = settings.selection_samples > 0 ? votes(settings.selection_samples, share, random) : Votes(5);
  const std::size_t tested = settings.labelled ? static_cast<std::size_t>(record.label) : top(record.selection);
  Stream stream(share, tested, random);
  stats::RadiiTest::Walk walk(test);
  while (tested != 4 && !walk.done()) walk.look(stream.failures_among(test.looks()[walk.next_look()]));
  fill_votes(record, stream.counts(), tested);
  const std::size_t certified = walk.certified();
  for (std::size_t i = 0; i < certified; ++i) record.looks.push_back({walk.crossing(i).samples, walk.crossing(i).failures});
  if (certified == 0) answer(record, {}, 0, 0);
  else answer(record, static_cast<Label>(tested), test.tested_radius(certified - 1), test.p_lower(certified - 1));
}

void certify_tolerance(Record& record, const stats::ToleranceTest& test, double share, Random& random) {
  record.selection = Votes(5);
  const auto tested = static_cast<std::size_t>(record.label);
  Stream stream(share, tested, random);
  stats::RadiiTest::Walk walk(test.screen);
  const std::uint64_t pilot = test.stages.pilot();
  std::uint64_t total = pilot;
  while (!walk.done()) {
    const std::uint64_t look = test.screen.looks()[walk.next_look()];
    if (pilot <= look) total = test.stages.total(stream.failures_among(pilot));
    if (pilot < total && total <= look) stream.failures_among(total);
    walk.look(stream.failures_among(look));
  }
  answer(record, {}, 0, 0);
  if (walk.certified() > 0) {
    const std::uint64_t first = stream.failures_among(pilot), all = stream.failures_among(test.stages.total(first));
    const std::size_t rejected = test.stages.rejected(first, all - first);
    if (rejected > 0) {
      answer(record, record.label, test.stages.radii()[rejected - 1], test.p_lower(rejected - 1));
      record.looks = {{walk.crossing(0).samples, walk.crossing(0).failures}, {pilot, first}, {test.stages.total(first), all}};
    }
  }
  fill_votes(record, stream.counts(), tested);
}

std::vector<Record> rows_of(const Settings& settings, std::size_t rows = kRows) {
  Random random(20190612);
  std::vector<Record> result;
  std::optional<stats::RadiiTest> radii;
  std::optional<stats::ToleranceTest> tolerance;
  if (settings.method == Method::radii) radii.emplace(radii_design(settings));
  if (settings.method == Method::tolerance) tolerance.emplace(two_stage_design(settings), settings.futility);
  const double shares[] = {1, 0.97, 0.9, 0.3, 0.8, 0.52, 0.999, 0.7};
  for (std::size_t i = 0; i < rows; ++i) {
    Record record;
    record.index = i;
    record.label = i % 5 == 4 ? 1 : 2;
    record.seconds = 1.5;
    const double share = shares[i % 8];
    switch (settings.method) {
      case Method::certify: certify(record, settings, share, random); break;
      case Method::predict: predict(record, settings, share, random); break;
      case Method::splitting: split(record, settings, share, random); break;
      case Method::radii: certify_radii(record, settings, *radii, share, random); break;
      case Method::tolerance: certify_tolerance(record, *tolerance, share, random); break;
      case Method::verify:
        record.predict = 2;
        record.correct = record.label == 2;
        record.radius = record.correct ? 0.125 * share : 0;
        record.counts = {9, 9};  // for check_alterations alone: no column has them
        break;
      case Method::attack:
        if (settings.noise == "none") answer_plainly(record, share);
        else predict(record, settings, share, random);
        record.attacked = 2;
        record.success = record.predict && *record.predict != 2;
        record.budget = settings.tested.value_or(0.25 * share);
        record.distance = 0.75 * record.budget;
        break;
    }
    result.push_back(record);
  }
  return result;
}

Manifest manifest_of(const Settings& settings, std::uint64_t rows = kRows) {
  Manifest manifest;
  add_to(manifest, settings);
  manifest.add("images", std::uint64_t{10'000});
  manifest.add("start", std::uint64_t{0});
  manifest.add("skip", std::uint64_t{1});
  manifest.add("rows", rows, false);
  return manifest;
}

// A log in a folder of its own.
class LogFile {
 public:
  LogFile(const Settings& settings, const std::vector<Record>& rows) : LogFile(kind_of(settings.method), manifest_of(settings), rows) {}
  LogFile(Kind kind, const Manifest& manifest, const std::vector<Record>& rows) {
    LogWriter log(file(), kind, manifest);
    for (const Record& row : rows) log.append(row);
  }

  std::filesystem::path file() const { return folder_ / "log.tsv"; }
  Audit audited() const { return audit(file(), {}); }

  // One cell of a line, the header being line 1.
  void set_cell(std::size_t line, const std::string& column, const std::string& text) const {
    std::vector<std::string> lines = split_at(text_of(file()), '\n'), names = split_at(lines[0], '\t'),
                             cells = split_at(lines[line - 1], '\t');
    cells[static_cast<std::size_t>(std::find(names.begin(), names.end(), column) - names.begin())] = text;
    lines[line - 1] = joined(cells, '\t');
    std::ofstream(file(), std::ios::binary) << joined(lines, '\n');
  }

 private:
  static std::vector<std::string> split_at(const std::string& text, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
      if (c == separator) parts.emplace_back();
      else parts.back() += c;
    }
    return parts;
  }
  static std::string joined(const std::vector<std::string>& parts, char separator) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) text += (i > 0 ? std::string(1, separator) : "") + parts[i];
    return text;
  }

  TemporaryFolder folder_;
};

std::vector<Place> places(const Audit& audit) {
  std::vector<Place> result;
  for (const Finding& finding : audit.findings) result.emplace_back(finding.line, finding.kind);
  return result;
}

std::string texts(const Audit& audit) {
  std::string text;
  for (const Finding& finding : audit.findings) text += std::to_string(finding.line) + " " + finding.kind + ": " + finding.text + "\n";
  return text;
}

struct Alteration {
  const char* name;
  std::function<void(Record&)> make;
  std::vector<std::string> kinds;  // of the findings at the row's line
};

// What is done to a row that answers with class 2, correctly; its findings and no others must come of it.
void check_alterations_at(const Settings& settings, std::size_t at, const std::vector<Alteration>& alterations) {
  for (const Alteration& alteration : alterations) {
    std::vector<Record> altered = rows_of(settings);
    alteration.make(altered[at]);
    const Audit audit = LogFile(settings, altered).audited();
    std::vector<Place> expected;
    for (const std::string& kind : alteration.kinds) expected.emplace_back(at + 2, kind);
    EXPECT_EQ(places(audit), expected) << to_string(settings.method) << ", row " << at << ", " << alteration.name << "\n" << texts(audit);
  }
}

void check_alterations(const Settings& settings, const std::vector<Alteration>& alterations) {
  const std::vector<Record> rows = rows_of(settings);
  int tried = 0;
  for (std::size_t at = 0; at < rows.size() && tried < 2; ++at) {
    if (!rows[at].correct || rows[at].counts[0] < 2) continue;
    ++tried;
    check_alterations_at(settings, at, alterations);
  }
  EXPECT_GE(tried, 2) << to_string(settings.method);
}

constexpr Method kMethods[] = {Method::certify, Method::radii, Method::tolerance, Method::splitting, Method::predict};

TEST(Audit, FindsNothingInACleanLogOfAnyMethod) {
  std::vector<Settings> all;
  for (const Method method : kMethods) all.push_back(settings_of(method));
  Settings unsplit = settings_of(Method::certify);
  unsplit.selection_samples = 0;
  Settings pair = settings_of(Method::certify);
  pair.bound = stats::Bound::pair;
  Settings li = unsplit;
  li.bound = stats::Bound::li;
  Settings family = settings_of(Method::certify);
  family.family = kRows;
  family.alpha = 0.001 / kRows;
  Settings laplace = settings_of(Method::certify);
  laplace.noise = "laplace";
  laplace.smoothing.law = NoiseLaw::laplace;
  Settings labelled = settings_of(Method::radii);
  labelled.labelled = true;
  labelled.selection_samples = 0;
  Settings uniform = labelled;
  uniform.noise = "uniform-grid";
  uniform.smoothing.law = NoiseLaw::uniform;
  uniform.radii = {0, 0.2};
  all.insert(all.end(), {unsplit, pair, li, family, laplace, labelled, uniform});
  for (const Settings& settings : all) {
    const std::vector<Record> rows = rows_of(settings, 48);
    const Audit audit = LogFile(kind_of(settings.method), manifest_of(settings, 48), rows).audited();
    EXPECT_TRUE(audit.findings.empty()) << to_string(settings.method) << "\n" << texts(audit);
    EXPECT_TRUE(audit.notes.empty()) << to_string(settings.method);
    EXPECT_EQ(audit.settings, settings_from(manifest_of(settings)));
    const auto answers = std::count_if(rows.begin(), rows.end(), [](const Record& row) { return row.predict.has_value(); });
    EXPECT_GT(answers, 20) << to_string(settings.method);
    if (settings.method != Method::splitting) EXPECT_LT(answers, 48) << to_string(settings.method);
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
      {"radius raised in the last digit", [](Record& r) { r.radius += kLastDigit; }, {"radius"}},
      {"radius lowered in the last digit", [](Record& r) { r.radius -= kLastDigit; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"a selection vote less", [](Record& r) { --r.selection[2]; }, {"counts"}},
      {"another class selected",
       [](Record& r) {
         r.selection = {100, 0, 0, 0, 0};
       },
       {"radius"}},
      {"votes beyond all numbers", [](Record& r) { r.counts[0] = std::numeric_limits<std::uint64_t>::max(); }, {"counts"}}};
  check_alterations(settings_of(Method::certify), alterations);
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
  check_alterations(settings_of(Method::predict), alterations);
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
      {"radius raised in the last digit", [](Record& r) { r.radius += kLastDigit; }, {"radius"}},
      {"radius lowered in the last digit", [](Record& r) { r.radius -= kLastDigit; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}}};
  check_alterations(settings_of(Method::splitting), alterations);
}

TEST(Audit, OfADeterministicBoundFindsWhatContradictsItself) {
  Settings settings = settings_of(Method::verify);
  settings.verifier = "crown";
  EXPECT_EQ(places(LogFile(settings, rows_of(settings)).audited()), std::vector<Place>{});
  const std::vector<Alteration> alterations{{"another class", [](Record& r) { r.predict = 1, r.correct = false; }, {"radius"}},
                                            {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}}};
  check_alterations(settings, alterations);
  settings.tested = 0.125;
  check_alterations(settings, {{"above the tested radius", [](Record& r) { r.radius = 0.126; }, {"radius"}}});
}

TEST(Audit, OfAnAttackFindsWhatItsVotesDoNotSay) {
  Settings settings = settings_of(Method::predict);
  settings.method = Method::attack;
  settings.factor = 0.999;
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
  settings.factor.reset();
  settings.tested = 0.5;
  check_alterations(settings, {{"another budget", [](Record& r) { r.budget = 0.51; }, {"radius"}}});
  settings.noise = "none";
  settings.samples = 1;
  EXPECT_EQ(places(LogFile(settings, rows_of(settings)).audited()), std::vector<Place>{});
  alterations.resize(4);
  alterations.push_back({"two votes", [](Record& r) { r.counts[2] = 2; }, {"counts"}});
  alterations.push_back({"the vote of another class", [](Record& r) { r.counts[1] = std::exchange(r.counts[2], 0); }, {"counts"}});
  check_alterations_at(settings, 0, alterations);
}

TEST(Audit, OfRadiiFindsWhatWasAltered) {
  std::vector<Alteration> alterations{
      {"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
      {"count one higher", [](Record& r) { ++r.count; }, {"counts"}},
      {"a vote more everywhere", [](Record& r) { ++r.counts[2], ++r.count, ++r.samples; }, {"counts"}},
      {"n one higher", [](Record& r) { ++r.samples; }, {"counts"}},
      {"runner_up no class at all", [](Record& r) { r.runner_up = std::numeric_limits<Label>::max() - 1; }, {"counts"}},
      {"runner_up_count one higher", [](Record& r) { ++r.runner_up_count; }, {"counts"}},
      {"another class predicted", [](Record& r) { r.predict = 1, r.correct = false; }, {"radius"}},
      {"correct turned over", [](Record& r) { r.correct = false; }, {"correct"}},
      {"abstains", [](Record& r) { r.predict.reset(), r.correct = false, r.radius = 0; }, {"radius"}},
      {"radius of no test", [](Record& r) { r.radius += 0.01; }, {"radius"}},
      {"radius raised in the last digit", [](Record& r) { r.radius += kLastDigit; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"a look left out", [](Record& r) { r.looks.pop_back(); }, {"radius"}},
      {"all looks left out", [](Record& r) { r.looks.clear(); }, {"radius"}},
      {"more looks than radii", [](Record& r) { r.looks.resize(5, r.looks.back()); }, {"counts"}},
      {"a look at another size", [](Record& r) { ++r.looks[0].samples; }, {"counts"}},
      {"a failure less at the end than there is",
       [](Record& r) {
         r.looks.back() = {r.samples, r.samples - r.count - 1};
       },
       {"counts"}},
      {"a look at 0",
       [](Record& r) {
         r.looks[0] = {0, 0};
       },
       {"counts"}},
      {"a look after the end",
       [](Record& r) {
         r.looks.back() = {1000, 0};
       },
       {"counts"}},
      {"a look with all failures", [](Record& r) { r.looks[0].failures = r.looks[0].samples; }, {"counts"}},
      {"a look beyond all numbers", [](Record& r) { r.looks[0].failures = std::numeric_limits<std::uint64_t>::max(); }, {"counts"}},
      {"a look with more failures than there were in the end",
       [](Record& r) { r.looks.back().failures = r.samples - r.count + 1; },
       {"counts"}},
      {"a selection vote less", [](Record& r) { --r.selection[2]; }, {"counts"}}};
  Settings settings = settings_of(Method::radii);
  check_alterations(settings, alterations);
  settings.labelled = true;
  settings.selection_samples = 0;
  alterations.back() = {"a selection", [](Record& r) { r.selection = {0, 0, 1, 0, 0}; }, {"counts"}};
  check_alterations(settings, alterations);
}

// The claim itself: a radius more than was certified, with a look made up for it.
TEST(Audit, OfRadiiFindsARadiusThatItsLookDoesNotCertify) {
  const Settings settings = settings_of(Method::radii);
  const stats::RadiiTest test(radii_design(settings));
  std::vector<Record> rows = rows_of(settings, 48);
  int tried = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Record& row = rows[i];
    const std::size_t certified = row.looks.size();
    if (!row.correct || certified == test.size()) continue;
    Record before = row;
    row.looks.push_back({row.samples, row.samples - row.count});
    answer(row, row.predict, test.tested_radius(certified), test.p_lower(certified));
    EXPECT_EQ(places(LogFile(Kind::staged, manifest_of(settings, 48), rows).audited()), (std::vector<Place>{{i + 2, "counts"}})) << i;
    row = before;
    ++tried;
  }
  EXPECT_GE(tried, 2);
}

// One failure more than the boundary allows is one too many, at every look.
TEST(Audit, OfRadiiHoldsEachLookToItsBoundary) {
  Settings settings = settings_of(Method::radii);
  settings.radii = {0.25};
  settings.selection_samples = 0;
  settings.labelled = true;
  const stats::RadiiTest test(radii_design(settings));
  std::vector<Record> rows;
  std::vector<Place> expected;
  for (std::size_t j = 0; j < test.looks().size(); ++j) {
    for (const std::int64_t failures : {test.schedule(0).certify_at[j], test.schedule(0).certify_at[j] + 1}) {
      if (failures < 0) continue;
      const auto failed = static_cast<std::uint64_t>(failures);
      Record record;
      record.index = rows.size();
      record.label = 2;
      record.looks = {{test.looks()[j], failed}};
      fill_votes(record, {failed, 0, test.looks()[j] - failed, 0, 0}, 2);
      answer(record, 2, test.tested_radius(0), test.p_lower(0));
      rows.push_back(record);
      if (failures > test.schedule(0).certify_at[j]) expected.emplace_back(rows.size() + 1, "counts");
    }
  }
  EXPECT_GT(expected.size(), 20u);
  EXPECT_EQ(places(LogFile(Kind::staged, manifest_of(settings, rows.size()), rows).audited()), expected);
}

TEST(Audit, OfAToleranceFindsWhatWasAltered) {
  const std::vector<Alteration> alterations{
      {"a vote less", [](Record& r) { --r.counts[2]; }, {"counts"}},
      {"a vote more everywhere", [](Record& r) { ++r.counts[2], ++r.count, ++r.samples; }, {"counts"}},
      {"runner_up_count one higher", [](Record& r) { ++r.runner_up_count; }, {"counts"}},
      {"another class predicted", [](Record& r) { r.predict = 1, r.correct = false; }, {"radius"}},
      {"radius raised in the last digit", [](Record& r) { r.radius += kLastDigit; }, {"radius"}},
      {"the next radius of the grid", [](Record& r) { r.radius += 0.004 * 0.5 + 1e-9; }, {"radius"}},
      {"p_lower raised in the last digit", [](Record& r) { *r.p_lower += 1.5e-12; }, {"radius"}},
      {"a look left out", [](Record& r) { r.looks.pop_back(); }, {"counts"}},
      {"no looks", [](Record& r) { r.looks.clear(); }, {"radius"}},
      {"a screen elsewhere", [](Record& r) { ++r.looks[0].samples; }, {"counts"}},
      {"a screen that did not reject",
       [](Record& r) {
         r.looks[0] = {20, 20};
       },
       {"counts"}},
      {"a pilot of another size", [](Record& r) { --r.looks[1].samples; }, {"counts"}},
      {"an end of another size", [](Record& r) { --r.looks[2].samples; }, {"counts"}},
      {"an end of another size, and the votes for it",
       [](Record& r) { r.looks[2].samples += 20, r.samples += 20, r.count += 20, r.counts[2] += 20; },
       {"counts"}},
      {"a pilot beyond all numbers", [](Record& r) { r.looks[1].failures = std::numeric_limits<std::uint64_t>::max(); }, {"counts"}}};
  check_alterations(settings_of(Method::tolerance), alterations);
}

// A pilot that looks better than it was leads to another size, another radius, or both.
TEST(Audit, OfAToleranceFindsABetterPilot) {
  const Settings settings = settings_of(Method::tolerance);
  std::vector<Record> rows = rows_of(settings);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].looks.empty() || rows[i].looks[1].failures == 0) continue;
    const Record before = rows[i];
    rows[i].looks[1].failures = 0;
    EXPECT_EQ(LogFile(settings, rows).audited().findings.size(), 1u) << i;
    rows[i] = before;
  }
}

TEST(Audit, FindsRowsMissingRepeatedOrOutOfOrder) {
  const Settings settings = settings_of(Method::certify);
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
  altered.back().index = kRows;
  EXPECT_EQ(found(altered), (std::vector<Place>{{0, "order"}}));  // more rows than were planned
  altered = rows;
  altered.back().index = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(found(altered), (std::vector<Place>{{0, "order"}, {13, "missing"}}));
}

TEST(Audit, KnowsARunThatTookEverySkipth) {
  const Settings settings = settings_of(Method::certify);
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
  manifest.entries.push_back({name, json, true});
  return manifest;
}

TEST(Audit, FindsAnotherAlphaAndSaysWhich) {
  const Settings settings = settings_of(Method::certify);
  const Audit audit = LogFile(Kind::certify, with(manifest_of(settings), "alpha", "0.01"), rows_of(settings)).audited();
  EXPECT_EQ(places(audit), (std::vector<Place>{{0, "alpha"}})) << texts(audit);
  EXPECT_NE(audit.findings[0].text.find("alpha = 0.001 fits"), std::string::npos) << audit.findings[0].text;
  EXPECT_EQ(audit.fitting_alphas, std::vector<double>{0.001});
  EXPECT_EQ(LogFile(settings, rows_of(settings)).audited().fitting_alphas, std::vector<double>{0.001});
}

// Another alpha does not hide what is wrong with the votes.
TEST(Audit, FindsWrongVotesUnderAnotherAlphaToo) {
  const Settings settings = settings_of(Method::certify);
  std::vector<Record> rows = rows_of(settings);
  --rows[3].counts[2];
  rows[5].correct = !rows[5].correct;
  const Audit audit = LogFile(Kind::certify, with(manifest_of(settings), "alpha", "0.01"), rows).audited();
  EXPECT_EQ(places(audit), (std::vector<Place>{{0, "alpha"}, {5, "counts"}, {7, "correct"}})) << texts(audit);
}

TEST(Audit, FindsOtherSettingsThanTheRowsWereMadeWith) {
  const Settings settings = settings_of(Method::certify);
  const std::vector<Record> rows = rows_of(settings);
  const auto answers = std::count_if(rows.begin(), rows.end(), [](const Record& row) { return row.predict.has_value(); });
  const auto count = [&](const char* name, const char* json) {
    return static_cast<std::ptrdiff_t>(LogFile(Kind::certify, with(manifest_of(settings), name, json), rows).audited().findings.size());
  };
  EXPECT_EQ(count("sigma", "0.51"), answers);
  EXPECT_EQ(count("n", "1001"), std::ssize(rows));
  EXPECT_EQ(count("n0", "99"), std::ssize(rows));
  EXPECT_EQ(count("noise", "\"grid\""), 0);
  EXPECT_GT(count("bound", "\"pb\""), 0);
  EXPECT_GT(count("noise_error", "1e-6"), 0);
}

TEST(Audit, SaysThatScaledCountsAreNoCertificates) {
  Settings settings = settings_of(Method::certify);
  settings.scaled = true;
  EXPECT_EQ(places(LogFile(settings, rows_of(settings)).audited()), (std::vector<Place>{{0, "manifest"}}));
}

// A certificate must not pass for a prediction, whose radius nobody looks at, nor lose the columns that it is checked by.
TEST(Audit, FindsColumnsThatAreNotTheMethods) {
  std::vector<Record> rows = rows_of(settings_of(Method::certify));
  for (Record& row : rows) row.radius *= 2;
  const LogFile disguised(Kind::certify, manifest_of(settings_of(Method::predict)), rows);
  EXPECT_EQ(places(disguised.audited()), (std::vector<Place>{{1, "manifest"}}));
  for (const Method method : kMethods) {
    const Settings settings = settings_of(method);
    for (const Kind kind : {Kind::certify, Kind::staged, Kind::predict}) {
      if (kind == kind_of(method)) continue;
      EXPECT_EQ(places(LogFile(kind, manifest_of(settings), rows_of(settings)).audited()), (std::vector<Place>{{1, "manifest"}}));
    }
  }
  const TemporaryFolder folder;
  write_manifest(with(manifest_of(settings_of(Method::certify)), "rows", "1"), folder / "log.tsv.json");
  std::ofstream(folder / "log.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t1\t1\t9.99\t1\t0:00:01\n";
  EXPECT_EQ(places(audit(folder / "log.tsv", {})), (std::vector<Place>{{1, "manifest"}}));
}

// Whatever a stranger's manifest says, it is one clear line, at once.
TEST(Audit, RefusesManifestsThatCannotBe) {
  const auto refuses = [](Method method, const char* name, std::vector<std::string> values) {
    const Settings settings = settings_of(method);
    const std::vector<Record> rows = rows_of(settings, 2);
    for (const std::string& value : values) {
      const LogFile log(kind_of(method), with(manifest_of(settings), name, value), rows);
      try {
        const Audit audit = log.audited();
        ADD_FAILURE() << to_string(method) << " with " << name << " = " << value << ": " << texts(audit);
      } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("log.tsv.json: "), std::string::npos) << error.what();
      }
    }
  };
  for (const Method method : kMethods) {
    for (const char* name : {"start", "skip", "rows"}) refuses(method, name, {"-1", "\"1\"", "1.5", "null", "18446744073709551616", "[]"});
    refuses(method, "method", {"\"\"", "null"});
  }
  for (const Method method : {Method::certify, Method::radii, Method::tolerance, Method::predict}) {
    refuses(method, "n", {"0", "1000000000000000000", "18446744073709551615", "-1"});
    refuses(method, "alpha", {"0", "1", "null"});
  }
  for (const Method method : {Method::radii, Method::tolerance}) {
    refuses(method, "n", {"100000000", "4294967296"});  // minutes of computing
    refuses(method, "look_step", {"0", "1000000000000000000"});
    refuses(method, "alpha", {"1e-300"});
    refuses(method, "n", {"1", "5"});  // not even a unanimous vote certifies
  }
  std::string many = "[0";
  for (int i = 1; i < 100'000; ++i) many += "," + std::to_string(i) + "e-6";
  refuses(Method::radii, "radii", {"[]", "[0,0]", "[5]", "[1e-7]", "[1e300]", "[0.1234567]", many + "]"});
  refuses(Method::radii, "noise_error", {"0.4"});
  refuses(Method::tolerance, "pilot", {"0", "1000", "100000", "1000000000000000000"});
  refuses(Method::tolerance, "tolerance", {"0", "1", "1e-400"});
}

TEST(Audit, LooksAtOddScalesWithoutFalling) {
  for (const char* scale : {"1e-300", "1e300", "1.7e308", "5e-324"}) {
    for (const Method method : {Method::certify, Method::predict}) {
      const Settings settings = settings_of(method);
      const LogFile log(kind_of(method), with(manifest_of(settings), "sigma", scale), rows_of(settings));
      EXPECT_EQ(log.audited().findings.empty(), method == Method::predict) << scale;
    }
  }
}

TEST(Audit, LooksAtOddCellsWithoutFalling) {
  for (const Method method : kMethods) {
    const Settings settings = settings_of(method);
    for (const auto& [column, text] : std::vector<std::pair<std::string, std::string>>{{"label", "-2147483648"},
                                                                                       {"label", "2147483647"},
                                                                                       {"predict", "2147483647"},
                                                                                       {"runner_up", "2147483647"},
                                                                                       {"runner_up", "-2147483648"},
                                                                                       {"n", "18446744073709551615"},
                                                                                       {"count", "18446744073709551615"},
                                                                                       {"counts", "0:18446744073709551615,1:1001"},
                                                                                       {"counts", "65000:1000"},
                                                                                       {"counts", "-"},
                                                                                       {"counts", "nan:1000"}}) {
      const LogFile log(settings, rows_of(settings));
      log.set_cell(3, column, text);
      const auto found = places(log.audited());
      EXPECT_FALSE(found.empty()) << to_string(method) << " " << column << " " << text;
      for (const Place& place : found) EXPECT_EQ(place.first, 3u) << to_string(method) << " " << column << " " << text;
    }
    const LogFile log(settings, rows_of(settings));
    log.set_cell(3, "time", "1e300");
    EXPECT_TRUE(log.audited().findings.empty()) << to_string(method);  // time proves nothing
  }
}

TEST(Audit, RefusesWhatIsNoLog) {
  const TemporaryFolder folder;
  EXPECT_THROW(audit(folder / "absent.tsv", {}), InputError);
  std::ofstream(folder / "header.tsv") << header_line(Kind::certify) << "\n";
  EXPECT_THROW(audit(folder / "header.tsv", {}), InputError);
  const LogFile log(settings_of(Method::certify), rows_of(settings_of(Method::certify)));
  std::ofstream(log.file().string() + ".json") << "[1, 2]";
  EXPECT_THROW(log.audited(), InputError);
}

TEST(Audit, OfOurRowsWithoutAManifestSaysWhatItCannotSee) {
  const LogFile log(settings_of(Method::certify), rows_of(settings_of(Method::certify)));
  std::filesystem::remove(manifest_path(log.file()));
  const Audit audited = audit(log.file(), {.sigma = 0.5, .alpha = 0.001, .samples = 1000});
  EXPECT_TRUE(audited.findings.empty()) << texts(audited);
  EXPECT_TRUE(std::any_of(audited.notes.begin(), audited.notes.end(),
                          [](const std::string& note) { return note.find("no manifest") != std::string::npos; }));
}

// The reference implementation's: radii with three digits, and nothing else to go by.
struct ReferenceLog {
  explicit ReferenceLog(std::uint64_t samples = 1000, double alpha = 0.001, double sigma = 0.5) : n(samples), level(alpha), scale(sigma) {}

  double exact(std::uint64_t count) const { return stats::radius_below(scale, stats::upper_failure_bound({count, n}, level)); }

  void add(const std::string& radius, bool answers = true) {
    const std::string index = std::to_string(rows++);
    text += index + "\t3\t" + (answers ? "3" : "-1") + "\t" + radius + "\t" + (answers ? "1" : "0") + "\t0:00:15.25\n";
  }

  Audit audited(AuditOptions options = {}) const {
    const TemporaryFolder folder;
    std::ofstream(folder / "log.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n" << text;
    if (!options.sigma) options.sigma = scale;
    if (!options.samples) options.samples = n;
    if (!options.images) options.images = rows;
    return audit(folder / "log.tsv", options);
  }

  std::uint64_t n;
  double level, scale;
  std::uint64_t rows = 0;
  std::string text;
};

std::string three_digits(double radius, double (*rounded)(double)) {
  const int decimals = 2 - static_cast<int>(std::floor(std::log10(radius)));
  const double unit = std::pow(10, decimals);
  std::ostringstream text;
  text << std::fixed;
  text.precision(decimals);
  text << rounded(radius * unit) / unit;
  return text.str();
}

TEST(ReferenceAudit, FitsTheAlphaThatTheRadiiWereMadeWith) {
  for (const double alpha : {0.01, 0.001}) {
    for (double (*rounded)(double) : {static_cast<double (*)(double)>(std::round), static_cast<double (*)(double)>(std::floor)}) {
      ReferenceLog log(1000, alpha);
      for (std::uint64_t count = 600; count <= 1000; count += 4) log.add(three_digits(log.exact(count), rounded));
      log.add("0.0", false);
      for (const std::optional<double> stated : {std::optional<double>(), std::optional(alpha)}) {
        const Audit audited = log.audited({.alpha = stated});
        EXPECT_EQ(audited.fitting_alphas, std::vector<double>{alpha}) << texts(audited);
        for (const Finding& finding : audited.findings) EXPECT_TRUE(finding.kind == "rounding" || finding.kind == "tie") << texts(audited);
        if (rounded(0.6) == 0) EXPECT_TRUE(audited.findings.empty()) << texts(audited);
        else EXPECT_FALSE(audited.findings.empty());
      }
      const Audit wrong = log.audited({.alpha = 0.05});
      ASSERT_FALSE(wrong.findings.empty());
      EXPECT_EQ(places(wrong)[0], (Place{0, "alpha"}));
      EXPECT_NE(wrong.findings[0].text.find("alpha = 0.05 is stated and does not fit"), std::string::npos) << texts(wrong);
    }
  }
}

TEST(ReferenceAudit, TakesAnAlphaThatIsNotUsual) {
  ReferenceLog log(1000, 0.0123);
  for (std::uint64_t count = 600; count <= 1000; count += 4) log.add(three_digits(log.exact(count), std::floor));
  const Audit stated = log.audited({.alpha = 0.0123});
  EXPECT_EQ(stated.fitting_alphas, std::vector<double>{0.0123});
  EXPECT_TRUE(stated.findings.empty()) << texts(stated);
  EXPECT_EQ(places(log.audited()), (std::vector<Place>{{0, "alpha"}}));
}

TEST(ReferenceAudit, FindsOneRadiusThatNoCountGives) {
  ReferenceLog log;
  for (std::uint64_t count = 800; count <= 1000; count += 4) log.add(three_digits(log.exact(count), std::floor));
  EXPECT_TRUE(log.audited().findings.empty());
  log.add("1.21");  // between those of 999 and 1000 votes
  EXPECT_EQ(places(log.audited()), (std::vector<Place>{{0, "alpha"}}));
  log = ReferenceLog();
  log.add("1.24");
  const Audit above = log.audited({.alpha = 0.001});
  EXPECT_NE(texts(above).find("above the largest possible"), std::string::npos) << texts(above);
}

TEST(ReferenceAudit, CountsRadiiThatAreRoundedUp) {
  ReferenceLog log;
  std::size_t up = 0, first = 0;
  for (std::uint64_t count = 990; count <= 1000; ++count) {
    const std::string nearest = three_digits(log.exact(count), std::round);
    log.add(nearest);
    if (std::stod(nearest) <= log.exact(count)) continue;
    if (up++ == 0) first = log.rows + 1;
  }
  ASSERT_GT(up, 2u);
  const Audit audited = log.audited();
  EXPECT_EQ(places(audited), (std::vector<Place>{{first, "rounding"}})) << texts(audited);
  EXPECT_EQ(audited.findings[0].text.find(std::to_string(up) + " rows"), 0u) << audited.findings[0].text;
}

TEST(ReferenceAudit, FindsTiesWithATablesRadius) {
  ReferenceLog log(100'000);
  log.add("0.25");
  log.add("0.251");
  log.add("0.25");
  log.add("0.5");
  const Audit audited = log.audited();
  EXPECT_EQ(places(audited), (std::vector<Place>{{2, "tie"}, {5, "tie"}})) << texts(audited);
  EXPECT_NE(audited.findings[0].text.find("(2 rows)"), std::string::npos);
}

// Some print all digits that a double has; their last ones are not ours.
TEST(ReferenceAudit, AcceptsRadiiWithAllTheirDigits) {
  for (const double off : {1 - 1e-14, 1 + 1e-14}) {
    ReferenceLog log;
    for (std::uint64_t count = 700; count <= 1000; count += 7) {
      std::ostringstream text;
      text.precision(17);
      text << log.exact(count) * off;
      log.add(text.str());
    }
    const Audit audited = log.audited();
    EXPECT_EQ(audited.fitting_alphas, std::vector<double>{0.001});
    EXPECT_TRUE(audited.findings.empty()) << texts(audited);
  }
}

TEST(ReferenceAudit, FindsWhatIsWrongWithAnyRow) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log_sigma_0.50.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n"
                                               << "0\t3\t3\t0.5\t0\t0:00:15\n"     // correct
                                               << "20\t3\t-1\t0.5\t0\t0:00:15\n"   // abstention
                                               << "40\t3\t4\t0.123\t1\t0:00:15\n"  // correct
                                               << "80\t3\t3\t0.123\t1\t0:00:15\n"  // missing before it
                                               << "80\t3\t3\t0.123\t1\t0:00:15\n"  // order
                                               << "60\t3\t3\t0.123\t1\t0:00:15\n"  // order
                                               << "100\t3\t-1\t0\t0\t0:00:15\n";
  const Audit audited = audit(folder / "log_sigma_0.50.tsv", {.images = 120});
  EXPECT_EQ(places(audited),
            (std::vector<Place>{{2, "correct"}, {2, "tie"}, {3, "abstention"}, {4, "correct"}, {5, "missing"}, {6, "order"}, {7, "order"}}))
      << texts(audited);
}

TEST(ReferenceAudit, SaysWhatItDoesNotKnow) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t3\t3\t0.5\t1\t0:00:15\n";
  const Audit audited = audit(folder / "log.tsv", {});
  EXPECT_TRUE(audited.findings.empty()) << texts(audited);
  ASSERT_EQ(audited.notes.size(), 2u);
  EXPECT_NE(audited.notes[0].find("--images"), std::string::npos);
  EXPECT_NE(audited.notes[1].find("--sigma"), std::string::npos);
  EXPECT_EQ(places(audit(folder / "log.tsv", {.images = 10})), (std::vector<Place>{{0, "missing"}}));
  EXPECT_THROW(audit(folder / "log.tsv", {.sigma = 0.0, .images = 0}), InputError);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double sigma : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(audit(folder / "log.tsv", {.sigma = sigma}), InputError) << sigma;
  }
  for (const double alpha : {0.0, 1.0, nan}) EXPECT_THROW(audit(folder / "log.tsv", {.sigma = 1, .alpha = alpha}), InputError) << alpha;
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1} << 60}) {
    EXPECT_THROW(audit(folder / "log.tsv", {.sigma = 1, .samples = n}), InputError) << n;
  }
}

TEST(ReferenceAudit, LooksAtOddRadiiWithoutFalling) {
  for (const char* radius : {"1e300", "1e-300", "5e-324", "1e-5", "123456789.123456789", "0.00000000000000000001"}) {
    ReferenceLog log;
    log.add(radius);
    EXPECT_EQ(log.audited().findings.empty(), false) << radius;
  }
}

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
  EXPECT_NE(difference(there, here, Kind::staged).find("looks differ"), std::string::npos);
}

// The published logs and what is known of them.
class PublishedAudit : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(logs)) GTEST_SKIP() << "the shared folder with published logs is absent";
  }
  const std::filesystem::path logs = std::filesystem::path(BALLAST_SHARED) / "logs/certify";
};

TEST_F(PublishedAudit, SaysWhichAlphaFits) {
  EXPECT_EQ(audit(logs / "imagenet/train_1.00_sigma_1.00.tsv", {}).fitting_alphas, std::vector<double>{0.01});
  EXPECT_EQ(audit(logs / "cifar10/train_0.25_sigma_0.25.tsv", {}).fitting_alphas, std::vector<double>{0.01});
  for (const char* file : {"cifar10_full/train_0.25_sigma_0.25.tsv", "cifar10_full/train_0.50_sigma_0.50.tsv"}) {
    EXPECT_EQ(audit(logs / file, {}).fitting_alphas, std::vector<double>{0.001}) << file;
  }
}

TEST_F(PublishedAudit, FlagsAStatedAlphaThatDoesNotFit) {
  const Audit audited = audit(logs / "imagenet/train_1.00_sigma_1.00.tsv", {.alpha = 0.001});
  EXPECT_EQ(places(audited)[0], (Place{0, "alpha"}));
  EXPECT_NE(audited.findings[0].text.find("alpha = 0.01 fits"), std::string::npos) << audited.findings[0].text;
  for (const Finding& finding : audit(logs / "imagenet/train_1.00_sigma_1.00.tsv", {.alpha = 0.01}).findings)
    EXPECT_NE(finding.kind, "alpha");
}

TEST_F(PublishedAudit, FindsTheShortLogShortAndNoOther) {
  std::set<std::string> short_logs;
  for (const char* folder : {"imagenet", "cifar10"}) {
    for (const auto& entry : std::filesystem::directory_iterator(logs / folder)) {
      for (const Finding& finding : audit(entry.path(), {}).findings) {
        if (finding.kind == "missing") short_logs.insert(std::filesystem::relative(entry.path(), logs).string());
        EXPECT_TRUE(finding.kind == "missing" || finding.kind == "tie" || finding.kind == "rounding") << entry.path() << finding.text;
      }
    }
  }
  EXPECT_EQ(short_logs, std::set<std::string>{"imagenet/train_0.25_sigma_0.25.tsv"});
}

TEST_F(PublishedAudit, FindsAPublishedRowAltered) {
  const std::string text = text_of(logs / "cifar10_full/train_0.25_sigma_0.25.tsv");
  const TemporaryFolder folder;
  const auto found = [&](const std::string& altered) {
    std::ofstream(folder / "sigma_0.25.tsv", std::ios::binary) << altered;
    std::vector<Place> result = places(audit(folder / "sigma_0.25.tsv", {.images = 10'000}));
    std::erase_if(result, [](const Place& place) { return place.second == "tie" || place.second == "rounding"; });
    return result;
  };
  EXPECT_TRUE(found(text).empty());
  std::size_t start = 0;
  for (int line = 1; line < 1000; ++line) start = text.find('\n', start) + 1;
  const std::size_t end = text.find('\n', start) + 1;
  EXPECT_EQ(found(text.substr(0, start) + text.substr(end)), (std::vector<Place>{{1000, "missing"}}));
  EXPECT_EQ(found(text.substr(0, end) + text.substr(start)), (std::vector<Place>{{1001, "order"}}));
  EXPECT_EQ(found(text.substr(0, text.rfind('\n', text.size() - 2) + 1)), (std::vector<Place>{{0, "missing"}}));
}

}  // namespace
}  // namespace ballast::log
