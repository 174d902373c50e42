// SPDX-License-Identifier: Apache-2.0
//
// Logs of every method as a run would make them, to be audited as they are or altered.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <variant>

#include "ballast/log/audit.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/claim.hpp"
#include "ballast/stats/radius.hpp"
#include "log_fixtures.hpp"

namespace ballast::log {

using Votes = std::vector<std::uint64_t>;
using Random = std::mt19937_64;
using Place = std::pair<std::size_t, std::string>;  // line and kind of a finding

inline constexpr std::size_t row_count = 12;
inline constexpr double last_digit = 1.5e-6;  // of a radius; half a unit more, for it is rounded down

// One of each method that counts votes, to be altered.
inline const Sequential testing_the_label{.target_is_label = true, .selection_samples = 0, .samples = 1000, .step = 20};
inline const Sequential of_selection{.target_is_label = false, .selection_samples = 100, .samples = 1000, .step = 20};
inline const FixedSamples of_fixed_samples{.selection_samples = 100, .samples = 1000};
inline const NamedRadii of_named_radii{of_selection, {0, 0.1, 0.25, 0.5}};
inline const Tolerance to_a_tolerance{testing_the_label, 0.1, 20};
inline const Anytime at_any_time{of_selection, 0.1};
inline const Splitting by_splitting{255};
inline const Prediction of_prediction{1000};
inline const std::vector<procedure::Method> all_methods{of_fixed_samples, of_named_radii, to_a_tolerance,
                                                        at_any_time,      by_splitting,   of_prediction};

inline Settings settings_of(const procedure::Method& method) {
  Settings settings;
  settings.method = method;
  settings.scale = 0.5;
  settings.noise_error = 4e-13;
  if (is<Verification>(settings)) {
    settings.noise.reset();
    settings.scale = settings.noise_error = 0;
  }
  if (is<Splitting>(settings)) {
    settings.noise = NoiseKind::split;
    settings.noise_error = 0;
  }
  return settings;
}

// Four classes and "nan"; class 2 has this share of the votes.
inline Votes votes(std::uint64_t samples, double share, Random& random) {
  Votes result(5);
  result[2] = std::binomial_distribution<std::uint64_t>(samples, share)(random);
  result[1] = std::binomial_distribution<std::uint64_t>(samples - result[2], 0.6)(random);
  result[4] = std::binomial_distribution<std::uint64_t>(samples - result[2] - result[1], 0.1)(random);
  result[0] = samples - result[1] - result[2] - result[4];
  return result;
}

inline std::size_t top(const Votes& votes) {
  return static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

inline void fill_votes(Record& record, Votes counts, std::size_t tested) {
  record.counts = std::move(counts);
  record.samples = std::accumulate(record.counts.begin(), record.counts.end(), std::uint64_t{0});
  record.count = record.counts[tested];
  Votes others = record.counts;
  others[tested] = 0;
  record.runner_up = static_cast<Label>(top(others) == tested ? (tested == 0 ? 1 : 0) : top(others));
  record.runner_up_count = record.counts[static_cast<std::size_t>(record.runner_up)];
}

inline void answer(Record& record, std::optional<Label> predict, double radius, double p_lower) {
  record.predict = predict;
  record.radius = radius;
  record.p_lower = p_lower;
  record.correct = predict == record.label;
}

inline Votes selected(const Settings& settings, double share, Random& random) {
  const std::uint64_t samples = procedure::selection_samples_of(settings);
  return samples > 0 ? votes(samples, share, random) : Votes(5);
}

inline void certify(Record& record, const Settings& settings, double share, Random& random) {
  const std::uint64_t samples = procedure::samples_of(settings);
  record.selection = selected(settings, share, random);
  Votes counts = votes(samples, share, random);
  const std::size_t tested = top(procedure::selection_samples_of(settings) > 0 ? record.selection : counts);
  fill_votes(record, std::move(counts), tested);
  const auto claim = stats::claim(procedure::claim_settings(settings), {samples, record.count, record.runner_up_count});
  const bool answers = claim.radius && tested != 4;
  answer(record, answers ? std::optional(static_cast<Label>(tested)) : std::nullopt, answers ? *claim.radius : 0, claim.p_lower);
}

inline void predict(Record& record, const Settings& settings, double share, Random& random) {
  const std::uint64_t samples = procedure::samples_of(settings);
  Votes counts = votes(samples, share, random);
  const std::size_t tested = top(counts);
  fill_votes(record, std::move(counts), tested);
  const double level = stats::prediction_level(record.count, record.runner_up_count, samples, settings.noise_error);
  answer(record, level <= settings.alpha && tested != 4 ? std::optional(static_cast<Label>(tested)) : std::nullopt, 0, 0);
}

// The base classifier's one vote: class 2 where it is sure.
inline void answer_plainly(Record& record, double share) {
  const std::size_t tested = share > 0.6 ? 2 : 0;
  Votes counts(5);
  counts[tested] = 1;
  fill_votes(record, std::move(counts), tested);
  record.samples = 1;
  answer(record, static_cast<Label>(tested), 0, 0);
}

inline void split(Record& record, const Settings& settings, double share, Random& random) {
  const std::uint64_t splits = procedure::samples_of(settings);
  record.selection = Votes(5);
  Votes counts = votes(splits, share, random);
  const std::size_t tested = top(counts);
  fill_votes(record, std::move(counts), tested);
  const std::uint64_t margin = record.count - record.runner_up_count;
  const bool answers = margin > 0 && tested != 4;
  answer(record, answers ? std::optional(static_cast<Label>(tested)) : std::nullopt,
         answers ? std::nextafter(static_cast<double>(margin) / 510, 0.0) : 0,
         std::nextafter(static_cast<double>(record.count) / static_cast<double>(splits), 0.0));
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

inline void certify_radii(Record& record, const Settings& settings, const stats::RadiiTest& test, double share, Random& random) {
  record.selection = selected(settings, share, random);
  const std::size_t tested = procedure::target_is_label(settings) ? static_cast<std::size_t>(record.label) : top(record.selection);
  Stream stream(share, tested, random);
  stats::RadiiTest::Walk walk(test);
  while (tested != 4 && !walk.done()) walk.look(stream.failures_among(test.looks()[walk.next_look()]));
  fill_votes(record, stream.counts(), tested);
  const std::size_t certified = walk.certified();
  for (std::size_t i = 0; i < certified; ++i) record.looks.push_back({walk.crossing(i).samples, walk.crossing(i).failures});
  if (certified == 0) answer(record, {}, 0, 0);
  else answer(record, static_cast<Label>(tested), test.tested_radius(certified - 1), test.p_lower(certified - 1));
}

inline void certify_tolerance(Record& record, const stats::ToleranceTest& test, double share, Random& random) {
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

inline void certify_anytime(Record& record, const Settings& settings, const stats::AnytimeTest& test, double share, Random& random) {
  record.selection = selected(settings, share, random);
  const std::size_t tested = procedure::target_is_label(settings) ? static_cast<std::size_t>(record.label) : top(record.selection);
  Stream stream(share, tested, random);
  stats::AnytimeTest::Walk walk(test);
  while (tested != 4 && !walk.done()) walk.look(stream.failures_among(test.looks()[walk.next_look()]));
  fill_votes(record, stream.counts(), tested);
  answer(record, {}, 0, 0);
  const stats::Claim claim = walk.claim();
  if (!claim.radius) return;
  answer(record, static_cast<Label>(tested), *claim.radius, claim.p_lower);
  record.looks = {{walk.best().samples, walk.best().failures}};
}

// For check_alterations alone there are counts: no column has them.
inline void verify(Record& record, double share) {
  record.predict = 2;
  record.correct = record.label == 2;
  record.radius = record.correct ? 0.125 * share : 0;
  record.counts = {9, 9};
}

inline void attack(Record& record, const Settings& settings, const Attack& method, double share, Random& random) {
  if (settings.noise) predict(record, settings, share, random);
  else answer_plainly(record, share);
  record.attacked = 2;
  record.success = record.predict && *record.predict != 2;
  record.budget = method.tested_radius.value_or(0.25 * share);
  record.distance = 0.75 * record.budget;
}

// What is done with one image whose class 2 has this share of the votes.
using Conclude = std::function<void(Record& record, double share, Random& random)>;

inline Conclude conclude_by(const Settings& s, const FixedSamples&) {
  return [&s](Record& record, double share, Random& random) { certify(record, s, share, random); };
}
inline Conclude conclude_by(const Settings& s, const Prediction&) {
  return [&s](Record& record, double share, Random& random) { predict(record, s, share, random); };
}
inline Conclude conclude_by(const Settings& s, const Splitting&) {
  return [&s](Record& record, double share, Random& random) { split(record, s, share, random); };
}
inline Conclude conclude_by(const Settings& s, const NamedRadii&) {
  const auto test = std::make_shared<stats::RadiiTest>(procedure::radii_design(s));
  return [&s, test](Record& record, double share, Random& random) { certify_radii(record, s, *test, share, random); };
}
inline Conclude conclude_by(const Settings& s, const Tolerance& method) {
  const auto test = std::make_shared<stats::ToleranceTest>(procedure::two_stage_design(s), method.futility);
  return [test](Record& record, double share, Random& random) { certify_tolerance(record, *test, share, random); };
}
inline Conclude conclude_by(const Settings& s, const Anytime&) {
  const auto test = std::make_shared<stats::AnytimeTest>(procedure::anytime_design(s));
  return [&s, test](Record& record, double share, Random& random) { certify_anytime(record, s, *test, share, random); };
}
inline Conclude conclude_by(const Settings&, const Verification&) {
  return [](Record& record, double share, Random&) { verify(record, share); };
}
inline Conclude conclude_by(const Settings& s, const Attack& method) {
  return [&s, &method](Record& record, double share, Random& random) { attack(record, s, method, share, random); };
}

// Of settings that outlive it.
inline Conclude conclude_by(const Settings& settings) {
  return std::visit([&](const auto& method) { return conclude_by(settings, method); }, settings.method);
}

inline std::vector<Record> rows_of(const Settings& settings, std::size_t rows = row_count) {
  Random random(20190612);
  std::vector<Record> result;
  const Conclude conclude = conclude_by(settings);
  const double shares[] = {1, 0.97, 0.9, 0.3, 0.8, 0.52, 0.999, 0.7};
  for (std::size_t i = 0; i < rows; ++i) {
    Record record;
    record.index = i;
    record.label = i % 5 == 4 ? 1 : 2;
    record.seconds = 1.5;
    conclude(record, shares[i % 8], random);
    result.push_back(record);
  }
  return result;
}

inline Manifest manifest_of(const Settings& settings, std::uint64_t rows = row_count) {
  Manifest manifest;
  add_to(manifest, settings);
  manifest.add("images", std::uint64_t{10'000});
  manifest.add("start", std::uint64_t{0});
  manifest.add("skip", std::uint64_t{1});
  manifest.add("rows", rows);
  return manifest;
}

// A log in a folder of its own.
class LogFile {
 public:
  LogFile(const Settings& settings, const std::vector<Record>& rows) : LogFile(kind_of(settings), manifest_of(settings), rows) {}
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

inline std::vector<Place> places(const Audit& audit) {
  std::vector<Place> result;
  for (const Finding& finding : audit.findings) result.emplace_back(finding.line, finding.kind);
  return result;
}

inline std::string texts(const Audit& audit) {
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
inline void check_alterations_at(const Settings& settings, std::size_t at, const std::vector<Alteration>& alterations) {
  for (const Alteration& alteration : alterations) {
    std::vector<Record> altered = rows_of(settings);
    alteration.make(altered[at]);
    const Audit audit = LogFile(settings, altered).audited();
    std::vector<Place> expected;
    for (const std::string& kind : alteration.kinds) expected.emplace_back(at + 2, kind);
    EXPECT_EQ(places(audit), expected) << name_of(settings.method) << ", row " << at << ", " << alteration.name << "\n" << texts(audit);
  }
}

inline void check_alterations(const Settings& settings, const std::vector<Alteration>& alterations) {
  const std::vector<Record> rows = rows_of(settings);
  int tried = 0;
  for (std::size_t at = 0; at < rows.size() && tried < 2; ++at) {
    if (!rows[at].correct || rows[at].counts[0] < 2) continue;
    ++tried;
    check_alterations_at(settings, at, alterations);
  }
  EXPECT_GE(tried, 2) << name_of(settings.method);
}

}  // namespace ballast::log
