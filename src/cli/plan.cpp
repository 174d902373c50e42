// SPDX-License-Identifier: Apache-2.0
//
// ballast plan MODEL DATA --sigma S: what a run of certify will cost.

#include "ballast/run/plan.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "ballast/stats/round_down.hpp"
#include "certify_options.hpp"
#include "commands.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

struct Arguments : CertifyArguments {
  std::vector<double> table;
  double seconds = 3;
  bool json = false;
};

// The radii that the sequential test cannot reach with these settings leave them.
std::vector<double> take_unreachable(log::Settings& settings) {
  std::vector<double> reachable, unreachable;
  for (const double radius : settings.radii) {
    log::Settings one = settings;
    one.radii = {radius};
    try {
      stats::RadiiTest{log::radii_design(one)};
      reachable.push_back(radius);
    } catch (const InputError&) {
      unreachable.push_back(radius);
    }
  }
  settings.radii = reachable;
  return unreachable;
}

void print(const Arguments& a, const log::Settings& settings, const run::Plan& plan, double largest,
           const std::vector<double>& unreachable) {
  if (a.json) {
    nlohmann::ordered_json result{{"images", plan.images},
                                  {"samples_per_image", plan.samples_per_image},
                                  {"samples_per_image_deviation", plan.deviation},
                                  {"samples_per_second", plan.samples_per_second},
                                  {"seconds", plan.seconds()},
                                  {"largest_radius", largest},
                                  {"unreachable_radii", unreachable}};
    say("{}\n", result.dump());
    return;
  }
  const std::string doubt =
      plan.deviation > 0 ? fmt::format(" (+- {:.0f}, from a look at {} of the images)", plan.deviation, plan.tried) : "";
  say("{} images, {:.0f} samples an image{}\n", plan.images, plan.samples_per_image, doubt);
  say("{:.3g} samples in all; {:.0f} a second on this machine: about {}\n", static_cast<double>(plan.images) * plan.samples_per_image,
      plan.samples_per_second, run::duration_text(plan.seconds()));
  say("largest {} radius possible: {}\n", log::norm_of(settings), stats::format_rounded_down(largest, 4));
  for (const double radius : unreachable) say("warning: radius {} cannot be reached: not even a unanimous vote certifies it\n", radius);
}

void plan(const Arguments& a) {
  require(a.seconds > 0 && a.seconds <= 3600, fmt::format("--seconds {}: must be above 0 and at most 3600", a.seconds));
  const log::Settings wanted = a.settings();
  const SmoothingSetup setup = open_setup(a);
  smooth::Workers workers(*setup.model.classifier, a.model.threads);
  log::Settings settings = completed(wanted, a, setup, workers.micro_batch());
  std::vector<double> unreachable;
  if (settings.method == log::Method::radii) {
    unreachable = take_unreachable(settings);
    require(!settings.radii.empty(),
            fmt::format("none of the radii can be reached with n = {} and alpha = {}", settings.samples, settings.alpha));
  }
  const double largest = log::largest_radius(settings).value_or(0);
  for (const double radius : a.table) {
    if (radius > largest) unreachable.push_back(radius);
  }
  print(a, settings,
        run::plan(*setup.dataset, setup.indices, workers, setup.noise, settings,
                  a.noise.seed.value_or(default_seed(manifest_of(settings, a, setup)).value_or(0)), a.seconds),
        largest, unreachable);
}

}  // namespace

void add_plan(CLI::App& program) {
  auto& command = *program.add_subcommand("plan", "What a run of certify will cost, and how far it can reach");
  auto a = std::make_shared<Arguments>();
  a->model.add_to(command);
  a->data.add_to(command);
  a->noise.add_to(command);
  a->add_options_to(command);
  a->data.add_range_to(command);
  command.add_option("--table", a->table, "radii that a table is to show: warns about those out of reach")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  command.add_option("--seconds", a->seconds, "how long to measure")->capture_default_str();
  command.add_flag("--json", a->json, "print JSON");
  command.callback([a] { plan(*a); });
}

}  // namespace ballast::cli
