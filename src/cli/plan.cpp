// SPDX-License-Identifier: Apache-2.0
//
// ballast plan MODEL DATA --sigma S: what a run of certify will cost.

#include "ballast/run/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/smooth/device_executor.hpp"
#include "ballast/stats/round_down.hpp"
#include "certify_options.hpp"
#include "commands.hpp"
#include "fit.hpp"
#include "help.hpp"
#include "say.hpp"
#include "words.hpp"

namespace ballast::cli {
namespace {

struct PlanArguments : CertifyArguments {
  std::vector<double> table;
  double seconds = 3;
  std::optional<double> rate;
  bool json = false;
};

constexpr double long_run = 600;             // seconds, from which on other ways are shown
constexpr std::uint64_t fewer_samples = 10;  // times

// Noisy images of this shape that one core makes in a second.
double noise_rate(const SmoothingSetup& setup) {
  constexpr int copies = 16, tries = 5;
  constexpr double long_enough = 0.02;
  const Image image = setup.dataset->at(setup.indices.front()).image;
  const std::size_t size = image.shape.size();
  std::vector<float> room(size * copies);
  const InputBuffer buffer{room.data(), ElementType::f32, image.shape, size, size / static_cast<std::size_t>(image.shape.channels), 1};
  double best = 0;
  for (int i = 0; i < tries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    double seconds = 0;
    std::uint32_t drawn = 0;
    for (; seconds < long_enough; drawn += copies) {
      setup.noise.write(image, {0, noise::Purpose::measurement, 0}, drawn, copies, buffer);
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    best = std::max(best, drawn / seconds);
  }
  return best;
}

// The radii that the sequential test cannot reach with these settings leave them.
std::vector<double> take_unreachable(procedure::Settings& settings) {
  std::vector<double> reachable, unreachable;
  std::string why;
  auto& radii = std::get<procedure::NamedRadii>(settings.method).radii;
  for (const double radius : std::vector<double>(radii)) {
    radii = {radius};
    try {
      stats::RadiiTest{procedure::radii_design(settings)};
      reachable.push_back(radius);
    } catch (const InputError& error) {
      unreachable.push_back(radius);
      why = error.what();
    }
  }
  radii = reachable;
  require(!radii.empty(), fmt::format("none of the radii can be reached with n = {} and alpha = {}: {}", procedure::samples_of(settings),
                                      settings.alpha, why));
  return unreachable;
}

run::Plan measured(const PlanArguments& a, const SmoothingSetup& setup, smooth::Executor& executor, const procedure::Settings& settings) {
  const std::uint64_t seed = a.seed.value_or(default_seed(manifest_of(settings, a, setup)).value_or(0));
  return run::plan(*setup.dataset, setup.indices, executor, setup.noise, settings, seed, a.seconds);
}

void print_json(const PlanArguments& a, const run::Plan& plan, double largest, const std::vector<double>& unreachable, double noise) {
  nlohmann::ordered_json result{{"images", plan.images},
                                {"samples_per_image", plan.samples_per_image},
                                {"samples_per_image_deviation", plan.deviation},
                                {"samples_per_second", plan.samples_per_second},
                                {"seconds", plan.seconds()},
                                {"largest_radius", largest},
                                {"unreachable_radii", unreachable}};
  if (a.rate) result.update({{"noisy_images_per_second_of_a_core", noise}, {"cores_for_rate", std::ceil(*a.rate / noise)}});
  say("{}\n", result.dump());
}

void print(const procedure::Settings& settings, const run::Plan& plan, double largest, const std::vector<double>& unreachable) {
  const std::string doubt =
      plan.deviation > 0 ? fmt::format(" (+- {:.0f}, from a look at {} of the images)", plan.deviation, plan.tried) : "";
  say("{} image{}, {} samples an image{}\n", plan.images, plan.images == 1 ? "" : "s", count_text(plan.samples_per_image), doubt);
  say("{} samples in all; {} a second on this machine: about {}\n", count_text(static_cast<double>(plan.images) * plan.samples_per_image),
      count_text(plan.samples_per_second), time_text(plan.seconds()));
  say("largest {} radius possible: {}\n", procedure::norm_of(settings), stats::format_rounded_down(largest, 4));
  for (const double radius : unreachable) say("warning: radius {} cannot be reached: not even a unanimous vote certifies it\n", radius);
}

// What a long run of a fixed number of samples would cost otherwise.
void print_other_ways(const PlanArguments& a, const SmoothingSetup& setup, smooth::Executor& executor, const procedure::Settings& settings,
                      const run::Plan& plan, double largest) {
  if (!procedure::is<procedure::FixedSamples>(settings) || plan.seconds() < long_run) return;
  const auto with = [&](const std::string& option, const PlanArguments& other, const std::function<std::string(double)>& remark) {
    std::optional<procedure::Settings> others;
    try {
      other.check();
      others = other.complete()(setup.circumstances(other.data, executor.micro_batch()));
    } catch (const InputError&) {
      return;  // it does not go with the other options
    }
    const run::Plan cost = measured(other, setup, executor, *others);
    say("  {}: about {}{}\n", option, time_text(cost.seconds()), remark(procedure::largest_radius(*others).value_or(0)));
  };
  say("for less:\n");
  PlanArguments fewer = a;
  fewer.request.samples = a.request.samples / fewer_samples;
  if (fewer.request.samples > 0) {
    with(fmt::format("--n {}", fewer.request.samples), fewer,
         [](double reach) { return fmt::format(", and radii up to {}", stats::format_rounded_down(reach, 4)); });
  }
  PlanArguments named = a;
  named.ask_for_radii(largest);
  const std::string samples = named.request.samples < a.request.samples ? fmt::format(" --n {}", named.request.samples) : "";
  with(fmt::format("--radii {}{}", fmt::join(named.request.radii, ","), samples), named,
       [](double) { return ", yes or no at these radii (docs/fewer-samples.md)"; });
}

void plan(PlanArguments a) {
  require(a.seconds > 0 && a.seconds <= 3600, fmt::format("--seconds {}: must be above 0 and at most 3600", a.seconds));
  require(a.rate.value_or(1) > 0, fmt::format("--rate {}: must be above 0", a.rate.value_or(1)));
  a.check();
  const std::string read = a.model.prepare(&a.data);
  const SmoothingSetup setup = open_setup(a, a.request);
  const auto made = smooth::executor_of(*setup.model.classifier, a.model.threads);
  smooth::Executor& executor = *made;
  if (!a.json) {
    if (!read.empty()) warn("{}\n", read);
    tell_of_images(a.data, *setup.dataset);
    if (!a.data.is_single_image()) warn_of_accuracy(a.model, setup.model, *setup.dataset, setup.indices, executor);
  }
  procedure::Settings settings = a.complete()(setup.circumstances(a.data, executor.micro_batch()));
  std::vector<double> unreachable;
  if (procedure::is<procedure::NamedRadii>(settings)) unreachable = take_unreachable(settings);
  const double largest = procedure::largest_radius(settings).value_or(0);
  for (const double radius : a.table) {
    if (radius > largest) unreachable.push_back(radius);
  }
  const run::Plan cost = measured(a, setup, executor, settings);
  const double noise = a.rate ? noise_rate(setup) : 0;
  if (a.json) return print_json(a, cost, largest, unreachable, noise);
  print(settings, cost, largest, unreachable);
  if (a.rate)
    say("noise: {} images a second on a core, so {} {} enough for {} a second\n", count_text(noise), std::ceil(*a.rate / noise),
        *a.rate > noise ? "cores are" : "core is", count_text(*a.rate));
  print_other_ways(a, setup, executor, settings, cost, largest);
}

}  // namespace

void add_plan(CLI::App& program) {
  auto& command = *program.add_subcommand("plan", "What a run of certify will cost, and how far it can reach");
  auto a = std::make_shared<PlanArguments>();
  a->model.add_to(command);
  a->model.may_lack_graph = true;
  a->data.add_to(command);
  a->add_request_to(command);
  a->data.add_range_to(command);
  command.add_option("--table", a->table, "radii that a table is to show: warns about those out of reach")
      ->delimiter(',')
      ->check(at_least_0());
  command.add_option("--seconds", a->seconds, "how long to measure")->capture_default_str();
  command.add_option("--rate", a->rate, "images a second of a network elsewhere, as on a GPU: how many cores make noise for it");
  command.add_flag("--json", a->json, "print JSON");
  add_examples(command, {"ballast plan model.onnx fashion-mnist --sigma 0.25 --n 100k"});
  command.callback([a] { plan(*a); });
}

}  // namespace ballast::cli
