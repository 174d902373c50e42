// SPDX-License-Identifier: Apache-2.0
//
// The shape comes from Boost and decides only how good the boundary is. What
// proves it is the law of the failures at p*, followed through its whole
// numbers: what was absorbed, all mass that was dropped on the way, and a
// bound of all rounding together are at most alpha, or the boundary is lower.

#include "certify_boundary.hpp"

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cassert>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "budget_search.hpp"
#include "failure_law.hpp"
#include "rounding.hpp"
#include "shape_policy.hpp"

namespace ballast::stats {
namespace {

// Part of alpha that all cutting of windows together may cost, about.
constexpr double cutting_error = 1e-10;

// How exactly the threshold's logarithm is found.
constexpr double threshold_width = 1e-5;

double log_beta(double a, double b) {
  return boost::math::lgamma(a, ShapePolicy()) + boost::math::lgamma(b, ShapePolicy()) - boost::math::lgamma(a + b, ShapePolicy());
}

// ln of the likelihood of so many failures, averaged over Jeffreys' prior cut to
// p > p*, over their likelihood at p*. Falls as failures grow, rises with samples.
double log_ratio(std::uint64_t failures, std::uint64_t samples, double null_failure) {
  const auto f = static_cast<double>(failures);
  const auto k = static_cast<double>(samples - failures);
  const double posterior = boost::math::ibeta(f + 0.5, k + 0.5, null_failure, ShapePolicy());
  if (posterior == 0) return -std::numeric_limits<double>::infinity();
  const double prior = boost::math::ibeta(0.5, 0.5, null_failure, ShapePolicy());
  return log_beta(k + 0.5, f + 0.5) + std::log(posterior) - log_beta(0.5, 0.5) - std::log(prior) - k * std::log1p(-null_failure) -
         f * std::log(null_failure);
}

// The boundaries at which the likelihood ratio is at least a threshold.
class Shape {
 public:
  Shape(const std::vector<std::uint64_t>& looks, double null_failure) : looks_(looks), null_failure_(null_failure) {}

  // Boundaries fall as the threshold rises, so earlier ones enclose them.
  const std::vector<std::int64_t>& at(double log_threshold) {
    const auto stricter = known_.lower_bound(log_threshold);
    std::vector<std::int64_t> boundary;
    for (std::size_t j = 0; j < looks_.size(); ++j) {
      const std::int64_t least = stricter == known_.end() ? -1 : stricter->second[j];
      const std::int64_t most = stricter == known_.begin() ? static_cast<std::int64_t>(looks_[j]) : std::prev(stricter)->second[j];
      boundary.push_back(most_failures(looks_[j], log_threshold, least, most));
    }
    return known_.insert_or_assign(log_threshold, std::move(boundary)).first->second;
  }

 private:
  // The most failures with that ratio, known to be in [least, most].
  std::int64_t most_failures(std::uint64_t samples, double log_threshold, std::int64_t least, std::int64_t most) const {
    while (least < most) {
      const std::int64_t middle = most - (most - least) / 2;
      const bool passes = log_ratio(static_cast<std::uint64_t>(middle), samples, null_failure_) >= log_threshold;
      (passes ? least : most) = passes ? middle : middle - 1;
    }
    return least;
  }

  std::vector<std::uint64_t> looks_;
  double null_failure_;
  std::map<double, std::vector<std::int64_t>> known_;
};

// The law of the failures at p* up to some look, and what was certified before.
struct Walk {
  FailureLaw law;
  long double certified = 0;

  // At least the exact probability of having certified.
  long double error() const { return (certified + law.lost()) * law.growth(); }
};

Walk walk(const std::vector<std::int64_t>& boundary, const std::vector<CountLaw>& steps, double negligible) {
  Walk result{FailureLaw(negligible)};
  for (std::size_t j = 0; j < boundary.size(); ++j) {
    result.law.add(steps[j]);
    result.certified += result.law.stop_up_to(boundary[j]);
  }
  return result;
}

}  // namespace

CertifyBoundary certify_boundary(const SequentialDesign& design, const std::vector<std::uint64_t>& looks) {
  const double negligible = cutting_error * design.alpha / (4 * static_cast<double>(looks.size()));
  const std::vector<CountLaw> steps = failures_between(looks, design.null_failure, negligible);
  CertifyBoundary result;
  if (looks.size() > 1) {
    Shape shape({looks.begin(), looks.end() - 1}, design.null_failure);
    const auto error_above = [&](double minus_log_threshold) {
      return static_cast<double>(walk(shape.at(-minus_log_threshold), steps, negligible).error());
    };
    // The ratio is a martingale at p*: it ever reaches 2/alpha with probability at most alpha/2 (Ville).
    const Search search{.guess = std::log(design.alpha / 2), .reach = 1, .width = threshold_width};
    result.most = shape.at(-largest_within(design.alpha / 2, search, error_above));
  }
  Walk last = walk(result.most, steps, negligible);
  last.law.add(steps.back());
  const long double whole = std::nextafter(design.alpha, 0.0);  // one bit less, for the rounding of the next line
  const long double left = whole / last.law.growth() - last.law.lost() - last.certified;
  result.most.push_back(last.law.most_within(left));
  last.certified += last.law.stop_up_to(result.most.back());
  result.error = rounded_up(last.error());
  assert(result.error <= design.alpha);
  return result;
}

}  // namespace ballast::stats
