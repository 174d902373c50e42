// SPDX-License-Identifier: Apache-2.0

#include "verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/core/errors.hpp"
#include "ballast/graph/compose.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/stats/radii_test.hpp"
#include "ballast/stats/round_down.hpp"

namespace ballast::cli {
namespace {

constexpr std::int64_t least_elements = 1 << 20;  // of a matrix, however many threads share the memory
constexpr double last_digits = 1e-6;              // of a radius: what another order of sums may make of it

// Such as ordinary deep residual networks, whose bounds by lines are too wide to prove anything, would take hours an image.
void require_affordable(const VerificationArguments& a, const verify::Verifier& verifier, const std::string& file) {
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

}  // namespace

void VerificationArguments::add_to(CLI::App& command) {
  command.add_option("--method", method, fmt::format("the bound: {}", verify::method_names))->capture_default_str();
  command.add_option("--radius", radius,
                     "tests this l2 radius only, rounded up to six decimals; pixels are in [0, 1] (default: the largest is looked for)");
  command
      .add_option("--cascade", cascade,
                  "with --radius: more models; a class is certified where every model answers it and one certifies it")
      ->delimiter(',')
      ->check(CLI::ExistingFile);
  command.add_flag("--patient", patient, "also where an image will take more than ten minutes");
  command.add_option("--most", most, "no larger radius is looked for");
  command.add_option("--tolerance", tolerance, "the radius is found to so much of itself")->capture_default_str();
}

void VerificationArguments::check() const {
  const auto positive = [](const std::optional<double>& value, const char* name) {
    require(!value || (std::isfinite(*value) && *value > 0), fmt::format("{} {}: must be above 0", name, value.value_or(0)));
  };
  positive(radius, "--radius");
  positive(most, "--most");
  require(tolerance > 0 && tolerance < 1, fmt::format("--tolerance {}: must lie between 0 and 1 (not included)", tolerance));
  require(cascade.empty() || radius, "--cascade needs --radius: which class it answers depends on it");
  require(!radius || !most, "--radius tests one radius; --most goes with the search for the largest");
}

procedure::Settings VerificationArguments::settings() const {
  procedure::Verification wanted{std::string(verify::to_string(verify::method_from(method))), 1 + cascade.size(), std::nullopt, most};
  if (radius) wanted.tested_radius = stats::rounded_up(*radius, stats::radius_decimals);  // what a log can show
  procedure::Settings settings;
  settings.noise.reset();
  settings.method = wanted;
  return settings;
}

void VerificationArguments::take(const procedure::Settings& settings) {
  const auto& there = std::get<procedure::Verification>(settings.method);
  require(there.models == 1 + cascade.size(),
          fmt::format("its certificates are of {} model{} together, and {} {} named (--cascade for those behind the first)", there.models,
                      there.models == 1 ? "" : "s", 1 + cascade.size(), cascade.empty() ? "is" : "are"));
  method = there.verifier;
  radius = there.tested_radius;
  most = there.most;
  patient = true;
}

Verification::Verification(const VerificationArguments& arguments, const data::Dataset& images, int at_once)
    : arguments_(arguments), tested_radius_(std::get<procedure::Verification>(arguments.settings().method).tested_radius) {
  verify::VerifierOptions options;
  if (at_once > 1) options.matrix_elements = std::max(least_elements, options.matrix_elements / at_once);
  std::vector<std::string> files{arguments.model.file};
  files.insert(files.end(), arguments.cascade.begin(), arguments.cascade.end());
  const ImageShape shape = DataArguments::shape_of(images);
  for (const std::string& file : files) {
    ModelArguments one = arguments.model;
    one.file = file;
    auto opened = one.open(shape);
    run::check_fit(images, *opened.classifier);
    verify::Verifier verifier(network_of(one, opened.graph, shape), shape, verify::method_from(arguments.method), options);
    require_affordable(arguments, verifier, file);
    models_.push_back({std::move(one), std::move(opened), std::move(verifier)});
  }
}

void Verification::describe(log::Manifest& manifest) const {
  if (!tested_radius_) manifest.add("tolerance", arguments_.tolerance);
  arguments_.model.describe(manifest, models_.front().opened);
  for (std::size_t i = 1; i < models_.size(); ++i) {
    manifest.add(fmt::format("model_{}", i + 1), models_[i].arguments.file);
    manifest.add(fmt::format("model_{}_sha256", i + 1), models_[i].opened.sha256);
  }
}

verify::CascadeAnswer Verification::answer(std::span<const double> pixels, double radius) const {
  std::vector<const verify::Verifier*> verifiers;
  for (const Model& model : models_) verifiers.push_back(&model.verifier);
  return verify::answer_of_cascade(verifiers, pixels, radius);
}

log::Record Verification::row(const data::Example& example) const {
  const auto pixels = unit_pixels(example.image);
  const double radius = stats::at_least_as_written(tested_radius_.value_or(0));
  log::Record row;
  if (models_.size() > 1) {
    const verify::CascadeAnswer given = answer(pixels, radius);
    row.predict = given.label;
    row.certified_by = given.certified_by;
    row.radius = given.is_certified && given.label == example.label ? radius : 0;
    return row;
  }
  const verify::Verifier& verifier = models_.front().verifier;
  row.predict = verifier.predict(pixels);
  if (row.predict != example.label) return row;
  if (tested_radius_) row.radius = verifier.certifies(pixels, example.label, radius) ? radius : 0;
  else
    row.radius = verifier.certified_radius(pixels, example.label,
                                           {arguments_.tolerance, arguments_.most.value_or(std::numeric_limits<double>::infinity())});
  return row;
}

std::optional<Label> Verification::certified_class(const Image& image) const {
  const verify::CascadeAnswer given = answer(unit_pixels(image), stats::at_least_as_written(tested_radius_.value_or(0)));
  return given.certified_by > 0 ? std::optional(given.label) : std::nullopt;
}

std::string Verification::objection(const log::Record& row, const data::Example& example) const {
  if (row.label != example.label) return fmt::format("label is {} there, {} in the data", row.label, example.label);
  const auto pixels = unit_pixels(example.image);
  const double radius = (row.radius > 0 ? row.radius : tested_radius_.value_or(0)) * (1 - last_digits);
  const verify::CascadeAnswer given = answer(pixels, radius);
  if (row.radius > 0 && !(given.is_certified && given.label == row.predict))
    return fmt::format("radius {} of class {} is not certified, computed again", row.radius, row.predict.value_or(-1));
  if (models_.size() == 1 && row.predict != given.label)
    return fmt::format("predict is {} there, {} computed again", row.predict.value_or(-1), given.label);
  return "";
}

}  // namespace ballast::cli
