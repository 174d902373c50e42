// SPDX-License-Identifier: Apache-2.0
//
// Certificates that stop sampling as soon as the votes are clear: at radii
// named beforehand, a radius to a tolerance, or one that holds at any time.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "ballast/smooth/certify.hpp"
#include "ballast/stats/anytime_test.hpp"
#include "ballast/stats/radii_test.hpp"
#include "ballast/stats/tolerance_test.hpp"

namespace ballast::smooth {

// The class that is tested: fixed before the first sample of the estimate.
struct Target {
  std::optional<Label> label;             // the image's own; none: the class that the smoothed classifier itself seems to give,
  std::uint64_t selection_samples = 100;  // by the most votes of so many samples of their own
};

struct StagedCertificate : Certificate {
  // After so many samples, so many failures. For radii: where the test of each
  // certified radius rejected, in the order of the radii. For a tolerance: where
  // the screen rejected, the pilot, and the end; empty where the screen gave up.
  // At any time: where the bound was least.
  struct Look {
    std::uint64_t samples = 0, failures = 0;
  };
  std::vector<Look> looks;
};

// Asked before samples are drawn, at least once while they grow by a tenth: whether to go on, after these votes for this
// class with this radius certified (none: no radius yet). Where it says no, what has been certified is the answer.
struct Progress {
  const Counts& counts;
  Label candidate = 0;
  std::optional<double> radius;
};
using ContinueFn = std::function<bool(const Progress& progress)>;

// The largest radius whose test, and those of all smaller ones, rejected. The
// test's looks should be whole micro-batches; its noise law and error the counter's.
// Stopping early keeps the guarantee, whatever it depends on: a test that has rejected stays so.
StagedCertificate certify(VoteCounter& votes, const stats::RadiiTest& test, const Target& target, const ContinueFn& go_on = {});

// The screen, then the two-stage test on the same samples. Stopped before its
// end, it claims the radius 0 if the screen has rejected, and else nothing.
StagedCertificate certify(VoteCounter& votes, const stats::ToleranceTest& test, const Target& target, const ContinueFn& go_on = {});

// The radius of the least bound seen, whenever and for whatever reason it was stopped.
StagedCertificate certify(VoteCounter& votes, const stats::AnytimeTest& test, const Target& target, const ContinueFn& go_on = {});

}  // namespace ballast::smooth
