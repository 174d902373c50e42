// SPDX-License-Identifier: Apache-2.0
//
// ballast bounds: the statistics by themselves, as a table or JSON.

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/radii_test.hpp"
#include "ballast/stats/radius.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct BoundsArguments {
  std::optional<double> p_a, p_b, sigma, alpha, radius, p;
  std::optional<std::uint64_t> count, samples, runner_up;
  std::uint64_t look_step = 1;
  double futility = 0.01;
  bool json = false, explain = false;
};

OrderedJson or_null(std::optional<double> value) { return value ? OrderedJson(*value) : OrderedJson(nullptr); }

// Radii that the three guarantees give for known probabilities; null where they give none.
OrderedJson from_probabilities(const BoundsArguments& a) {
  require(a.p_b && a.sigma, "--p-a needs --p-b and --sigma too");
  require(!a.samples && !a.alpha && !a.runner_up, "--n, --alpha and --runner-up go with --count, not with --p-a");
  const double p_a = *a.p_a, p_b = *a.p_b, sigma = *a.sigma;
  require(p_a > 0 && p_a <= 1, fmt::format("--p-a {}: must lie in (0, 1]", p_a));
  require(p_b >= 0 && p_a + p_b <= 1 + 1e-12, fmt::format("--p-b {}: must lie between 0 and 1 - p_a = {}", p_b, 1 - p_a));
  require(sigma > 0, fmt::format("--sigma {}: must be above 0", sigma));
  const bool certifies = p_a > p_b;
  const auto radius = [&](double (*bound)(double, double, double), bool defined) -> OrderedJson {
    if (!certifies || !defined) return nullptr;
    return bound(sigma, p_a, p_b);
  };
  const bool inner = p_a < 1 && p_b > 0;  // elsewhere the radius is unbounded, which no sample can show
  return {{"cohen", radius(stats::radius_from_pair, inner)},
          {"lecuyer", radius(stats::lecuyer_radius, inner)},
          {"li", radius(stats::li_radius, inner)}};
}

// What CERTIFY and PREDICT conclude from votes.
OrderedJson from_count(const BoundsArguments& a) {
  require(a.samples && a.alpha, "--count needs --n and --alpha too");
  require(!a.p_b, "--p-b goes with --p-a, not with --count");
  require(!a.sigma || (std::isfinite(*a.sigma) && *a.sigma > 0),
          fmt::format("--sigma {}: must be finite and above 0", a.sigma.value_or(0)));
  require(*a.samples >= 1, "--n 0: must be at least 1");
  require(*a.count <= *a.samples, fmt::format("--count {}: more than the {} samples", *a.count, *a.samples));
  require(!a.runner_up || *a.runner_up <= *a.samples - *a.count,
          fmt::format("--runner-up {}: more than the {} samples left", *a.runner_up, *a.samples - *a.count));
  const stats::BinomialCount votes{*a.count, *a.samples};
  const double doubt = stats::upper_failure_bound(votes, *a.alpha);
  OrderedJson result{{"p_lower", stats::lower_confidence_bound(votes, *a.alpha)}};
  std::optional<double> radius;
  if (a.sigma && doubt < 0.5) radius = stats::radius_below(*a.sigma, doubt);
  if (a.sigma) result["radius"] = or_null(radius);
  const std::uint64_t second = a.runner_up.value_or(*a.samples - *a.count);
  result["p_value"] = *a.count + second == 0 ? 1.0 : stats::two_sided_p_value({*a.count, *a.count + second}, 0.5);
  return result;
}

// What the sequential test at one radius does where the class's true probability is p.
OrderedJson from_radius(const BoundsArguments& a) {
  require(a.sigma && a.samples && a.alpha && a.p, "--radius needs --sigma, --n, --alpha and --p too");
  require(*a.p >= 0 && *a.p <= 1, fmt::format("--p {}: must lie between 0 and 1", *a.p));
  require(a.look_step >= 1, "--look-step 0: must be at least 1");
  stats::RadiiDesign design;
  design.radii = {*a.radius};
  design.alpha = *a.alpha;
  design.most = *a.samples;
  design.step = a.look_step;
  design.futility = a.futility;
  design.smoothing = {NoiseLaw::gaussian, *a.sigma};
  const stats::RadiiTest test(design);
  const stats::Operation operation = stats::operation(test.schedule(0), 1 - *a.p);
  return {{"certifies", operation.certifies}, {"expected_samples", operation.expected_samples}, {"error", test.schedule(0).error}};
}

// What a line says.
std::string_view meaning_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> meanings[] = {
      {"cohen", "l2 radius within which the answer stays, by Cohen et al. 2019"},
      {"lecuyer", "the same by Lecuyer et al. 2019"},
      {"li", "the same by Li et al. 2019"},
      {"p_lower", "the class's probability is at least this, but for alpha"},
      {"radius", "l2 radius certified by that, pixels in [0, 1]"},
      {"p_value", "how likely such votes are if the two classes are as probable (PREDICT answers up to alpha)"},
      {"certifies", "probability that the test certifies the radius"},
      {"expected_samples", "how many samples it takes, in the mean"},
      {"error", "at most so probably it certifies what is not so"}};
  for (const auto& [line, meaning] : meanings) {
    if (line == name) return meaning;
  }
  return "";
}

void bounds(const BoundsArguments& arguments) {
  require(int{arguments.p_a.has_value()} + int{arguments.count.has_value()} + int{arguments.radius.has_value()} == 1,
          "give either --p-a, --p-b and --sigma, or --count, --n and --alpha, or --radius, --sigma, --n, --alpha and --p");
  const OrderedJson result = arguments.p_a     ? from_probabilities(arguments)
                             : arguments.count ? from_count(arguments)
                                               : from_radius(arguments);
  require(!arguments.json || !arguments.explain, "--explain and --json do not go together");
  if (arguments.json) {
    say("{}\n", result.dump());
    return;
  }
  const int width = result.contains("expected_samples") ? 18 : 10;
  for (const auto& [name, value] : result.items()) {
    const std::string text = value.is_null() ? "abstain" : value.dump();
    if (arguments.explain) say("{:<{}}{:<24}{}\n", name, width, text, meaning_of(name));
    else say("{:<{}}{}\n", name, width, text);
  }
}

}  // namespace

void add_bounds(CLI::App& program) {
  auto& command = *program.add_subcommand("bounds", "Bounds, radii and tests from probabilities or votes");
  auto a = std::make_shared<BoundsArguments>();
  command.add_option("--p-a", a->p_a, "probability of the top class (a lower bound)");
  command.add_option("--p-b", a->p_b, "probability of the runner-up (an upper bound)");
  command.add_option("--sigma", a->sigma, "standard deviation of the noise");
  command.add_option("--count", a->count, "votes of the class")->check(whole_number());
  command.add_option("--n", a->samples, "samples")->check(whole_number());
  command.add_option("--alpha", a->alpha, "allowed probability of error");
  command.add_option("--runner-up", a->runner_up, "votes of the runner-up, for the test (default: all others)")->check(whole_number());
  command.add_option("--radius", a->radius, "what the sequential test at this radius does: how often it certifies, after how many samples");
  command.add_option("--p", a->p, "with --radius: the class's true probability");
  command.add_option("--look-step", a->look_step, "with --radius: looks are multiples of this")
      ->check(whole_number())
      ->capture_default_str();
  command.add_option("--futility", a->futility, "with --radius: power given up to stop early where it is hopeless")->capture_default_str();
  command.add_flag("--json", a->json, "print JSON in full precision, null to abstain");
  command.add_flag("--explain", a->explain, "say of each line what it means");
  add_examples(command, {"ballast bounds --count 990 --n 1000 --alpha 0.001 --sigma 0.25 --explain",
                         "ballast bounds --p-a 0.9 --p-b 0.1 --sigma 0.25"});
  command.callback([a] { bounds(*a); });
}

}  // namespace ballast::cli
