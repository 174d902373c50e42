// SPDX-License-Identifier: Apache-2.0
//
// ballast plan MODEL DATA --sigma S: what a run of certify will cost.

#include "ballast/run/plan.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "ballast/stats/round_down.hpp"
#include "certify_options.hpp"
#include "commands.hpp"
#include "fit.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

struct Arguments : CertifyArguments {
  std::vector<double> table;
  double seconds = 3;
  bool json = false;
};

// The radii that the sequential test cannot reach with these settings leave them.
std::vector<double> take_unreachable(procedure::Settings& settings) {
  std::vector<double> reachable, unreachable;
  auto& radii = std::get<procedure::NamedRadii>(settings.method).radii;
  for (const double radius : std::vector<double>(radii)) {
    radii = {radius};
    try {
      stats::RadiiTest{procedure::radii_design(settings)};
      reachable.push_back(radius);
    } catch (const InputError&) {
      unreachable.push_back(radius);
    }
  }
  radii = reachable;
  require(!radii.empty(),
          fmt::format("none of the radii can be reached with n = {} and alpha = {}", procedure::samples_of(settings), settings.alpha));
  return unreachable;
}

void print(const Arguments& a, const procedure::Settings& settings, const run::Plan& plan, double largest,
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
  say("largest {} radius possible: {}\n", procedure::norm_of(settings), stats::format_rounded_down(largest, 4));
  for (const double radius : unreachable) say("warning: radius {} cannot be reached: not even a unanimous vote certifies it\n", radius);
}

void plan(Arguments a) {
  require(a.seconds > 0 && a.seconds <= 3600, fmt::format("--seconds {}: must be above 0 and at most 3600", a.seconds));
  a.check();
  const std::string read = a.model.prepare(&a.data);
  const SmoothingSetup setup = open_setup(a, a.request);
  smooth::ThreadPool pool(*setup.model.classifier, a.model.threads);
  if (!a.json) {
    if (!read.empty()) warn("{}\n", read);
    tell_of_images(a.data, *setup.dataset);
    if (!a.data.is_single_image()) warn_of_accuracy(a.model, setup.model, *setup.dataset, setup.indices, pool);
  }
  procedure::Settings settings = a.complete()(setup.circumstances(a.data, pool.micro_batch()));
  std::vector<double> unreachable;
  if (procedure::is<procedure::NamedRadii>(settings)) unreachable = take_unreachable(settings);
  const double largest = procedure::largest_radius(settings).value_or(0);
  for (const double radius : a.table) {
    if (radius > largest) unreachable.push_back(radius);
  }
  print(a, settings,
        run::plan(*setup.dataset, setup.indices, pool, setup.noise, settings,
                  a.seed.value_or(default_seed(manifest_of(settings, a, setup)).value_or(0)), a.seconds),
        largest, unreachable);
}

}  // namespace

void add_plan(CLI::App& program) {
  auto& command = *program.add_subcommand("plan", "What a run of certify will cost, and how far it can reach");
  auto a = std::make_shared<Arguments>();
  a->model.add_to(command);
  a->data.add_to(command);
  a->add_request_to(command);
  a->data.add_range_to(command);
  command.add_option("--table", a->table, "radii that a table is to show: warns about those out of reach")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  command.add_option("--seconds", a->seconds, "how long to measure")->capture_default_str();
  command.add_flag("--json", a->json, "print JSON");
  command.callback([a] { plan(*a); });
}

}  // namespace ballast::cli
