// SPDX-License-Identifier: Apache-2.0

#include "ballast/stats/fresh_draw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/core/errors.hpp"
#include "ballast/stats/test_set.hpp"
#include "binomial_mass.hpp"
#include "rounding.hpp"

namespace ballast::stats {
namespace {

// P(X = k), as binomial outcomes of any one probability: b(k; n, p) b(s - k; m, p) / b(s; n + m, p).
Mass hypergeometric_mass(std::uint64_t k, std::uint64_t n, std::uint64_t m, std::uint64_t successes) {
  const long double p = static_cast<long double>(successes) / static_cast<long double>(n + m);
  const Chance chance{p, static_cast<long double>(n + m - successes) / static_cast<long double>(n + m)};
  const Mass first = binomial_mass(k, n, chance), second = binomial_mass(successes - k, m, chance),
             both = binomial_mass(successes, n + m, chance);
  // The chance's own rounding does not matter: the quotient is the same for each.
  const long double spread = static_cast<long double>(n + m) * 4 * long_epsilon;
  return {first.value / both.value * second.value,
          first.relative_error + second.relative_error + both.relative_error + 4 * long_epsilon + spread};
}

}  // namespace

double hypergeometric_upper_tail(std::uint64_t k, std::uint64_t n, std::uint64_t m, std::uint64_t successes) {
  require(n >= 1 && m >= 1 && n <= most_trials / 2 && m <= most_trials / 2,
          fmt::format("{} and {} trials: 1 to {} are allowed", n, m, most_trials / 2));
  require(successes <= n + m, fmt::format("{} successes are more than {} trials", successes, n + m));
  const std::uint64_t least = successes > m ? successes - m : 0, most = std::min(n, successes);
  if (k <= least) return 1;
  if (k > most) return 0;
  if (least == most) return 1;
  const long double mean = static_cast<long double>(n) * static_cast<long double>(successes) / static_cast<long double>(n + m);
  if (static_cast<long double>(k) <= mean) return 1;
  const Mass first = hypergeometric_mass(k, n, m, successes);
  long double sum = first.value, term = first.value, rest = 0, steps = 1;
  for (std::uint64_t i = k; i < most; ++i, ++steps) {
    const long double ratio = static_cast<long double>(n - i) * static_cast<long double>(successes - i) /
                              (static_cast<long double>(i + 1) * static_cast<long double>(m - successes + i + 1));
    rest = ratio < 1 ? term * ratio / (1 - ratio) : std::numeric_limits<long double>::max();  // what follows falls faster still
    if (rest <= long_epsilon * sum) break;
    term *= ratio;
    sum += term;
    rest = 0;
  }
  const long double error = first.relative_error + step_error * steps;
  return rounded_up(std::min(1.0L, (sum + 2 * rest) * (1 + error) + std::numeric_limits<long double>::min()));
}

bool refutes_claim(const FreshDraw& draw, double level, double moved) {
  return draw.needed - moved > upper_confidence_bound(draw.fresh, level);
}

bool refutes_votes(const FreshDraw& draw, double level, double moved) {
  if (!draw.logged) return false;
  const auto may_move = static_cast<std::uint64_t>(std::ceil(moved * static_cast<double>(draw.logged->trials)));
  const std::uint64_t count = draw.logged->successes > may_move ? draw.logged->successes - may_move : 0;
  return hypergeometric_upper_tail(count, draw.logged->trials, draw.fresh.trials, count + draw.fresh.successes) <= level;
}

FreshVerdict judge(std::span<const std::vector<FreshDraw>> rows, double alpha, double moved) {
  FreshVerdict verdict;
  if (rows.empty()) return verdict;
  const double level = fresh_draw_error / static_cast<double>(rows.size());
  verdict.allowed = most_wrong(rows.size(), alpha, fresh_draw_error);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto& claims = rows[row];
    const double share = level / static_cast<double>(std::max<std::size_t>(1, claims.size()));
    const auto first = [&](auto&& holds) { return std::find_if(claims.begin(), claims.end(), holds) - claims.begin(); };
    const auto note = [&](std::vector<FreshVerdict::Place>& places, std::ptrdiff_t claim) {
      if (claim < std::ssize(claims)) places.push_back({row, static_cast<std::size_t>(claim)});
    };
    note(verdict.refuted, first([&](const FreshDraw& claim) { return refutes_claim(claim, share, moved); }));
    note(verdict.other_votes, first([&](const FreshDraw& claim) { return refutes_votes(claim, share, moved); }));
  }
  return verdict;
}

}  // namespace ballast::stats
