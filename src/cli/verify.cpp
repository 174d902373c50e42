// SPDX-License-Identifier: Apache-2.0
//
// ballast verify MODEL DATA LOG --method M

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <thread>

#include "ballast/core/errors.hpp"
#include "ballast/graph/compose.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/stats/radii_test.hpp"
#include "ballast/stats/round_down.hpp"
#include "ballast/verify/threads.hpp"
#include "ballast/verify/verifier.hpp"
#include "commands.hpp"
#include "logged_run.hpp"
#include "options.hpp"

namespace ballast::cli {
namespace {

constexpr std::int64_t least_elements = 1 << 20;  // of a matrix, however many threads share the memory

struct Arguments {
  ModelArguments model;
  DataArguments data;
  std::string log, method = "crown";
  std::vector<std::string> cascade;
  std::optional<double> radius, most;
  double tolerance = 1e-4;
  bool patient = false, quiet = false;
};

// Such as ordinary deep residual networks, whose bounds by lines are too wide to prove anything, would take hours an image.
void require_affordable(const Arguments& a, const verify::Verifier& verifier, const std::string& file) {
  constexpr double multiplications_a_second = 1e10, evaluations = 15, longest = 600;
  const double seconds = verifier.multiplications() * (a.radius ? 1 : evaluations) / multiplications_a_second;
  require(
      a.patient || seconds <= longest,
      fmt::format("{}: by {} an image would take about {}, and networks this large get hardly any bound from it; methods lipschitz and ibp "
                  "are quick, and --patient goes on all the same",
                  file, a.method, run::duration_text(seconds)));
}

// The pixels as doubles: a byte stands for itself / 255, which no float is.
std::vector<double> unit_pixels(const Image& image) {
  std::vector<double> pixels;
  std::visit([&](const auto& values) { pixels.assign(values.begin(), values.end()); }, image.pixels);
  if (image.is_8bit()) {
    for (double& pixel : pixels) pixel /= 255;
  }
  return pixels;
}

// The network as a function of pixels in [0, 1]: what --input-scale, --mean and --std say becomes part of it.
graph::Graph network_of(const ModelArguments& a, const graph::Graph& graph, const ImageShape& shape) {
  if (a.input_scale == 1 && a.mean.empty()) return graph;
  std::vector<ChannelAffine> channels(static_cast<std::size_t>(shape.channels), {a.input_scale, 0});
  for (std::size_t c = 0; c < a.mean.size() && c < channels.size(); ++c) {
    channels[c] = {a.input_scale / a.deviation[c], -a.mean[c] / a.deviation[c]};
  }
  return graph::affine_in_front(graph, channels);
}

log::Settings settings_of(const Arguments& a) {
  log::Settings settings;
  settings.method = log::Method::verify;
  settings.noise.clear();
  settings.selection_samples = settings.samples = 0;
  settings.verifier = verify::to_string(verify::method_from(a.method));
  settings.models = 1 + a.cascade.size();
  if (a.radius) settings.tested = stats::rounded_up(*a.radius, stats::kRadiusDecimals);  // what a log can show
  return settings;
}

// The models in the order in which they are asked, each with its file.
struct Opened {
  ModelArguments arguments;
  ModelArguments::Opened model;
  verify::Verifier verifier;
};

std::vector<Opened> open_models(const Arguments& a, const data::Dataset& images, const verify::VerifierOptions& options) {
  std::vector<std::string> files{a.model.file};
  files.insert(files.end(), a.cascade.begin(), a.cascade.end());
  const ImageShape shape = DataArguments::shape_of(images);
  std::vector<Opened> opened;
  for (const std::string& file : files) {
    ModelArguments arguments = a.model;
    arguments.file = file;
    auto model = arguments.open(shape);
    run::check_fit(images, *model.classifier);
    verify::Verifier verifier(network_of(arguments, model.graph, shape), shape, verify::method_from(a.method), options);
    require_affordable(a, verifier, file);
    opened.push_back({std::move(arguments), std::move(model), std::move(verifier)});
  }
  return opened;
}

log::Manifest manifest_of(const Arguments& a, const log::Settings& settings, const std::vector<Opened>& models,
                          const data::Dataset& images) {
  log::Manifest manifest;
  manifest.add("ballast", BALLAST_VERSION);
  manifest.add("command", command_line(), false);
  log::add_to(manifest, settings);
  if (!a.radius) {
    manifest.add("tolerance", a.tolerance);
    if (a.most) manifest.add("most", *a.most);
  }
  a.model.describe(manifest, models.front().model);
  for (std::size_t i = 1; i < models.size(); ++i) {
    manifest.add(fmt::format("model_{}", i + 1), models[i].arguments.file, false);
    manifest.add(fmt::format("model_{}_sha256", i + 1), models[i].model.sha256);
  }
  a.data.describe(manifest, images);
  a.data.describe_rows(manifest, images);
  return manifest;
}

// The first model that certifies its own answer at the radius decides; where none does, the answer is the first one's.
log::Record verified_by_cascade(const std::vector<Opened>& models, double radius, const std::vector<double>& pixels) {
  log::Record row;
  for (const Opened& model : models) {
    const Label answer = model.verifier.predict(pixels);
    if (!row.predict) row.predict = answer;
    if (!model.verifier.certifies(pixels, answer, radius)) continue;
    row.predict = answer;
    row.radius = radius;
    return row;
  }
  return row;
}

log::Record verified(const std::vector<Opened>& models, const Arguments& a, const std::optional<double>& tested,
                     const data::Example& example) {
  const auto pixels = unit_pixels(example.image);
  const double radius = stats::at_least_as_written(tested.value_or(0));
  if (models.size() > 1) {
    log::Record row = verified_by_cascade(models, radius, pixels);
    if (row.predict != example.label) row.radius = 0;
    return row;
  }
  const verify::Verifier& verifier = models.front().verifier;
  log::Record row;
  row.predict = verifier.predict(pixels);
  if (row.predict != example.label) return row;
  if (tested) row.radius = verifier.certifies(pixels, example.label, radius) ? radius : 0;
  else
    row.radius = verifier.certified_radius(pixels, example.label, {a.tolerance, a.most.value_or(std::numeric_limits<double>::infinity())});
  return row;
}

void check(const Arguments& a) {
  const auto positive = [](const std::optional<double>& value, const char* name) {
    require(!value || (std::isfinite(*value) && *value > 0), fmt::format("{} {}: must be above 0", name, value.value_or(0)));
  };
  positive(a.radius, "--radius");
  positive(a.most, "--most");
  require(a.tolerance > 0 && a.tolerance < 1, fmt::format("--tolerance {}: must lie between 0 and 1 (not included)", a.tolerance));
  require(a.cascade.empty() || a.radius, "--cascade needs --radius: which model decides depends on it");
  require(!a.radius || !a.most, "--radius tests one radius; --most goes with the search for the largest");
}

std::string text_of(const std::vector<log::Record>& rows, const log::Settings& settings) {
  const double shown = settings.tested.value_or(0);
  return fmt::format("certified {:.3f} at {}, mean radius {:.4f}", report::certified_accuracy(rows, shown), shown,
                     report::average_certified_radius(rows));
}

void verify_images(Arguments& a) {
  check(a);
  const log::Settings settings = settings_of(a);
  const auto images = a.data.open();
  const auto indices = run::indices(a.data.range, images->size());
  const int threads = a.model.threads > 0 ? a.model.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const bool apart = indices.size() > 1;  // an image a thread; else the matrix products of the one have them all
  verify::use_threads(apart ? 1 : threads);
  verify::VerifierOptions options;
  if (apart) options.matrix_elements = std::max(least_elements, options.matrix_elements / threads);
  const auto models = open_models(a, *images, options);

  smooth::Workers workers(*models.front().model.classifier, apart ? threads : 1);
  const auto manifest = manifest_of(a, settings, models, *images);
  const LoggedRun job{*images,
                      indices,
                      workers,
                      run::Spread::images,
                      a.log,
                      log::Kind::verify,
                      manifest,
                      a.quiet,
                      [&](const std::vector<log::Record>& so_far) { return text_of(so_far, settings); }};
  const auto rows = run_into_log(
      job, [&](smooth::Crew&, const data::Example& example, std::size_t) { return verified(models, a, settings.tested, example); });
  if (a.quiet) return;
  fmt::print("{} images, {}: {}\n", rows.size(), settings.verifier, a.log);
  if (settings.tested) {
    fmt::print("accurate {:.4f}, certified at {} {:.4f}\n", report::certified_accuracy(rows, 0), *settings.tested,
               report::certified_accuracy(rows, *settings.tested));
  } else {
    fmt::print("{}", report::accuracy_table(rows, report::sensible_radii(rows)));
  }
}

}  // namespace

void add_verify(CLI::App& program) {
  auto& command = *program.add_subcommand("verify", "Certify the base classifier by a deterministic bound");
  auto a = std::make_shared<Arguments>();
  a->model.add_to(command);
  a->data.add_to(command);
  command.add_option("LOG", a->log, "file for the rows, one an image; LOG.json beside it says how they were made")->required();
  command.add_option("--method", a->method, fmt::format("the bound: {}", verify::method_names))->capture_default_str();
  command.add_option("--radius", a->radius,
                     "tests this l2 radius only, rounded up to six decimals; pixels are in [0, 1] (default: the largest is looked for)");
  command.add_option("--cascade", a->cascade, "with --radius: more models; the first of all that certifies its own answer decides")
      ->delimiter(',')
      ->check(CLI::ExistingFile);
  command.add_flag("--patient", a->patient, "also where an image will take more than ten minutes");
  command.add_option("--most", a->most, "no larger radius is looked for");
  command.add_option("--tolerance", a->tolerance, "the radius is found to so much of itself")->capture_default_str();
  a->data.add_range_to(command);
  a->data.add_shard_to(command);
  command.add_flag("--quiet", a->quiet, "no progress");
  command.callback([a] { verify_images(*a); });
}

}  // namespace ballast::cli
