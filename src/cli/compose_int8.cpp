// SPDX-License-Identifier: Apache-2.0
//
// ballast compose int8 MODEL DATA OUT.onnx: layers of whole numbers, by what noisy images make of them

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/graph/quantise.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/smooth/device_executor.hpp"
#include "ballast/smooth/evaluate.hpp"
#include "compose.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

constexpr std::size_t images_at_a_time = 128;  // images

struct Int8Arguments {
  ModelArguments model;
  DataArguments data;
  procedure::NoiseRequest noise;
  std::string out;
  std::int64_t images = 256;
  bool quiet = false;
};

// Images of the data set, as many as are wanted, from all of it.
class NoisyImages {
 public:
  NoisyImages(const data::Dataset& dataset, std::int64_t count, const noise::NoisyWriter* noise) : noise_(noise) {
    const auto wanted = std::min<std::uint64_t>(static_cast<std::uint64_t>(count), dataset.size());
    for (std::uint64_t i = 0; i < wanted; ++i) {
      const std::uint64_t index = i * dataset.size() / wanted;
      images_.push_back({dataset.at(index).image, static_cast<std::uint32_t>(index)});
    }
  }

  std::size_t size() const { return images_.size(); }

  smooth::Answers answers(const model::Classifier& classifier, int threads, std::uint64_t seed, bool with_scores, run::ProgressLine& line,
                          std::string_view what) const {
    const auto executor = smooth::executor_of(classifier, threads);
    smooth::Answers all;
    for (std::size_t start = 0; start < images_.size(); start += images_at_a_time) {
      const auto some = std::span(images_).subspan(start, std::min(images_at_a_time, images_.size() - start));
      const auto part = smooth::evaluate(*executor, some, noise_, seed, with_scores);
      all.labels.insert(all.labels.end(), part.labels.begin(), part.labels.end());
      all.scores.insert(all.scores.end(), part.scores.begin(), part.scores.end());
      line.show(fmt::format("{}: {}/{} images", what, all.labels.size(), images_.size()), false);
    }
    return all;
  }

 private:
  std::vector<smooth::NumberedImage> images_;
  const noise::NoisyWriter* noise_;
};

// Over all images.
std::vector<graph::Extremes> extremes_from(const std::vector<float>& scores, std::size_t values) {
  std::vector<graph::Extremes> extremes(values, {0, 0});
  for (std::size_t i = 0; i < scores.size(); ++i) {
    auto& [least, greatest] = extremes[i / 2 % values];
    // NaN stays, and is refused.
    if (i % 2 == 0) least = scores[i] < least || scores[i] != scores[i] ? scores[i] : least;
    else greatest = scores[i] > greatest || scores[i] != scores[i] ? scores[i] : greatest;
  }
  return extremes;
}

void compose_int8(Int8Arguments a) {
  require_writable(a.out, {a.model.file, a.data.name});
  require_same_kind(a.out, onnx_beginning, "ONNX model");
  require(a.images >= 1, fmt::format("--images {}: at least one is needed", a.images));
  require(a.model.precision == "auto" && a.model.engine == "onednn" && a.model.device == "cpu",
          "compose int8: --precision, --engine and --device are for what runs a model; this is in fp32 on the processor");
  const std::string read = a.model.prepare(&a.data);
  if (!a.quiet && !read.empty()) warn("{}\n", read);
  a.model.precision = "fp32";
  const auto dataset = a.data.open();
  const auto shape = DataArguments::shape_of(*dataset);
  auto opened = a.model.open(shape);
  run::check_fit(*dataset, *opened.classifier);
  std::optional<noise::NoisyWriter> noise;
  if (a.noise.sigma || a.noise.lambda) {
    const NoiseKind kind = procedure::noise_of(a.noise, dataset->is_8bit(), spelling);
    require(traits(kind).law.has_value(), "--noise split: has no single draw");
    noise.emplace(kind, procedure::scale_of(a.noise), opened.classifier->affine());
  }
  const NoisyImages images(*dataset, a.images, noise ? &*noise : nullptr);
  run::ProgressLine line(a.quiet);
  const auto seed_for = [&](std::string_view what) { return noise::derive_seed({opened.sha256, dataset->sha256(), what}); };

  graph::simplify(opened.graph);
  graph::Graph simplified = opened.graph;
  const auto values = graph::values_to_quantise(simplified);
  require(!values.empty(), fmt::format("{}: no layers but the first and the last: nothing to quantise", a.model.file));
  opened.graph = graph::extremes_of(simplified, values);
  const auto found = images.answers(*a.model.classifier_of(opened), a.model.threads, seed_for("calibration"), true, line, "calibrating");
  graph::Graph composed = graph::quantised(simplified, extremes_from(found.scores, values.size()));
  composed.metadata["ballast.quantised"] =
      fmt::format("{} values, from {} images of data {}{}, model {}", values.size(), images.size(), dataset->sha256(),
                  noise ? fmt::format(", noise of scale {}", procedure::scale_of(a.noise)) : "", opened.sha256);
  record_command(composed);
  const auto before = images.answers(*opened.classifier, a.model.threads, seed_for("comparison"), false, line, "comparing");
  a.model.precision = model::has_int8() ? "int8" : "fp32";
  opened.graph = composed;
  const auto after =
      images.answers(*a.model.classifier_of(opened), a.model.threads, seed_for("comparison"), false, line, "comparing, quantised");
  graph::save_onnx(composed, a.out, {.weights = graph::WeightForm::whole});
  std::size_t changed = 0;
  for (std::size_t i = 0; i < images.size(); ++i) changed += before.labels[i] != after.labels[i];
  line.end();
  say("{}\n", a.out);
  say("labels{} that differ from those in fp32: {} of {} ({:.1f} %)\n", noise ? " under noise" : "", changed, images.size(),
      100.0 * static_cast<double>(changed) / static_cast<double>(images.size()));
  say("{}\n", model::has_int8()
                  ? "to be run with --precision int8"
                  : "this processor does not multiply bytes exactly and ran it in fp32; one with VNNI runs it with --precision int8");
}

}  // namespace

void add_int8(CLI::App& compose_command) {
  auto& command = *compose_command.add_subcommand(
      "int8", "A classifier whose layers multiply whole numbers of 8 bits, fitted to noisy images: for --precision int8");
  auto a = std::make_shared<Int8Arguments>();
  a->model.add_to(command);
  a->data.add_to(command);
  a->data.split = "train";
  command.add_option("OUT", a->out, "ONNX file to write")->required();
  add_noise_to(command, a->noise);
  command.add_option("--images", a->images, "how many images the ranges are taken from")->capture_default_str();
  command.add_flag("--quiet", a->quiet, "no progress");
  add_examples(command, {"ballast compose int8 cnn.onnx fashion-mnist int8.onnx --sigma 0.25"});
  command.callback([a] { compose_int8(*a); });
}

}  // namespace ballast::cli
