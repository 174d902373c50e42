// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/recertify.hpp"

namespace ballast::log {
namespace {

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

// From the look where the bound was least.
std::optional<StagedClaim> claim_of(const Record& row, const stats::AnytimeTest& test) {
  if (row.looks.empty()) return {};
  require(row.looks.size() == 1, fmt::format("{} looks; the one where the bound was least is needed", row.looks.size()));
  const auto& [alpha, most, step, futility, gain, smoothing, noise_error] = test.design();
  const auto claim = stats::anytime_claim(row.looks[0].samples, row.looks[0].failures, alpha, smoothing, noise_error);
  if (!claim.radius) return {};
  return StagedClaim{*claim.radius, claim.p_lower};
}

// Whether so many failures of the row can have given up the radius at this look. What is known of the failures on the way: those at the
// row's looks, and at its end.
bool may_give_up(const Record& row, const stats::SequentialSchedule& schedule, std::size_t look) {
  const std::uint64_t samples = schedule.looks[look];
  Record::Look before{0, 0}, after{row.samples, row.samples - row.count};
  for (const Record::Look& known : row.looks) {
    if (known.samples <= samples && known.samples >= before.samples) before = known;
    if (known.samples >= samples && known.samples <= after.samples) after = known;
  }
  const std::uint64_t most = std::min(after.failures, before.failures + (samples - before.samples));
  return static_cast<std::int64_t>(most) >= schedule.give_up_at[look];
}

// Whether the radius may have been given up at one of the looks up to the row's end, or at its end.
bool may_have_given_up(const Record& row, const stats::SequentialSchedule& schedule, bool at_the_end) {
  for (std::size_t look = 0; look < schedule.looks.size() && schedule.looks[look] <= row.samples; ++look) {
    if ((!at_the_end || schedule.looks[look] == row.samples) && may_give_up(row, schedule, look)) return true;
  }
  return false;
}

// A test that goes on for no reason could look for the moment at which it pleases. It ends at its last look; where the last of all radii
// is certified; or where the first radius that is not certified is given up, and all below it are certified.
bool may_end(const Record& row, const stats::RadiiTest& test) {
  if (row.samples == test.looks().back()) return true;
  const bool certifies_there =
      std::any_of(row.looks.begin(), row.looks.end(), [&](const Record::Look& look) { return look.samples == row.samples; });
  if (row.looks.size() == test.size()) return certifies_there;
  return may_have_given_up(row, test.schedule(row.looks.size()), !certifies_there);
}

// With a radius the looks say all. Without one: the screen's last look, its giving up, or the end of a second stage that rejected nothing.
bool may_end(const Record& row, const stats::ToleranceTest& test) {
  if (!row.looks.empty() || row.samples == test.screen.looks().back()) return true;
  const stats::SequentialSchedule& screen = test.screen.schedule(0);
  if (may_have_given_up(row, screen, true)) return true;
  const std::uint64_t failures = row.samples - row.count;
  for (std::uint64_t first = 0; first <= std::min(failures, test.stages.pilot()); ++first) {
    const std::uint64_t size = test.stages.total(first);
    if (size > row.samples) continue;
    // Behind the second stage's end lies only a look of the screen that was due.
    if (size < row.samples && !std::binary_search(screen.looks.begin(), screen.looks.end(), row.samples)) continue;
    if (size < row.samples || test.stages.rejected(first, failures - first) == 0) return true;
  }
  return false;
}

// Whenever it likes.
bool may_end(const Record&, const stats::AnytimeTest&) { return true; }

template <typename Test>
void check_rows(Audit& audit, const Settings& settings, const Test& test) {
  const procedure::Sequential& method = *procedure::sequential(settings);
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    try {
      const auto tested = tested_class(row, settings);
      if (!tested) {
        require(!row.predict && row.samples == 0 && row.looks.empty(), "answers or has votes, and the class tested is nan");
        continue;
      }
      check_votes(row, method, static_cast<std::size_t>(*tested));
      Record stated = row;
      stated.runner_up = 0;  // was looked at, as was `correct`
      Record again = stated;
      const auto claim = claim_of(row, test);
      again.predict = claim ? tested : std::nullopt;
      again.radius = claim ? claim->radius : 0;
      again.p_lower = claim ? claim->p_lower : 0;
      const std::string text = difference(stated, as_written(again, Kind::staged), Kind::staged);
      if (!text.empty()) find(audit, audit.log.lines[i], "radius", text + ", by its own looks");
      else require(may_end(row, test), fmt::format("ends after {} samples of {}, where the test goes on", row.samples, method.samples));
    } catch (const InputError& error) {
      find(audit, audit.log.lines[i], "counts", error.what());
    }
  }
}

}  // namespace

void check_votes(const Record& row, const procedure::Sequential& method, std::size_t tested) {
  const std::uint64_t sum = total(row.counts), selected = total(row.selection);
  require(sum == row.samples && sum <= method.samples,
          fmt::format("counts add up to {}, n is {}, and at most {} are drawn", sum, row.samples, method.samples));
  require(!row.counts.empty(), "there are no counts");
  // The last entry is the class "nan", also where it stands at the place of the class tested, which got no vote then.
  const std::size_t nan = row.counts.size() - 1;
  const auto is_tested = [&](std::size_t entry) { return entry == tested && entry != nan; };
  const std::uint64_t own = tested < nan ? row.counts[tested] : 0;
  require(row.count == own, fmt::format("count is {}, and the class tested, {}, has {} votes", row.count, tested, own));
  const auto runner_up = static_cast<std::size_t>(row.runner_up);
  std::uint64_t second = 0;
  for (std::size_t entry = 0; entry <= nan; ++entry) second = std::max(second, is_tested(entry) ? 0 : row.counts[entry]);
  require(row.runner_up_count == second && runner_up <= nan && row.counts[runner_up] == second && !is_tested(runner_up),
          fmt::format("runner_up is {} with {} votes, and the most votes beside those of {} are {}", row.runner_up, row.runner_up_count,
                      tested, second));
  require(selected == method.selection_samples, fmt::format("selection adds up to {}, and n0 is {}", selected, method.selection_samples));
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

void check_sequential(Audit& audit, const Settings& settings) {
  procedure::require_affordable(settings);  // whatever the manifest asks for
  if (procedure::is<procedure::NamedRadii>(settings))
    return check_rows(audit, settings, stats::RadiiTest(procedure::radii_design(settings)));
  if (const auto* tolerance = std::get_if<procedure::Tolerance>(&settings.method))
    return check_rows(audit, settings, stats::ToleranceTest(procedure::two_stage_design(settings), tolerance->futility));
  auto design = procedure::anytime_design(settings);
  design.futility = 0;  // when it gave up does not matter
  check_rows(audit, settings, stats::AnytimeTest(design));
}

}  // namespace ballast::log
