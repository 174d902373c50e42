// SPDX-License-Identifier: Apache-2.0
//
// ballast train DATA ARCH MODEL.onnx --sigma S

#include "ballast/train/train.hpp"

#include <fmt/format.h>

#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/run/progress.hpp"
#include "commands.hpp"
#include "options.hpp"

namespace ballast::cli {
namespace {

struct Arguments {
  DataArguments data;
  std::string architecture, model, from;
  std::vector<float> mean, deviation;
  std::optional<std::uint64_t> seed;
  std::string schedule = "step";
  train::TrainOptions options;
  bool quiet = false;
};

graph::Graph starting_network(const Arguments& a, const data::Dataset& images) {
  if (!a.from.empty()) {
    require(a.mean.empty() && a.deviation.empty(), "--from: the model has its own normalisation; leave out --mean and --std");
    return graph::load_onnx(a.from);
  }
  require(a.mean.size() == a.deviation.size(), "--mean and --std go together, one value a channel");
  for (const float deviation : a.deviation) require(deviation > 0, fmt::format("--std {}: must be above 0", deviation));
  return graph::build_architecture(a.architecture, DataArguments::shape_of(images), images.classes(), {a.mean, a.deviation});
}

void record_recipe(graph::Graph& graph, const Arguments& a, const data::Dataset& images) {
  graph.metadata["ballast.version"] = BALLAST_VERSION;
  graph.metadata["ballast.command"] = command_line();
  graph.metadata["ballast.sigma"] = fmt::format("{}", a.options.sigma);
  graph.metadata["ballast.seed"] = fmt::format("{}", a.options.seed);
  graph.metadata["ballast.data_sha256"] = images.sha256();
}

void train_model(Arguments& a) {
  if (!a.from.empty()) {
    require(a.model.empty(), fmt::format("--from {}: the architecture is that model's; name only the file to write", a.from));
    a.model = std::exchange(a.architecture, "");
  }
  require(!a.model.empty(), "the ONNX file to write is missing: ballast train DATA ARCH MODEL, or ballast train DATA MODEL --from OTHER");
  a.options.schedule = a.schedule == "one-cycle" ? train::Schedule::one_cycle : train::Schedule::step;
  a.options.initialise = a.from.empty();
  const auto images = a.data.open();
  a.options.seed = a.seed.value_or(noise::derive_seed({images->sha256(), a.architecture, a.from, fmt::format("{}", a.options.sigma)}));
  require_writable(a.model);

  const std::atomic<bool>& stop = stop_on_signal();
  run::ProgressLine line(a.quiet);
  graph::Graph trained = train::train(starting_network(a, *images), *images, a.options, [&](const train::Progress& p) {
    const bool epoch_done = p.step == p.steps;
    const double done = (p.epoch - 1) + static_cast<double>(p.step) / p.steps, left = p.seconds / done * (a.options.epochs - done);
    line.show(fmt::format("epoch {}/{}  {:3.0f} %  loss {:.4f}  accuracy under noise {:.4f}  rate {:.5f}  {} left", p.epoch,
                          a.options.epochs, 100.0 * p.step / p.steps, p.loss, p.accuracy, p.rate, run::duration_text(left)),
              epoch_done);
    return !stop;
  });
  if (stop) throw std::runtime_error(fmt::format("stopped before the end; {} was not written", a.model));
  record_recipe(trained, a, *images);
  graph::save_onnx(trained, a.model);
  if (!a.quiet) fmt::print("{}\n", a.model);
}

}  // namespace

void add_train(CLI::App& program) {
  auto& command = *program.add_subcommand("train", "Train a network under Gaussian noise (Ctrl-C ends it without a model)");
  auto a = std::make_shared<Arguments>();
  a->data.split = "train";
  a->data.add_to(command);
  command.add_option("ARCH", a->architecture, "resnet8, resnet14, resnet20, ... resnet110 (6k + 2 layers), mlp; left out with --from")
      ->required();
  command.add_option("MODEL", a->model, "ONNX file to write");
  command.add_option("--from", a->from, "fine-tune this ONNX model instead");
  command.add_option("--sigma", a->options.sigma, "standard deviation of the noise; 0 trains without")->required();
  command.add_option("--epochs", a->options.epochs, "passes over the images")->capture_default_str();
  command.add_option("--batch", a->options.batch, "images a step")->capture_default_str();
  command.add_option("--rate", a->options.rate, "learning rate")->capture_default_str();
  command.add_option("--momentum", a->options.momentum)->capture_default_str();
  command.add_option("--weight-decay", a->options.weight_decay)->capture_default_str();
  command.add_option("--schedule", a->schedule, "of the learning rate: step or one-cycle")
      ->check(CLI::IsMember({"step", "one-cycle"}))
      ->capture_default_str();
  command.add_option("--step-epochs", a->options.step_epochs, "step: epochs between two drops")->capture_default_str();
  command.add_option("--rate-factor", a->options.rate_factor, "step: what a drop multiplies the rate by")->capture_default_str();
  command.add_option("--shift", a->options.shift, "images are moved by up to so many pixels")->capture_default_str();
  command.add_flag("--flip,!--no-flip", a->options.flip, "images are mirrored half of the time (default: yes)");
  command.add_option("--mean", a->mean, "normalisation inside the model, by channel, e.g. 0.286")->delimiter(',');
  command.add_option("--std", a->deviation, "and its deviation, e.g. 0.353")->delimiter(',');
  command.add_option("--seed", a->seed, "of weights, order, augmentation and noise (default: derived from data, model and sigma)")
      ->check(whole_number());
  command.add_option("--threads", a->options.threads, "0 is one a core")->capture_default_str();
  command.add_flag("--quiet", a->quiet, "no progress");
  command.callback([a] { train_model(*a); });
}

}  // namespace ballast::cli
