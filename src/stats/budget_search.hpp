// SPDX-License-Identifier: Apache-2.0
//
// Spending a budget of probability as nearly as its steps allow.

#pragma once

namespace ballast::stats {

// Where to look: from a guess outwards in growing steps, the first this long,
// then by bisection to this width.
struct Search {
  double guess = 0;
  double reach = 1;
  double width = 1e-5;
};

// An x with spent(x) <= budget, which is exceeded within search.width above.
// Requires a spent(x) that never decreases, is within the budget at some x and
// exceeds it at another; it may be a staircase.
template <typename Spent>
double largest_within(double budget, Search search, Spent spent) {
  double within = search.guess;
  double beyond = search.guess;
  if (spent(search.guess) <= budget) {
    for (; spent(beyond += search.reach) <= budget; search.reach *= 2) within = beyond;
  } else {
    for (; spent(within -= search.reach) > budget; search.reach *= 2) beyond = within;
  }
  while (beyond - within > search.width) {
    const double middle = (within + beyond) / 2;
    (spent(middle) <= budget ? within : beyond) = middle;
  }
  return within;
}

}  // namespace ballast::stats
