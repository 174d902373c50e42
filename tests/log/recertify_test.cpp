// SPDX-License-Identifier: Apache-2.0
//
// New conclusions from old votes: the same as a fresh run's where all votes are kept, the law of a fresh run's where some are drawn.

#include "ballast/log/recertify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "log_fixtures.hpp"

namespace ballast::log::recertify_test {
namespace {

using Votes = std::vector<std::uint64_t>;

Settings settings_of(procedure::Method method, double alpha) {
  return {.scale = 0.5, .noise_error = 4e-13, .alpha = alpha, .method = std::move(method)};
}

Settings certify_settings(std::uint64_t samples = 1000, double alpha = 0.001) { return settings_of(FixedSamples{100, samples}, alpha); }

Settings unsplit_settings(std::uint64_t samples = 1000, double alpha = 0.001) { return settings_of(FixedSamples{0, samples}, alpha); }

Settings predict_settings(std::uint64_t samples = 1000, double alpha = 0.001) { return settings_of(Prediction{samples}, alpha); }

// A row with nothing but its votes; the last entries are "nan".
Record votes_row(Votes counts, Votes selection = {0, 0, 100, 0}, std::uint64_t index = 7) {
  Record record;
  record.index = index;
  record.label = 2;
  record.selection = std::move(selection);
  record.counts = std::move(counts);
  return record;
}

Recertification at_alpha(double alpha) { return {.alpha = alpha}; }
Recertification with_samples(std::uint64_t samples) { return {.samples = samples}; }

Record concluded(const Record& row, const Settings& settings) { return recertified(row, settings, settings, 0); }

Record drawn(const Record& row, const Settings& before, std::uint64_t samples, std::uint64_t seed) {
  return recertified(row, before, recertified(before, with_samples(samples), 1), seed);
}

std::uint64_t total(const Votes& votes) { return std::accumulate(votes.begin(), votes.end(), std::uint64_t{0}); }

std::string refusal_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Recertify, AtAnotherAlphaMakesTheClaimAtThatAlpha) {
  for (const stats::Bound bound : {stats::Bound::cohen, stats::Bound::pb, stats::Bound::lecuyer, stats::Bound::li}) {
    for (const Votes& counts :
         std::vector<Votes>{{0, 0, 1000, 0}, {30, 20, 950, 0}, {100, 300, 590, 10}, {600, 0, 400, 0}, {250, 0, 400, 350}}) {
      for (const double alpha : {0.1, 0.001, 1e-6}) {
        const Settings before = certify_settings(1000, 0.01);
        const Settings now = recertified(before, {.alpha = alpha, .bound = bound}, 1);
        const Record row = recertified(votes_row(counts), before, now, 0);
        const std::uint64_t second = std::max({counts[0], counts[1], counts[3]});
        const auto claim =
            stats::claim({alpha, procedure::smoothing_of(before), before.noise_error, bound, true}, {1000, counts[2], second});
        EXPECT_EQ(row.radius, claim.radius.value_or(0));
        EXPECT_EQ(row.predict.has_value(), claim.radius.has_value());
        EXPECT_EQ(row.predict.value_or(2), 2);
        EXPECT_EQ(row.correct, claim.radius.has_value());
        EXPECT_EQ(row.p_lower, claim.p_lower);
        EXPECT_EQ(row.count, counts[2]);
        EXPECT_EQ(row.runner_up_count, second);
        EXPECT_EQ(row.samples, 1000u);
      }
    }
  }
}

// Twice is once: the votes are all that counts.
TEST(Recertify, ThereAndBackIsTheRowItself) {
  const Settings first = certify_settings(1000, 0.001), second = recertified(first, {.alpha = 0.05, .bound = stats::Bound::pb}, 1);
  const Settings third = recertified(second, {.alpha = 0.001, .bound = stats::Bound::cohen}, 1);
  EXPECT_EQ(third, first);
  const Record row = concluded(votes_row({30, 20, 950, 0}), first);
  const Record again = recertified(recertified(row, first, second, 0), second, third, 0);
  EXPECT_EQ(to_line(again, Kind::certify), to_line(row, Kind::certify));
}

// Lines as certify writes them, of every kind of vote.
TEST(Recertify, ToTheSameSettingsLeavesEveryCharacter) {
  const auto columns = parse_header(header_line(Kind::certify));
  const auto unchanged = [&](const std::string& line, const Settings& settings) {
    EXPECT_EQ(to_line(concluded(parse_line(line, columns), settings), Kind::certify), line);
  };
  const Settings split = certify_settings(100), unsplit = unsplit_settings(100);
  const std::string radius = "0.750237\t", p_lower = "0.933254300796\t";  // 0.001^(1/100), and half its normal quantile
  unchanged("0\t0\t0\t" + radius + "1\t0:00:01.000000\t" + p_lower + "100\t100\t1\t0\t0:100\t0:100", split);  // unanimous class 0
  unchanged("0\t5\t5\t" + radius + "1\t0:00:01.000000\t" + p_lower + "100\t100\t0\t0\t5:100\t5:100", split);
  unchanged("0\t5\t5\t" + radius + "1\t0:00:01.000000\t" + p_lower + "100\t100\t0\t0\t3:40,5:60\t5:100", split);
  unchanged("0\t5\t-1\t0.000000\t0\t0:00:01.000000\t0.000000000000\t100\t0\t5\t100\t9:100\t5:100", split);  // a class that got no vote
  unchanged("0\t5\t-1\t0.000000\t0\t0:00:01.000000\t0.000000000000\t100\t0\t5\t100\tnan:100\t5:100", split);
  unchanged("0\t5\t-1\t0.000000\t0\t0:00:01.000000\t" + p_lower + "100\t100\t0\t0\tnan:100\tnan:100", split);  // sure, and no answer
  unchanged("0\t5\t-1\t0.000000\t0\t0:00:01.000000\t0.000000000000\t100\t0\tnan\t100\t5:100\tnan:100", split);
  unchanged("0\t1\t-1\t0.000000\t0\t0:00:01.000000\t0.344798006424\t100\t50\tnan\t50\t1:100\t1:50,nan:50", split);
  unchanged("0\t0\t-1\t0.000000\t0\t0:00:01.000000\t0.000000000000\t100\t50\t1\t50\t-\t0:50,1:50", unsplit);  // a tie: the lower class
  unchanged("0\t0\t-1\t0.000000\t0\t0:00:01.000000\t0.000000000000\t100\t50\tnan\t50\t-\t3:50,nan:50", unsplit);
}

TEST(Recertify, OfAClassNanNeverAnswers) {
  const Record row = concluded(votes_row({0, 0, 1000}, {0, 0, 100}), certify_settings());
  EXPECT_FALSE(row.predict);
  EXPECT_EQ(row.radius, 0);
  EXPECT_FALSE(row.correct);
  EXPECT_EQ(tested_class(votes_row({0, 0, 1000}, {0, 0, 100}), certify_settings()), std::nullopt);
  EXPECT_FALSE(concluded(votes_row({0, 0, 1000}, {0}), unsplit_settings()).predict);
  EXPECT_FALSE(concluded(votes_row({0, 0, 1000}, {0}), predict_settings()).predict);
}

TEST(Recertify, WithoutASelectionTakesTheWinnerOfTheVotes) {
  const Record row = concluded(votes_row({10, 980, 10, 0}, {0}), unsplit_settings());
  EXPECT_EQ(row.predict, 1);
  EXPECT_FALSE(row.correct);
  EXPECT_EQ(row.count, 980u);
  EXPECT_FALSE(concluded(votes_row({450, 450, 100, 0}, {0}), unsplit_settings()).predict);
}

TEST(Recertify, OfAPredictLogTestsTheTopTwo) {
  const Record row = concluded(votes_row({40, 100, 860, 0}, {}), predict_settings());
  EXPECT_EQ(row.predict, 2);
  EXPECT_TRUE(row.correct);
  EXPECT_EQ(row.runner_up, 1);
  const Settings now = recertified(predict_settings(), at_alpha(0.05), 1);
  // 2 P(Bin(n_A + n_B, 1/2) >= n_A): 535 of 1000 is 0.029, 525 of 1000 is 0.12.
  EXPECT_EQ(recertified(votes_row({535, 465, 0, 0}, {}), predict_settings(), now, 0).predict, 0);
  EXPECT_FALSE(recertified(votes_row({535, 465, 0, 0}, {}), predict_settings(), predict_settings(), 0).predict);
  EXPECT_FALSE(recertified(votes_row({525, 475, 0, 0}, {}), predict_settings(), now, 0).predict);
  EXPECT_EQ(drawn(votes_row({40, 100, 860, 0}, {}), predict_settings(), 100, 5).samples, 100u);
}

TEST(Recertify, FamilyWiseSharesAlphaAmongTheRows) {
  const Settings each = certify_settings(1000, 0.001);
  const Settings shared = recertified(each, {.family_wise = true}, 500);
  EXPECT_EQ(shared.family_size, 500u);
  EXPECT_EQ(shared.alpha, 0.001 / 500);
  const Settings other = recertified(each, {.alpha = 0.05, .family_wise = true}, 500);
  EXPECT_EQ(other.alpha, 0.05 / 500);
  // From a family-wise log: its alpha is that of all.
  EXPECT_EQ(recertified(shared, {.family_wise = true}, 500), shared);
  EXPECT_EQ(recertified(shared, {.alpha = 0.05, .family_wise = true}, 500), other);
  EXPECT_EQ(recertified(shared, {.bound = stats::Bound::pb}, 500).alpha, shared.alpha);
  EXPECT_EQ(recertified(shared, {.bound = stats::Bound::pb}, 500).family_size, 500u);
  const Settings apart = recertified(shared, at_alpha(0.001), 500);
  EXPECT_EQ(apart, each);
}

// Ten rows of five hundred, picked when all had been seen, must not share alpha among ten.
TEST(Recertify, FamilyWiseCountsRowsThatWerePlanned) {
  Settings shared = certify_settings(1000, 0.001 / 500);
  shared.family_size = 500;
  EXPECT_EQ(recertified(shared, {.family_wise = true}, 10), shared);
  EXPECT_EQ(recertified(shared, {.alpha = 0.05, .family_wise = true}, 10).alpha, 0.05 / 500);
  EXPECT_EQ(recertified(shared, {.alpha = 0.05, .family_wise = true}, 1000).alpha, 0.05 / 1000);
}

TEST(Draw, TakesSoManyVotesAndNoneThatIsNotThere) {
  const Votes before{100, 0, 850, 50};
  for (const std::uint64_t samples : {1u, 10u, 499u, 500u, 501u, 990u, 999u}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Record row = drawn(votes_row(before), certify_settings(), samples, seed);
      EXPECT_EQ(total(row.counts), samples);
      EXPECT_EQ(row.samples, samples);
      ASSERT_EQ(row.counts.size(), before.size());
      for (std::size_t c = 0; c < before.size(); ++c) EXPECT_LE(row.counts[c], before[c]);
      EXPECT_EQ(row.count, row.counts[2]);  // the class stays the selection's
    }
  }
}

TEST(Draw, OfAllVotesIsNone) {
  const Record row = concluded(votes_row({100, 0, 850, 50}), certify_settings());
  EXPECT_EQ(to_line(drawn(row, certify_settings(), 1000, 3), Kind::certify), to_line(row, Kind::certify));
}

TEST(Draw, DependsOnTheSeedAndTheImageAlone) {
  const auto counts_of = [](std::uint64_t seed, std::uint64_t index) {
    return drawn(votes_row({100, 0, 850, 50}, {0, 0, 100, 0}, index), certify_settings(), 100, seed).counts;
  };
  EXPECT_EQ(counts_of(1, 7), counts_of(1, 7));
  int same_seed = 0, same_image = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    same_seed += counts_of(1, i) == counts_of(1, i + 1);
    same_image += counts_of(i, 1) == counts_of(i + 1, 1);
  }
  EXPECT_LT(same_seed, 15);  // two draws agree in about one of forty
  EXPECT_LT(same_image, 15);
  // The same on every machine.
  EXPECT_EQ(counts_of(2026, 7), (Votes{12, 0, 85, 3}));
}

double chosen(std::uint64_t n, std::uint64_t k) {
  double ways = 1;
  for (std::uint64_t i = 0; i < k; ++i) ways = ways * static_cast<double>(n - i) / static_cast<double>(i + 1);
  return ways;
}

// Chi-square of the outcomes over seeds 0, 1, ... against the multivariate hypergeometric law.
double chi_square(const Votes& before, std::uint64_t samples, std::size_t outcomes) {
  constexpr std::uint64_t seeds = 20'000;
  const std::uint64_t all = total(before);
  std::map<Votes, double> seen;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) ++seen[drawn(votes_row(before, {0}), unsplit_settings(all), samples, seed).counts];
  EXPECT_EQ(seen.size(), outcomes);
  double sum = 0;
  for (const auto& [votes, count] : seen) {
    double expected = static_cast<double>(seeds) / chosen(all, samples);
    for (std::size_t c = 0; c < before.size(); ++c) expected *= chosen(before[c], votes[c]);
    sum += (count - expected) * (count - expected) / expected;
  }
  return sum;
}

// Both ways: votes taken, and votes left out. False alarms: 1e-6 each, with one degree of freedom less than there are outcomes.
TEST(Draw, HasTheHypergeometricLaw) {
  EXPECT_LT(chi_square({5, 3, 2}, 4, 11), 46.863);
  EXPECT_LT(chi_square({5, 3, 2}, 7, 9), 42.701);
}

// At the size of real logs: the mean and the spread of one class's votes.
TEST(Draw, OfManyVotesHasTheHypergeometricMeanAndVariance) {
  const double n = 10'000, all = 100'000, share = 0.3;
  const double deviation = std::sqrt(n * share * (1 - share) * (all - n) / (all - 1));
  constexpr int draws = 300;
  double sum = 0, squares = 0;
  for (std::uint64_t seed = 0; seed < draws; ++seed) {
    const Record row = drawn(votes_row({30'000, 50'000, 0, 20'000}, {0}), unsplit_settings(100'000), 10'000, seed);
    const double z = (static_cast<double>(row.counts[0]) - n * share) / deviation;
    sum += z;
    squares += z * z;
  }
  EXPECT_LT(std::abs(sum / std::sqrt(draws)), 4.9);                    // two-sided, 1e-6
  EXPECT_LT(std::abs(squares - draws) / std::sqrt(2.0 * draws), 5.5);  // 1e-6, skewness allowed for
}

TEST(Draw, MakesTheCertificateOfWhatWasDrawn) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Settings before = certify_settings(), now = recertified(before, with_samples(200), 1);
    const Record row = recertified(votes_row({30, 20, 950, 0}), before, now, seed);
    const auto claim = stats::claim(procedure::claim_settings(now), {200, row.count, row.runner_up_count});
    EXPECT_EQ(row.radius, claim.radius.value_or(0));
    const Record unsplit = drawn(votes_row({490, 20, 490, 0}, {0}), unsplit_settings(), 200, seed);
    EXPECT_EQ(unsplit.count, std::max(unsplit.counts[0], unsplit.counts[2]));  // the winner of what was drawn
  }
}

TEST(Draw, TakesAMomentHoweverManyClassesThereAre) {
  Votes counts(900'002);
  for (std::size_t c = 0; c < 100'000; ++c) counts[9 * c] = 1;
  EXPECT_EQ(total(drawn(votes_row(counts, {0}), unsplit_settings(100'000), 50'000, 1).counts), 50'000u);
}

TEST(Draw, OfMoreVotesThanAnyoneWaitsForIsRefused) {
  const std::uint64_t most = std::uint64_t{1} << 32;
  EXPECT_THROW(drawn(votes_row({most, 0, 0}, {0}), unsplit_settings(most), most / 2, 1), InputError);
  EXPECT_NO_THROW(drawn(votes_row({most, 0, 0}, {0}), unsplit_settings(most), most - 10, 1));
}

TEST(Scale, KeepsProportionsAndIsMarked) {
  Recertification wanted = with_samples(100);
  wanted.scale = true;
  const Settings now = recertified(certify_settings(), wanted, 1);
  EXPECT_TRUE(now.illustration);
  const Record row = recertified(votes_row({13, 26, 955, 6}), certify_settings(), now, 0);
  EXPECT_EQ(row.counts, (Votes{1, 4, 95, 0}));  // what rounding loses goes to the runner-up, never to the class tested
  EXPECT_EQ(row.count, 95u);
  Manifest manifest;
  add_to(manifest, now);
  EXPECT_NE(manifest.find("illustration"), nullptr);
  EXPECT_FALSE(recertified(certify_settings(), with_samples(100), 1).illustration);
  EXPECT_NE(refusal_of([&] { recertified(now, at_alpha(0.1), 1); }).find("scaled"), std::string::npos);
}

TEST(Scale, GoesUpTooAndIsExactForTheLargestCounts) {
  Recertification wanted = with_samples(1'000'000);
  wanted.scale = true;
  const Settings now = recertified(certify_settings(), wanted, 1);
  EXPECT_EQ(recertified(votes_row({13, 26, 955, 6}), certify_settings(), now, 0).counts, (Votes{13'000, 26'000, 955'000, 6'000}));
  const std::uint64_t most = std::uint64_t{1} << 32;
  wanted.samples = most - 1;
  const Settings huge = unsplit_settings(most), less = recertified(huge, wanted, 1);
  for (const Votes& counts : std::vector<Votes>{{most, 0, 0}, {most - 1, 1, 0}, {most / 2 + 1, most / 2 - 1, 0}, {most - 3, 1, 2}}) {
    const Record row = recertified(votes_row(counts, {0}), huge, less, 0);
    EXPECT_EQ(total(row.counts), most - 1);
    EXPECT_LE(row.counts[0], counts[0]);
  }
}

TEST(Recertify, RefusesWhatTheVotesDoNotAllow) {
  const Settings radii = settings_of(NamedRadii{}, 0.001), tolerance = settings_of(Tolerance{}, 0.001);
  const Settings splitting = settings_of(Splitting{255}, 0.001), verified = settings_of(Verification{"crown"}, 0.001),
                 attacked = settings_of(Attack{}, 0.001);
  EXPECT_NE(refusal_of([&] { recertified(radii, at_alpha(0.01), 1); }).find("stopped when its own alpha was reached"), std::string::npos);
  EXPECT_THROW(recertified(tolerance, at_alpha(0.01), 1), InputError);
  EXPECT_THROW(recertified(splitting, at_alpha(0.01), 1), InputError);
  EXPECT_NE(refusal_of([&] { recertified(verified, at_alpha(0.01), 1); }).find("a log of verify has no votes"), std::string::npos);
  EXPECT_NE(refusal_of([&] { recertified(attacked, at_alpha(0.01), 1); }).find("a log of attack holds no certificates"), std::string::npos);
  EXPECT_NE(refusal_of([&] { recertified(certify_settings(), with_samples(1001), 1); }).find("only 1000 samples"), std::string::npos);
  EXPECT_THROW(recertified(certify_settings(), with_samples(0), 1), InputError);
  EXPECT_THROW(recertified(certify_settings(), {.scale = true}, 1), InputError);
  EXPECT_THROW(recertified(certify_settings(), {.samples = std::numeric_limits<std::uint64_t>::max(), .scale = true}, 1), InputError);
  EXPECT_THROW(recertified(unsplit_settings(), {.bound = stats::Bound::pb}, 1), InputError);
  EXPECT_THROW(recertified(predict_settings(), {.bound = stats::Bound::cohen}, 1), InputError);
  Settings laplace = certify_settings();
  laplace.noise = NoiseKind::laplace;
  EXPECT_THROW(recertified(laplace, {.bound = stats::Bound::li}, 1), InputError);
  for (const double alpha : {0.0, 1.0, -0.1, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    for (const Settings& settings : {certify_settings(), predict_settings()}) {
      EXPECT_THROW(recertified(settings, at_alpha(alpha), 500), InputError) << alpha;
      EXPECT_THROW(recertified(settings, {.alpha = alpha, .family_wise = true}, 500), InputError) << alpha;
    }
  }
}

TEST(Recertify, RefusesRowsWhoseVotesAreNotTheSettings) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const Votes& counts : std::vector<Votes>{{}, {0}, {0, 0, 999, 0}, {0, 0, 1001, 0}, {most, 0, 1001, 0}, {0, most, 1, 1000}}) {
    for (const Settings& settings : {certify_settings(), predict_settings()}) {
      EXPECT_THROW(concluded(votes_row(counts), settings), InputError) << testing::PrintToString(counts);
    }
  }
  for (const Votes& selection : std::vector<Votes>{{}, {0}, {0, 0, 99, 0}, {most, 0, 101, 0}}) {
    EXPECT_THROW(concluded(votes_row({0, 0, 1000, 0}, selection), certify_settings()), InputError) << testing::PrintToString(selection);
  }
  EXPECT_THROW(concluded(votes_row({0, 0, 1000, 0}), unsplit_settings()), InputError);  // a selection that had no part
}

TEST(TestedClass, IsTheLabelOrTheSelectionsWinner) {
  const Sequential of_label{.target_is_label = true}, of_selection{.target_is_label = false, .selection_samples = 100};
  for (const procedure::Method& method : std::vector<procedure::Method>{NamedRadii{of_selection, {0}}, Anytime{of_selection, {}}}) {
    EXPECT_EQ(tested_class(votes_row({0, 90, 10, 0}, {60, 40, 0, 0}), settings_of(method, 0.001)), 0);
  }
  EXPECT_EQ(tested_class(votes_row({0, 90, 10, 0}, {0}), settings_of(Anytime{of_label, {}}, 0.001)), 2);
  const Settings staged = settings_of(NamedRadii{of_label, {0}}, 0.001);
  EXPECT_EQ(tested_class(votes_row({0, 90, 10, 0}, {0}), staged), 2);
  Record beyond = votes_row({0, 90, 0}, {0});  // the last class that got a vote is 1, and the label 2
  EXPECT_EQ(tested_class(beyond, staged), 2);
  beyond.label = 999'999;
  EXPECT_EQ(tested_class(beyond, staged), 999'999);
  beyond.label = -1;
  EXPECT_THROW(tested_class(beyond, staged), InputError);
  EXPECT_EQ(tested_class(votes_row({0, 90, 10, 0}, {}), predict_settings()), 1);
}

}  // namespace
}  // namespace ballast::log::recertify_test
