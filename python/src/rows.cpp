// SPDX-License-Identifier: Apache-2.0

#include "rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>

#include "ballast/core/errors.hpp"
#include "ballast/run/procedures.hpp"
#include "watched.hpp"

namespace ballast::python {
namespace {

// What a noise is for these images: "auto" and the names of laws choose between the 8-bit grid and floats.
noise::NoiseKind kind_of(const std::string& name, bool bytes) {
  if (name == "auto") return bytes ? noise::NoiseKind::grid : noise::NoiseKind::gaussian;
  require(bytes || (name != "grid" && name != "split"), fmt::format("noise = '{}': images must be uint8", name));
  if (name == "uniform") return bytes ? noise::NoiseKind::uniform_grid : noise::NoiseKind::uniform;
  if (name == "laplace") return bytes ? noise::NoiseKind::laplace_grid : noise::NoiseKind::laplace;
  return noise::noise_kind_from(name).value();
}

// The settings with what they take from images, noise and crew.
log::Settings completed(const Request& request, const Images& images, noise::NoiseKind kind, const noise::NoisyWriter& noise, int step) {
  log::Settings settings = request.settings;
  settings.noise = std::string(noise::to_string(kind));
  settings.law_error = noise.law_error(images.shape().size());
  settings.step = static_cast<std::uint64_t>(step);
  if (request.family_wise) {
    settings.family = images.size();
    settings.alpha /= static_cast<double>(images.size());
  }
  return settings;
}

// The radius as the caller wrote it: a row holds the next double.
double asked(const log::Settings& settings, double radius) {
  if (settings.method != log::Method::radii || radius == 0) return radius;
  return *std::prev(std::upper_bound(settings.radii.begin(), settings.radii.end(), radius));
}

void check_labels(const Labels& labels, const Images& images, int classes) {
  if (!labels) return;
  require(labels->size() == images.size(), fmt::format("labels: {} for {} images", labels->size(), images.size()));
  const auto wrong = std::find_if(labels->begin(), labels->end(), [&](Label label) { return label < 0 || label >= classes; });
  if (wrong == labels->end()) return;
  throw InputError(fmt::format("labels: image {} has label {}; 0 to {} are allowed", wrong - labels->begin(), *wrong, classes - 1));
}

}  // namespace

std::vector<log::Record> rows_of(smooth::Crew& crew, const Images& images, const Labels& labels, const Request& request, const Draws& draws,
                                 KeptNoise& kept, const std::atomic<bool>& stop) {
  check_labels(labels, images, crew.classifier().classes());
  require(images.size() - 1 <= std::numeric_limits<std::uint32_t>::max() - draws.first, "images: more than can be numbered");
  const noise::NoiseKind kind = kind_of(request.noise, images.is_8bit());
  const auto noise = kept.writer(kind, request.settings.smoothing.scale, crew.classifier().affine());
  const log::Settings settings = completed(request, images, kind, *noise, crew.micro_batch());
  const run::Procedure procedure = run::procedure_of(settings, *noise, draws.seed);

  std::vector<log::Record> rows(images.size());
  const auto fill = [&](smooth::Crew& some, std::uint64_t i) {
    const auto start = std::chrono::steady_clock::now();
    const data::Example example{images.at(i), labels ? (*labels)[i] : 0};
    rows[i] = procedure(some, example, draws.first + i);
    rows[i].radius = asked(settings, rows[i].radius);
    rows[i].index = i;
    rows[i].label = example.label;
    rows[i].correct = rows[i].predict == example.label;
    rows[i].seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  StoppableCrew all(crew, stop);
  if (run::spread_of(settings.method) == run::Spread::samples) {
    for (std::uint64_t i = 0; i < rows.size(); ++i) fill(all, i);
  } else {
    all.run(rows.size(), [&](model::Session& session, int, std::uint64_t i) {
      smooth::Soloist one(crew.classifier(), session);
      StoppableCrew some(one, stop);
      fill(some, i);
    });
  }
  return rows;
}

std::uint64_t derived_seed(const Model& model, const Images& images, const Request& request) {
  const auto kind = noise::to_string(kind_of(request.noise, images.is_8bit()));
  return noise::derive_seed({fmt::format("model_sha256={}\nimages_sha256={}\nnoise={}\nscale={}\n", model.sha256(), images.sha256(), kind,
                                         request.settings.smoothing.scale)});
}

}  // namespace ballast::python
