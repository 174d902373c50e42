// SPDX-License-Identifier: Apache-2.0

#include "ballast/smooth/certify_staged.hpp"

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "ballast/stats/requirements.hpp"

namespace ballast::smooth {
namespace {

// The stream of one image's samples, and how often the class tested was not given.
class Stream {
 public:
  // looks: where it asks whether to go on.
  Stream(VoteCounter& votes, const Target& target, const std::vector<std::uint64_t>& looks, const ContinueFn& go_on)
      : votes_(votes), looks_(looks), go_on_(go_on) {
    const std::uint64_t selection = target.label ? 0 : target.selection_samples;
    require(target.label || selection >= 1, "n0 = 0: at least 1 sample is needed to guess the class");
    stats::require_usable_samples("n0", selection);
    result_.selection = votes.next(noise::Purpose::selection, selection);
    result_.estimation = Counts{std::vector<std::uint64_t>(result_.selection.votes.size())};
    result_.candidate = target.label.value_or(result_.selection.winner());
    drawn_.push_back({});
  }

  // No answer is ever "nan".
  bool can_be_certified() const { return result_.candidate != result_.selection.nan_label(); }

  // Draws what is missing of the first `samples` samples. False if it was told to
  // stop before it had them. radius: certified by now.
  bool draw_up_to(std::uint64_t samples, std::optional<double> radius) {
    while (drawn_.back().samples < samples) {
      if (go_on_ && !go_on_({result_.estimation, result_.candidate, radius})) return false;
      const std::uint64_t next = go_on_ ? std::min(samples, next_look()) : samples;
      result_.estimation += votes_.next(noise::Purpose::estimation, next - drawn_.back().samples);
      drawn_.push_back({next, next - result_.estimation.of(result_.candidate)});
    }
    return true;
  }

  // Failures among the first `samples` samples, a size that was reached for.
  std::uint64_t failures_among(std::uint64_t samples) const {
    const auto found = std::find_if(drawn_.begin(), drawn_.end(), [&](const auto& look) { return look.samples == samples; });
    return found->failures;
  }

  // The certificate of a radius, after these looks.
  StagedCertificate certified(double radius, double p_lower, std::vector<StagedCertificate::Look> looks) && {
    result_.label = result_.candidate;
    result_.radius = radius;
    result_.p_lower = p_lower;
    result_.looks = std::move(looks);
    return std::move(result_);
  }
  StagedCertificate abstained() && { return std::move(result_); }

 private:
  std::uint64_t next_look() const { return *std::upper_bound(looks_.begin(), looks_.end(), drawn_.back().samples); }

  VoteCounter& votes_;
  const std::vector<std::uint64_t>& looks_;
  const ContinueFn& go_on_;
  StagedCertificate result_;
  std::vector<StagedCertificate::Look> drawn_;  // sizes reached so far
};

// What the walk has certified by now.
std::optional<double> radius_of(const stats::RadiiTest& test, const stats::RadiiTest::Walk& walk) {
  const std::size_t certified = walk.certified();
  return certified > 0 ? std::optional(test.radius(certified - 1)) : std::nullopt;
}

StagedCertificate claimed(Stream&& stream, const stats::RadiiTest& test, const stats::RadiiTest::Walk& walk) {
  const std::size_t certified = walk.certified();
  if (certified == 0) return std::move(stream).abstained();
  std::vector<StagedCertificate::Look> looks;
  for (std::size_t i = 0; i < certified; ++i) looks.push_back({walk.crossing(i).samples, walk.crossing(i).failures});
  return std::move(stream).certified(test.radius(certified - 1), test.p_lower(certified - 1), std::move(looks));
}

}  // namespace

StagedCertificate certify(VoteCounter& votes, const stats::RadiiTest& test, const Target& target, const ContinueFn& go_on) {
  Stream stream(votes, target, test.looks(), go_on);
  if (!stream.can_be_certified()) return std::move(stream).abstained();
  stats::RadiiTest::Walk walk(test);
  while (!walk.done()) {
    const std::uint64_t look = test.looks()[walk.next_look()];
    if (!stream.draw_up_to(look, radius_of(test, walk))) break;
    walk.look(stream.failures_among(look));
  }
  return claimed(std::move(stream), test, walk);
}

StagedCertificate certify(VoteCounter& votes, const stats::ToleranceTest& test, const Target& target, const ContinueFn& go_on) {
  Stream stream(votes, target, test.screen.looks(), go_on);
  if (!stream.can_be_certified()) return std::move(stream).abstained();
  const std::uint64_t pilot = test.stages.pilot();
  stats::RadiiTest::Walk walk(test.screen);
  const auto draw_up_to = [&](std::uint64_t samples) { return stream.draw_up_to(samples, radius_of(test.screen, walk)); };
  // The screen's looks, and on the way the sizes that the second stage will ask for.
  std::uint64_t total = pilot;
  while (!walk.done()) {
    const std::uint64_t look = test.screen.looks()[walk.next_look()];
    if (pilot <= look) {
      if (!draw_up_to(pilot)) break;
      total = test.stages.total(stream.failures_among(pilot));
    }
    if (pilot < total && total <= look && !draw_up_to(total)) break;
    if (!draw_up_to(look)) break;
    walk.look(stream.failures_among(look));
  }
  if (walk.certified() == 0) return std::move(stream).abstained();
  if (!draw_up_to(pilot)) return claimed(std::move(stream), test.screen, walk);
  const std::uint64_t first = stream.failures_among(pilot);
  total = test.stages.total(first);
  if (!draw_up_to(total)) return claimed(std::move(stream), test.screen, walk);
  const std::uint64_t all = stream.failures_among(total);
  const std::size_t rejected = test.stages.rejected(first, all - first);
  if (rejected == 0) return std::move(stream).abstained();
  const auto crossing = walk.crossing(0);
  return std::move(stream).certified(test.stages.radii()[rejected - 1], test.p_lower(rejected - 1),
                                     {{crossing.samples, crossing.failures}, {pilot, first}, {total, all}});
}

StagedCertificate certify(VoteCounter& votes, const stats::AnytimeTest& test, const Target& target, const ContinueFn& go_on) {
  Stream stream(votes, target, test.looks(), go_on);
  if (!stream.can_be_certified()) return std::move(stream).abstained();
  stats::AnytimeTest::Walk walk(test);
  while (!walk.done()) {
    const std::uint64_t look = test.looks()[walk.next_look()];
    if (!stream.draw_up_to(look, walk.claim().radius)) break;
    walk.look(stream.failures_among(look));
  }
  const stats::Claim claim = walk.claim();
  if (!claim.radius) return std::move(stream).abstained();
  return std::move(stream).certified(*claim.radius, claim.p_lower, {{walk.best().samples, walk.best().failures}});
}

}  // namespace ballast::smooth
