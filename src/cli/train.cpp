// SPDX-License-Identifier: Apache-2.0
//
// ballast train DATA ARCH MODEL.onnx --sigma S
// ballast train DATA ARCH MODEL.onnx --recipe wong|lmt

#include "ballast/train/train.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/data/part.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/model/folder.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/run/progress.hpp"
#include "commands.hpp"
#include "fit.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

// Options that only some recipes have.
struct RecipeArguments {
  std::optional<int> copies, attack_steps, projections;
  std::optional<double> epsilon, warm_up, weight, margin, temperature, entropy, c;

  void add_to(CLI::App& command) {
    command.add_option("--copies", copies, "smoothadv, macer, consistency: noisy copies of each image (2, 16, 2)");
    command.add_option("--recipe-weight", weight, "macer, consistency, stability: of what is added to the cross-entropy (12, 10, 2)");
    command.add_option("--epsilon", epsilon, "smoothadv, wong: l2 ball of the attack or the bound, pixels are in [0, 1] (0.5, 0.5)");
    command.add_option("--attack-steps", attack_steps, "smoothadv: steps of the attack (2)");
    command.add_option("--warm-up", warm_up, "smoothadv, wong: share of the epochs over which the ball grows (0.1, 1/3)");
    command.add_option("--margin", margin, "macer: radii are raised up to so many sigma (8)");
    command.add_option("--temperature", temperature, "macer: what scores are multiplied by (16)");
    command.add_option("--entropy", entropy, "consistency: weight of the mean's entropy (0.5)");
    command.add_option("--projections", projections, "wong: random vectors that estimate the bounds; 0: exact, for small networks (0)");
    command.add_option("--c", c, "lmt: l2 ball in which margins are to hold, pixels are in [0, 1] (0.1)");
  }

  train::Recipe recipe(const std::string& name) const {
    train::Recipe recipe = train::recipe_from(name);
    set("--copies", copies, recipe, [](auto& one) -> decltype((one.copies)) { return one.copies; });
    set("--recipe-weight", weight, recipe, [](auto& one) -> decltype((one.weight)) { return one.weight; });
    set("--epsilon", epsilon, recipe, [](auto& one) -> decltype((one.epsilon)) { return one.epsilon; });
    set("--attack-steps", attack_steps, recipe, [](auto& one) -> decltype((one.steps)) { return one.steps; });
    set("--warm-up", warm_up, recipe, [](auto& one) -> decltype((one.warm_up)) { return one.warm_up; });
    set("--margin", margin, recipe, [](auto& one) -> decltype((one.margin)) { return one.margin; });
    set("--temperature", temperature, recipe, [](auto& one) -> decltype((one.temperature)) { return one.temperature; });
    set("--entropy", entropy, recipe, [](auto& one) -> decltype((one.entropy)) { return one.entropy; });
    set("--projections", projections, recipe, [](auto& one) -> decltype((one.projections)) { return one.projections; });
    set("--c", c, recipe, [](auto& one) -> decltype((one.c)) { return one.c; });
    return recipe;
  }

 private:
  template <typename Value, typename Member>
  static void set(const char* option, const std::optional<Value>& given, train::Recipe& recipe, Member member) {
    if (!given) return;
    std::visit(
        [&](auto& one) {
          if constexpr (requires { member(one); }) member(one) = *given;
          else throw InputError(fmt::format("{}: the recipe {} has no such option", option, train::name_of(recipe)));
        },
        recipe);
  }
};

struct TrainArguments {
  DataArguments data;
  std::string architecture, model, from, normalise;
  std::vector<float> mean, deviation;
  std::optional<double> sigma;
  std::optional<std::uint64_t> seed;
  std::string schedule = "step", recipe = "gaussian", precision = "fp32", device = "cpu";
  RecipeArguments of_recipe;
  std::optional<int> batch;
  std::optional<std::uint64_t> most_images;
  int interval = 300;
  train::TrainOptions options;
  bool quiet = false;
};

graph::Normalisation normalisation_of(const TrainArguments& a, const ImageShape& shape) {
  require(a.mean.size() == a.deviation.size(), "--mean and --std go together, one value a channel");
  for (const float deviation : a.deviation) require(deviation > 0, fmt::format("--std {}: must be above 0", deviation));
  if (a.normalise.empty()) return {a.mean, a.deviation};
  require(a.mean.empty(), "--normalise and --mean exclude each other");
  const auto named = graph::normalisation_from(a.normalise, shape.channels);
  require(named.has_value(), fmt::format("--normalise '{}': allowed are {}", a.normalise, graph::normalisation_names));
  return *named;
}

graph::Graph starting_network(const TrainArguments& a, const data::Dataset& images) {
  if (!a.from.empty()) {
    require(a.mean.empty() && a.deviation.empty() && a.normalise.empty(),
            "--from: the model has its own normalisation; leave out --normalise, --mean and --std");
    return graph::load_onnx(a.from);
  }
  const ImageShape shape = DataArguments::shape_of(images);
  return graph::build_architecture(a.architecture, shape, images.classes(), normalisation_of(a, shape));
}

void record_recipe(graph::Graph& graph, const TrainArguments& a, const data::Dataset& images) {
  graph.metadata["ballast.version"] = BALLAST_VERSION;
  graph.metadata["ballast.command"] = command_line();
  graph.metadata["ballast.recipe"] = a.recipe;
  graph.metadata["ballast.sigma"] = fmt::format("{}", a.options.sigma);
  if (const auto radius = train::own_radius(a.options.recipe)) graph.metadata["ballast.radius"] = fmt::format("{}", *radius);
  graph.metadata["ballast.seed"] = fmt::format("{}", a.options.seed);
  graph.metadata["ballast.data_sha256"] = images.sha256();
  const auto names = images.class_names();
  const bool has_own = !model::class_names_of(graph, graph.classes()).empty();
  if (!has_own && static_cast<int>(names.size()) == graph.classes()) model::set_class_names(graph, names);
}

// What is asked for beside the files, once the arguments are known to be right.
void complete(TrainArguments& a, const data::Dataset& images) {
  a.options.recipe = a.of_recipe.recipe(a.recipe);
  require(a.sigma || train::own_radius(a.options.recipe),
          fmt::format("--sigma is required: the recipe {} trains for smoothing (0 trains without noise)", a.recipe));
  a.options.sigma = a.sigma.value_or(0);
  a.options.schedule = a.schedule == "one-cycle" ? train::Schedule::one_cycle : train::Schedule::step;
  a.options.precision = a.precision == "bf16" ? train::Precision::bf16 : train::Precision::fp32;
  a.options.device = a.device == "cuda" ? train::Device::cuda : train::Device::cpu;
  a.options.initialise = a.from.empty();
  a.options.seed = a.seed.value_or(noise::derive_seed({images.sha256(), a.architecture, a.from, fmt::format("{}", a.options.sigma)}));
  const std::size_t trained = std::max<std::size_t>(1, images.size() - images.size() / 10);  // a tenth may be held out
  a.options.batch = a.batch.value_or(static_cast<int>(std::min(trained, static_cast<std::size_t>(a.options.batch))));
  require(a.interval > 0, fmt::format("--interval {}: must be above 0", a.interval));
}

train::TrainFiles files_of(const TrainArguments& a) {
  std::filesystem::path best = a.model;
  best.replace_extension(".best.onnx");
  return {.model = a.model,
          .checkpoint = a.model + ".checkpoint",
          .best = best,
          .curve = a.model + ".csv",
          .interval = std::chrono::seconds(a.interval)};
}

std::string text_of(const train::Progress& p, const train::TrainOptions& options) {
  const char* noise = options.sigma > 0 ? " under noise" : "";
  std::string text = fmt::format("epoch {}/{}  {:3.0f} %  loss {:.4f}  accuracy{} {:.4f}  rate {:.5f}  {:.0f} images/s", p.epoch,
                                 options.epochs, 100.0 * p.step / p.steps, p.loss, noise, p.accuracy, p.rate, p.images_per_second);
  if (p.validation) {
    text += fmt::format("  validation: accuracy {:.4f}", p.validation->accuracy);
    for (std::size_t i = 0; options.sigma > 0 && i < train::Validation::radii.size(); ++i) {
      text += fmt::format("{}{:.3f} at {:.3g}", i == 0 ? ", certified (estimated) " : " ", p.validation->certified[i],
                          train::Validation::radii[i] * options.sigma);
    }
    if (p.validation->by_bound) {
      text += fmt::format(", certified by its own bound (estimated) {:.3f} at {:.3g}", *p.validation->by_bound,
                          train::own_radius(options.recipe).value_or(0));
    }
  }
  return text;
}

void train_model(TrainArguments& a) {
  if (!a.from.empty()) {
    require(a.model.empty(), fmt::format("--from {}: the architecture is that model's; name only the file to write", a.from));
    a.model = std::exchange(a.architecture, "");
  }
  require(!a.model.empty(), "the ONNX file to write is missing: ballast train DATA ARCH MODEL, or ballast train DATA MODEL --from OTHER");
  require(a.most_images.value_or(1) >= 1, "--max 0: at least one image is needed");
  auto images = a.data.open();
  if (a.most_images) images = data::part_of(std::move(images), *a.most_images);
  complete(a, *images);
  require_writable(a.model, {a.data.name});
  require_same_kind(a.model, onnx_beginning, "ONNX model");
  graph::Graph network = starting_network(a, *images);
  if (!a.from.empty()) fit_names(images, model::class_names_of(network, network.classes()), network.classes());
  record_recipe(network, a, *images);
  const train::TrainFiles files = files_of(a);

  const std::atomic<bool>& stop = stop_on_signal();
  run::ProgressLine line(a.quiet);
  double first_epochs = -1, first_seconds = 0;  // where this run began, once it has done a step
  const train::Outcome outcome = train::train(std::move(network), *images, a.options, files, [&](const train::Progress& p) {
    const double epochs = (p.epoch - 1) + static_cast<double>(p.step) / p.steps;
    if (first_epochs < 0) first_epochs = epochs, first_seconds = p.seconds;
    const bool epoch_done = p.step == p.steps;
    if (line.is_due(epoch_done)) {
      const double pace = epochs > first_epochs ? (p.seconds - first_seconds) / (epochs - first_epochs) : 0;
      line.show(fmt::format("{}  {} left", text_of(p, a.options), run::duration_text(pace * (a.options.epochs - epochs))), epoch_done);
    }
    return !stop;
  });
  line.end();
  if (!outcome.finished) {
    throw std::runtime_error(
        fmt::format("stopped before the end; {} keeps what was reached: the same command goes on from there", files.checkpoint.string()));
  }
  if (!a.quiet) say("{}\n", a.model);
}

}  // namespace

void add_train(CLI::App& program) {
  auto& command = *program.add_subcommand("train",
                                          "Train a network under Gaussian noise, or for a certifier without noise (Ctrl-C keeps a "
                                          "checkpoint, from which the same command goes on)");
  auto a = std::make_shared<TrainArguments>();
  a->data.split = "train";
  a->data.add_to(command);
  command.add_option("ARCH", a->architecture, fmt::format("{}; left out with --from", graph::architecture_names))->required();
  command.add_option("MODEL", a->model, "ONNX file to write");
  command.add_option("--from", a->from, "fine-tune this ONNX model instead");
  command.add_option("--sigma", a->sigma, "standard deviation of the noise; 0 trains without, as wong and lmt do unless it is given");
  command.add_option("--recipe", a->recipe, fmt::format("what is trained for: {}", fmt::join(train::recipe_names(), ", ")))
      ->capture_default_str();
  a->of_recipe.add_to(command);
  command.add_option("--epochs", a->options.epochs, "passes over the images")->capture_default_str();
  command.add_option("--max", a->most_images, "train on so many of the images only, spread over all: for a trial")->check(whole_number());
  command.add_option("--batch", a->batch, "images a step (default: 256, or all but a tenth where they are fewer)");
  command.add_option("--rate", a->options.rate, "learning rate")->capture_default_str();
  command.add_option("--momentum", a->options.momentum)->capture_default_str();
  command
      .add_option("--clip", a->options.clip,
                  "longer gradients are shortened to this l2 norm; 0: none (projections of wong need it: 1, say)")
      ->capture_default_str();
  command.add_option("--weight-decay", a->options.weight_decay)->capture_default_str();
  command.add_option("--schedule", a->schedule, "of the learning rate: step or one-cycle")
      ->check(CLI::IsMember({"step", "one-cycle"}))
      ->capture_default_str();
  command.add_option("--step-epochs", a->options.step_epochs, "step: epochs between two drops")->capture_default_str();
  command.add_option("--rate-factor", a->options.rate_factor, "step: what a drop multiplies the rate by")->capture_default_str();
  command.add_option("--shift", a->options.shift, "images are moved by up to so many pixels")->capture_default_str();
  command.add_flag("--flip,!--no-flip", a->options.flip, "images are mirrored half of the time (default: yes)");
  command.add_option("--normalise", a->normalise, fmt::format("normalisation inside the model, by name: {}", graph::normalisation_names));
  command.add_option("--mean", a->mean, "or by channel, e.g. 0.286")->delimiter(',');
  command.add_option("--std", a->deviation, "and its deviation, e.g. 0.353")->delimiter(',');
  command.add_option("--seed", a->seed, "of weights, order, augmentation and noise (default: derived from data, model and sigma)")
      ->check(whole_number());
  command.add_option("--validation", a->options.validation,
                     "images held out, to estimate certified accuracy on (default: 1000, or a tenth)");
  command.add_option("--validation-draws", a->options.validation_draws, "noisy copies of each of them")->capture_default_str();
  command.add_option("--precision", a->precision, "fp32, or bf16: products in bfloat16, weights in fp32")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  command.add_option("--device", a->device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}))->capture_default_str();
  command.add_option("--interval", a->interval, "seconds between two checkpoints within an epoch")->capture_default_str();
  command.add_option("--threads", a->options.threads, "0 is one a core")->capture_default_str();
  command.add_flag("--quiet", a->quiet, "no progress");
  add_examples(command, {"ballast train fashion-mnist mlp trial.onnx --sigma 0.25 --epochs 1 --max 2000"});
  command.callback([a] { train_model(*a); });
}

}  // namespace ballast::cli
