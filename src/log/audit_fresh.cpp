// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/core/overloaded.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radius.hpp"

namespace ballast::log {
namespace {

using Votes = std::vector<std::uint64_t>;

// Of a row or a draw: their last entries are the class "nan", however many classes they name.
std::uint64_t votes_of(const Votes& votes, Label label) {
  const auto place = static_cast<std::size_t>(label);
  return label >= 0 && place + 1 < votes.size() ? votes[place] : 0;
}

// The least probability at which the radius holds, a little low rather than high.
double needed_for(const Settings& settings, double radius) {
  const double doubt = stats::doubt_at_radius(procedure::smoothing_of(settings), radius);
  return std::nextafter(std::nextafter(1 - doubt, 0.0) - settings.noise_error, 0.0);
}

// That the other class is no likelier: among the votes for either, at least half are the answer's.
stats::FreshDraw claim_over(const Votes& votes, Label label, Label other) {
  const std::uint64_t own = votes_of(votes, label), others = votes_of(votes, other);
  return {0.5, {own, std::max<std::uint64_t>(1, own + others)}, {}};
}

// Of PREDICT: the likeliest class of the fresh draw may be any, so each of the others is a claim of its own.
std::vector<stats::FreshDraw> claims_of_prediction(Label label, const Votes& votes) {
  std::vector<stats::FreshDraw> claims;
  for (Label other = 0; static_cast<std::size_t>(other) + 1 < votes.size(); ++other) {
    if (other != label) claims.push_back(claim_over(votes, label, other));
  }
  return claims;
}

// The bounds that make up a radius of two bounds, each by itself.
std::vector<stats::FreshDraw> claims_of_pair(const Record& row, const Settings& settings, const Votes& votes) {
  const std::uint64_t drawn = total(votes);
  const double others = stats::upper_confidence_bound({row.runner_up_count, row.samples}, stats::runner_up_level(settings.alpha));
  const stats::FreshDraw top{
      std::nextafter(row.p_lower.value_or(0) - settings.noise_error, 0.0), {votes_of(votes, *row.predict), drawn}, {}};
  const std::uint64_t second = votes_of(votes, row.runner_up);
  return {top, {std::nextafter(1 - others - settings.noise_error, 0.0), {drawn - second, drawn}, {}}};
}

}  // namespace

std::vector<stats::FreshDraw> claims_of(const Record& row, const Settings& settings, const Votes& votes) {
  const Label label = row.predict.value();
  const std::uint64_t drawn = total(votes);
  require(drawn > 0, "a fresh draw needs samples");
  const auto by_radius = [&] {
    return std::vector<stats::FreshDraw>{{needed_for(settings, row.radius), {votes_of(votes, label), drawn}, {}}};
  };
  if (procedure::sequential(settings)) return by_radius();
  return std::visit(
      Overloaded{[&](const procedure::Prediction&) { return claims_of_prediction(label, votes); },
                 [&](const procedure::FixedSamples& method) {
                   auto claims = method.bound == stats::Bound::pb ? claims_of_pair(row, settings, votes) : by_radius();
                   if (method.selection_samples > 0) claims.front().logged = stats::BinomialCount{row.count, row.samples};
                   return claims;
                 },
                 [&](const auto&) -> std::vector<stats::FreshDraw> {
                   throw InputError(fmt::format("a log of {} makes no claim that samples can refute", procedure::name_of(settings.method)));
                 }},
      settings.method);
}

void check_fresh(Audit& audit, const std::vector<FreshVotes>& draws, double moved) {
  const Settings& settings = audit.settings.value();
  std::vector<std::vector<stats::FreshDraw>> claims;
  std::vector<std::size_t> rows;  // of the log, whose claims these are
  for (const FreshVotes& draw : draws) {
    if (!audit.log.rows[draw.row].predict) continue;
    claims.push_back(claims_of(audit.log.rows[draw.row], settings, draw.votes));
    rows.push_back(draw.row);
  }
  const stats::FreshVerdict verdict = stats::judge(claims, settings.alpha, moved);
  const auto row_of = [&](const auto& place) -> const Record& { return audit.log.rows[rows[place.row]]; };
  const auto refutation = [&](const auto& place) {
    const stats::FreshDraw& claim = claims[place.row][place.claim];
    return fmt::format("image {} (line {}) needs a probability of {:.6f}, and a fresh draw has {} of {}", row_of(place).index,
                       audit.log.lines[rows[place.row]], claim.needed, claim.fresh.successes, claim.fresh.trials);
  };
  for (const auto& place : verdict.other_votes) {
    const stats::FreshDraw& claim = claims[place.row][place.claim];
    find(audit, audit.log.lines[rows[place.row]], "votes",
         fmt::format("image {}: class {} has {} of {} votes, and {} of {} in a fresh draw: not of one probability", row_of(place).index,
                     *row_of(place).predict, claim.logged->successes, claim.logged->trials, claim.fresh.successes, claim.fresh.trials));
  }
  if (verdict.refuted.size() > verdict.allowed) {
    find(audit, 0, "refuted",
         fmt::format("{} of {} rows are refuted by fresh draws, and at alpha = {} at most {} may be by chance; {}", verdict.refuted.size(),
                     rows.size(), settings.alpha, verdict.allowed, refutation(verdict.refuted.front())));
  } else {
    for (const auto& place : verdict.refuted) note(audit, refutation(place));
  }
  note(audit, fmt::format("{} rows held against fresh draws: {} refuted, of which chance allows {}; {} with votes of another probability",
                          rows.size(), verdict.refuted.size(), verdict.allowed, verdict.other_votes.size()));
  std::stable_sort(audit.findings.begin(), audit.findings.end(), [](const Finding& a, const Finding& b) { return a.line < b.line; });
}

}  // namespace ballast::log
