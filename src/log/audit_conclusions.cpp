// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/recertify.hpp"

namespace ballast::log {
namespace {

constexpr std::uint64_t most_designed = 20'000'000;  // samples of all sequential tests together: half a minute

// A row as its line would be read back, but for its time.
Record as_written(Record row, Kind kind) {
  row.seconds = 0;
  return parse_line(to_line(row, kind), parse_header(header_line(kind)));
}

// Concludes every row again from its own votes. Requires settings.
void check_fixed(Audit& audit, const Settings& settings) {
  const Kind kind = kind_of(settings.method);
  const bool has_alpha = settings.method == Method::certify;
  std::vector<Finding> findings;
  std::size_t wrong_bounds = 0;
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    try {
      Record again = as_written(recertified(row, settings, settings, 0), kind);
      again.correct = row.correct;  // was looked at
      if (const std::string text = difference(row, again, kind); !text.empty()) {
        const bool bound = row.p_lower != again.p_lower && row.count == again.count;
        wrong_bounds += bound;
        findings.push_back({audit.log.lines[i], bound || row.radius != again.radius ? "radius" : "counts", text + ", by its own votes"});
      }
    } catch (const InputError& error) {
      findings.push_back({audit.log.lines[i], "counts", error.what()});
    }
  }
  if (!has_alpha || 2 * wrong_bounds <= audit.log.rows.size()) {
    if (has_alpha) audit.fitting_alphas = {settings.alpha};
    audit.findings.insert(audit.findings.end(), findings.begin(), findings.end());
    return;
  }
  // Not a row here and there: another alpha, then. What is said of votes stands.
  std::copy_if(findings.begin(), findings.end(), std::back_inserter(audit.findings),
               [](const Finding& finding) { return finding.kind == "counts"; });
  for (const double alpha : usual_alphas) {
    Settings other = settings;
    other.alpha = alpha;
    const auto fits = [&](const Record& row) {
      try {
        return row.p_lower == as_written(recertified(row, other, other, 0), kind).p_lower;
      } catch (const InputError&) {
        return true;  // said already
      }
    };
    if (std::all_of(audit.log.rows.begin(), audit.log.rows.end(), fits)) audit.fitting_alphas.push_back(alpha);
  }
  find(audit, 0, "alpha",
       fmt::format("alpha = {} is stated, and {} of {} rows have another bound; {}", settings.alpha, wrong_bounds, audit.log.rows.size(),
                   audit.fitting_alphas.empty() ? "no alpha in use fits all"
                                                : fmt::format("alpha = {} fits", fmt::join(audit.fitting_alphas, ", "))));
}

// The greatest number where the sum is above it.
std::uint64_t total(const std::vector<std::uint64_t>& votes) {
  std::uint64_t sum = 0;
  for (const std::uint64_t part : votes) sum = part > UINT64_MAX - sum ? UINT64_MAX : sum + part;
  return sum;
}

// Throws InputError saying what cannot be in a staged row.
void check_votes(const Record& row, const Settings& settings, std::size_t tested) {
  const std::uint64_t sum = total(row.counts), selected = total(row.selection);
  require(sum == row.samples && sum <= settings.samples,
          fmt::format("counts add up to {}, n is {}, and at most {} are drawn", sum, row.samples, settings.samples));
  const auto votes_of = [&](std::size_t label) { return label < row.counts.size() ? row.counts[label] : 0; };
  require(row.count == votes_of(tested),
          fmt::format("count is {}, and the class tested, {}, has {} votes", row.count, tested, votes_of(tested)));
  std::uint64_t second = 0;
  for (std::size_t label = 0; label < row.counts.size(); ++label) second = std::max(second, label == tested ? 0 : row.counts[label]);
  const auto runner_up = static_cast<std::size_t>(row.runner_up);
  require(row.runner_up_count == second && votes_of(runner_up) == second && runner_up != tested,
          fmt::format("runner_up is {} with {} votes, and the most votes beside those of {} are {}", row.runner_up, row.runner_up_count,
                      tested, second));
  require(selected == settings.selection_samples,
          fmt::format("selection adds up to {}, and n0 is {}", selected, settings.selection_samples));
  std::uint64_t last_failures = 0, last_samples = 0;
  auto looks = row.looks;
  std::sort(looks.begin(), looks.end(), [](const auto& a, const auto& b) { return a.samples < b.samples; });
  looks.push_back({row.samples, row.samples - row.count});
  for (const auto& look : looks) {
    require(
        look.failures <= look.samples && look.samples <= row.samples && look.failures >= last_failures &&
            look.failures - last_failures <= look.samples - last_samples,
        fmt::format("look {}:{} cannot be with the others and n = {}, count = {}", look.samples, look.failures, row.samples, row.count));
    last_failures = look.failures;
    last_samples = look.samples;
  }
}

void check_crossing(const stats::RadiiTest& test, std::size_t radius, const Record::Look& look) {
  const auto& looks = test.looks();
  const auto found = std::find(looks.begin(), looks.end(), look.samples);
  require(found != looks.end(), fmt::format("{} samples are not a look of the test", look.samples));
  const std::int64_t most = test.schedule(radius).certify_at[static_cast<std::size_t>(found - looks.begin())];
  require(static_cast<std::int64_t>(look.failures) <= most,
          fmt::format("{} failures of {} do not certify: at most {} do", look.failures, look.samples, most));
}

// The certified radius and the bound by the looks of a row; none: abstained.
struct StagedClaim {
  double radius = 0, p_lower = 0;
};

std::optional<StagedClaim> claim_of(const Record& row, const stats::RadiiTest& test) {
  const std::size_t certified = row.looks.size();
  require(std::binary_search(test.looks().begin(), test.looks().end(), row.samples),
          fmt::format("n is {}, which is not a look of the test", row.samples));
  require(certified <= test.size(), fmt::format("{} looks, and {} radii were tested", certified, test.size()));
  for (std::size_t i = 0; i < certified; ++i) check_crossing(test, i, row.looks[i]);
  if (certified == 0) return {};
  return StagedClaim{test.tested_radius(certified - 1), test.p_lower(certified - 1)};
}

std::optional<StagedClaim> claim_of(const Record& row, const stats::ToleranceTest& test) {
  if (row.looks.empty()) return {};
  require(row.looks.size() == 3, fmt::format("{} looks; the screen, the pilot and the end are needed", row.looks.size()));
  const auto& pilot = row.looks[1];
  const auto& end = row.looks[2];
  check_crossing(test.screen, 0, row.looks[0]);
  require(pilot.samples == test.stages.pilot() && end.samples == test.stages.total(pilot.failures) && end.failures >= pilot.failures,
          "the pilot or the size it leads to is not the test's");
  require(row.samples == std::max(row.looks[0].samples, end.samples),
          fmt::format("n is {}, and the looks end at {}", row.samples, std::max(row.looks[0].samples, end.samples)));
  const std::size_t rejected = test.stages.rejected(pilot.failures, end.failures - pilot.failures);
  if (rejected == 0) return {};
  return StagedClaim{test.stages.radii()[rejected - 1], test.p_lower(rejected - 1)};
}

template <typename Test>
void check_staged(Audit& audit, const Settings& settings, const Test& test) {
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    try {
      const auto tested = tested_class(row, settings);
      if (!tested) {
        require(!row.predict && row.samples == 0 && row.looks.empty(), "answers or has votes, and the class tested is nan");
        continue;
      }
      check_votes(row, settings, static_cast<std::size_t>(*tested));
      Record stated = row;
      stated.runner_up = 0;  // was looked at, as was `correct`
      Record again = stated;
      const auto claim = claim_of(row, test);
      again.predict = claim ? tested : std::nullopt;
      again.radius = claim ? claim->radius : 0;
      again.p_lower = claim ? claim->p_lower : 0;
      const std::string text = difference(stated, as_written(again, Kind::staged), Kind::staged);
      if (!text.empty()) find(audit, audit.log.lines[i], "radius", text + ", by its own looks");
    } catch (const InputError& error) {
      find(audit, audit.log.lines[i], "counts", error.what());
    }
  }
}

// A deterministic bound leaves nothing to conclude again, only what must not contradict itself.
void check_verified(Audit& audit, const Settings& settings) {
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    const bool right = row.predict && *row.predict == row.label;
    if (!right && row.radius > 0)
      find(audit, audit.log.lines[i], "radius", fmt::format("image {}: the answer is wrong, so nothing is certified", row.index));
    if (settings.tested && row.radius > 0 && row.radius > *settings.tested)
      find(audit, audit.log.lines[i], "radius", fmt::format("image {}: {} was tested at", row.index, *settings.tested));
  }
}

// What the judge's votes of the attacked image say: those of PREDICT, or the one of the base classifier.
void check_judgement(const Record& row, const Settings& settings) {
  Record again = row;
  if (settings.noise == "none") {
    require(total(row.counts) == 1, fmt::format("counts add up to {}, and the base classifier has one vote", total(row.counts)));
    const auto top = static_cast<Label>(std::max_element(row.counts.begin(), row.counts.end()) - row.counts.begin());
    again.predict = row.counts.back() == 1 ? std::nullopt : std::optional(top);
    again.samples = again.count = 1;
    again.runner_up_count = 0;
  } else {
    Settings judge = settings;
    judge.method = Method::predict;
    again = recertified(row, judge, judge, 0);
  }
  again.correct = row.correct;      // was looked at
  again.runner_up = row.runner_up;  // of several with as many votes
  const std::string text = difference(row, as_written(again, Kind::attack), Kind::predict);
  require(text.empty(), text + ", by its own votes");
}

void check_attacked(Audit& audit, const Settings& settings) {
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    const std::size_t line = audit.log.lines[i];
    const bool left = row.predict && *row.predict != row.attacked;
    if (row.success != left)
      find(audit, line, "success",
           fmt::format("success is {}, and predict {} with attacked {} makes it {}", int{row.success}, row.predict.value_or(-1),
                       row.attacked, int{left}));
    if (row.distance > row.budget) find(audit, line, "radius", fmt::format("distance {} is beyond budget {}", row.distance, row.budget));
    if (settings.tested && row.budget != *settings.tested)
      find(audit, line, "radius", fmt::format("budget is {}, and the radius of all images is {}", row.budget, *settings.tested));
    try {
      check_judgement(row, settings);
    } catch (const InputError& error) {
      find(audit, line, "counts", error.what());
    }
  }
}

// The sequential tests take time like their samples and a root of ln(1/alpha): a manifest may ask for more than anyone waits for.
void require_affordable(const Settings& settings) {
  const auto tests = static_cast<double>(std::max<std::size_t>(1, settings.radii.size()));
  const double root = std::sqrt(std::max(1.0, std::log(settings.alpha) / std::log(0.001)));
  const auto most = static_cast<std::uint64_t>(static_cast<double>(most_designed) / (tests * root));
  require(settings.samples <= most,
          fmt::format("n is {}; to compute its {:.0f} sequential test{} again at alpha = {} it must be at most {}", settings.samples, tests,
                      tests == 1 ? "" : "s", settings.alpha, most));
}

}  // namespace

void check_conclusions(Audit& audit, const Settings& settings) {
  if (settings.scaled) find(audit, 0, "manifest", "the counts were scaled: an illustration, not certificates");
  const std::string needed = header_line(kind_of(settings.method));
  if (audit.log.columns.names != parse_header(needed).names) {
    find(audit, 1, "manifest",
         fmt::format("the columns are not those of a log of {}, so its votes were not looked at", to_string(settings.method)));
    return;
  }
  switch (settings.method) {
    case Method::certify:
    case Method::splitting:
    case Method::predict: return check_fixed(audit, settings);
    case Method::verify: return check_verified(audit, settings);
    case Method::attack: return check_attacked(audit, settings);
    case Method::radii: require_affordable(settings); return check_staged(audit, settings, stats::RadiiTest(radii_design(settings)));
    case Method::tolerance:
      require_affordable(settings);
      return check_staged(audit, settings, stats::ToleranceTest(two_stage_design(settings), settings.futility));
  }
}

}  // namespace ballast::log
