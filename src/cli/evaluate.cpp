// SPDX-License-Identifier: Apache-2.0
//
// ballast evaluate MODEL DATA: the base classifier's accuracy.

#include "ballast/smooth/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "ballast/data/npy.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/smooth/device_executor.hpp"
#include "commands.hpp"
#include "fit.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

constexpr std::size_t most_at_a_time = 1024;             // images
constexpr std::chrono::milliseconds between_lines{250};  // of progress, for which as many images as this takes are enough

struct EvaluateArguments {
  ModelArguments model;
  DataArguments data;
  procedure::NoiseRequest noise;
  std::optional<std::uint64_t> seed;
  std::string logits;
  bool json = false, quiet = false;
};

// Accuracy over a set of images.
struct Tally {
  std::size_t images = 0, right = 0, nan = 0;

  void add(const std::vector<Label>& answers, const std::vector<Label>& labels, Label nan_label) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      ++images;
      right += answers[i] == labels[i];
      nan += answers[i] == nan_label;
    }
  }
  double accuracy() const { return static_cast<double>(right) / static_cast<double>(images); }
};

void print_line(const std::string& name, const Tally& tally) {
  const std::string nan = tally.nan ? fmt::format(", {} with NaN scores", tally.nan) : "";
  say("{:<24}{:.4f}  ({} of {}{})\n", name, tally.accuracy(), tally.right, tally.images, nan);
}

void evaluate(EvaluateArguments a) {
  const std::string read = a.model.prepare(&a.data);
  const bool tells = !a.quiet && !a.json;
  if (tells && !read.empty()) warn("{}\n", read);
  if (!a.logits.empty()) {
    require_writable(a.logits, {a.model.file, a.data.name});
    require_same_kind(a.logits, npy_beginning, "NumPy array");
  }
  auto dataset = a.data.open();
  const auto indices = run::indices(a.data.range, dataset->size());
  const auto opened = a.model.open(DataArguments::shape_of(*dataset));
  fit_classes(dataset, opened, a.data.label_offset);
  const auto& classifier = opened.classifier;
  run::check_fit(*dataset, *classifier);
  std::optional<noise::NoisyWriter> noise;
  if (a.noise.sigma || a.noise.lambda) {
    const NoiseKind kind = procedure::noise_of(a.noise, dataset->is_8bit(), spelling);
    require(traits(kind).law.has_value(), "--noise split: has no single draw; certify uses it");
    noise.emplace(kind, procedure::scale_of(a.noise), classifier->affine());
  }
  const std::uint64_t seed = a.seed.value_or(noise::derive_seed({opened.sha256, dataset->sha256(), "evaluate"}));
  const auto executor = smooth::executor_of(*classifier, a.model.threads);
  if (tells) {
    tell_of_images(a.data, *dataset);
    warn_of_accuracy(a.model, opened, *dataset, indices, *executor);
  }
  run::ProgressLine line(a.quiet || a.json);

  const Label nan_label = classifier->classes();
  Tally clean, noisy;
  std::vector<float> scores;
  std::size_t at_a_time = std::min(most_at_a_time, static_cast<std::size_t>(executor->threads() * executor->micro_batch()));
  for (std::size_t start = 0, end = 0; start < indices.size(); start = end) {
    const auto began = std::chrono::steady_clock::now();
    std::vector<smooth::NumberedImage> images;
    std::vector<Label> labels;
    end = std::min(indices.size(), start + at_a_time);
    for (std::size_t i = start; i < end; ++i) {
      data::Example example = dataset->at(indices[i]);
      images.push_back({std::move(example.image), static_cast<std::uint32_t>(indices[i])});
      labels.push_back(example.label);
    }
    const auto answers = smooth::evaluate(*executor, images, nullptr, seed, !a.logits.empty());
    clean.add(answers.labels, labels, nan_label);
    scores.insert(scores.end(), answers.scores.begin(), answers.scores.end());
    if (noise) noisy.add(smooth::evaluate(*executor, images, &*noise, seed, false).labels, labels, nan_label);
    line.show(fmt::format("{}/{} image{}", clean.images, indices.size(), indices.size() == 1 ? "" : "s"), clean.images == indices.size());
    if (std::chrono::steady_clock::now() - began < between_lines) at_a_time = std::min(most_at_a_time, 2 * at_a_time);
  }
  line.end();
  if (!a.logits.empty()) {
    const std::array<std::size_t, 2> shape{indices.size(), static_cast<std::size_t>(classifier->classes())};
    data::write_npy(a.logits, shape, scores);
  }
  if (a.json) {
    nlohmann::ordered_json result{
        {"images", clean.images}, {"accuracy", clean.accuracy()}, {"nan", clean.nan}, {"precision", classifier->precision()}};
    if (noise)
      result.update({{a.noise.sigma ? "sigma" : "lambda", procedure::scale_of(a.noise)},
                     {"noisy_accuracy", noisy.accuracy()},
                     {"noisy_nan", noisy.nan}});
    say("{}\n", result.dump());
    return;
  }
  print_line("accuracy", clean);
  if (noise) print_line(fmt::format("accuracy at {} {}", a.noise.sigma ? "sigma" : "lambda", procedure::scale_of(a.noise)), noisy);
}

}  // namespace

void add_evaluate(CLI::App& program) {
  auto& command = *program.add_subcommand("evaluate", "The base classifier's accuracy, clean and under one draw of noise");
  auto a = std::make_shared<EvaluateArguments>();
  a->model.add_to(command);
  a->model.add_remote_to(command);
  a->data.add_to(command);
  add_noise_to(command, a->noise);
  add_seed_to(command, a->seed);
  a->data.add_range_to(command);
  command.add_option("--logits", a->logits, "write the clean images' scores to this .npy file (images x classes)");
  command.add_flag("--json", a->json, "print JSON");
  command.add_flag("--quiet", a->quiet, "no progress");
  add_examples(command, {"ballast evaluate model.onnx fashion-mnist --sigma 0.25"});
  command.callback([a] { evaluate(*a); });
}

}  // namespace ballast::cli
