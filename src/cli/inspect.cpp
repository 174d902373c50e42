// SPDX-License-Identifier: Apache-2.0
//
// ballast inspect MODEL: the network, and what the engine made of it.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

struct InspectArguments {
  ModelArguments model;
  bool json = false, profile = false;
};

// Seconds that a step would take if nothing but the processor's products and its memory limited it.
struct Limits {
  double gflops, gigabytes;

  double seconds(const model::Profile::Step& step) const {
    return std::max(1e-9 * step.operations / gflops, 1e-9 * step.bytes / gigabytes);
  }
};

Limits limits_of(const model::Classifier& classifier, const model::Profile& profile) {
  const auto precision = model::precision_names.value(classifier.precision()).value_or(model::Precision::fp32);
  return {model::peak_gflops(precision, 1), model::copied_gigabytes(profile.working_bytes)};
}

model::Profile profile_of(const model::Classifier& classifier) {
  model::Profile profile = classifier.profile();
  require(!profile.steps.empty(),
          fmt::format("--profile: engine {} does not say how long its steps take; use onednn", classifier.engine()));
  return profile;
}

void print_profile(const model::Classifier& classifier) {
  const model::Profile profile = profile_of(classifier);
  const Limits limits = limits_of(classifier, profile);
  double total = 0, at_best = 0, operations = 0;
  for (const auto& step : profile.steps) total += step.seconds, at_best += limits.seconds(step), operations += step.operations;
  say("\n{} images on one thread; the limit: {:.0f} GFLOP/s, and {:.0f} GB/s within {:.1f} MB\n\n{:>10}{:>7}{:>11}{:>9}{:>8}  step\n",
      profile.micro_batch, limits.gflops, limits.gigabytes, 1e-6 * static_cast<double>(profile.working_bytes), "µs", "share", "GFLOP/s",
      "MB", "limit");
  const auto row = [&](double seconds, double operations_done, double bytes, double limit, const std::string& what) {
    say("{:>9.1f}{:>6.1f}%{:>11}{:>9.2f}{:>7.0f}%  {}\n", 1e6 * seconds, 100 * seconds / total,
        operations_done > 0 ? fmt::format("{:.0f}", 1e-9 * operations_done / seconds) : "", 1e-6 * bytes, 100 * limit / seconds, what);
  };
  double bytes = 0;
  for (const auto& step : profile.steps)
    row(step.seconds, step.operations, step.bytes, limits.seconds(step), step.what), bytes += step.bytes;
  row(total, operations, bytes, at_best, fmt::format("all: {:.0f} images a second", profile.micro_batch / total));
}

nlohmann::ordered_json profile_as_json(const model::Classifier& classifier) {
  const model::Profile profile = profile_of(classifier);
  const Limits limits = limits_of(classifier, profile);
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const auto& step : profile.steps) {
    steps.push_back({{"step", step.what},
                     {"seconds", step.seconds},
                     {"operations", step.operations},
                     {"bytes", step.bytes},
                     {"seconds_at_limit", limits.seconds(step)}});
  }
  return {{"images", profile.micro_batch}, {"gflops", limits.gflops}, {"gigabytes_per_second", limits.gigabytes}, {"steps", steps}};
}

nlohmann::ordered_json as_json(const ModelArguments::Opened& opened) {
  const graph::Graph& graph = opened.graph;
  const model::Classifier& classifier = *opened.classifier;
  const graph::Cost cost = graph::cost(graph);
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const graph::Node& node : graph.nodes) {
    nodes.push_back({{"operation", std::string(name_of(node.operation))},
                     {"name", node.name},
                     {"output", graph.dims(node.output)},
                     {"multiply_adds", graph::multiply_adds(graph, node)}});
  }
  return {{"input", graph.dims(graph.input)},
          {"classes", graph.classes()},
          {"parameters", cost.parameters},
          {"multiply_adds", cost.multiply_adds},
          {"metadata", graph.metadata},
          {"nodes", nodes},
          {"engine", classifier.engine()},
          {"precision", classifier.precision()},
          {"instruction_set", classifier.instruction_set()},
          {"plan", classifier.plan()}};
}

void print_text(const std::string& file, const ModelArguments::Opened& opened) {
  const graph::Graph& graph = opened.graph;
  const model::Classifier& classifier = *opened.classifier;
  const graph::Cost cost = graph::cost(graph);
  say("{}\nSHA-256  {}\n\n{:<22}{:<34}{:>22}{:>14}{:>16}\n", file, opened.sha256, "operation", "name", "output", "parameters",
      "multiply-adds");
  for (const graph::Node& node : graph.nodes) {
    std::int64_t parameters = 0;
    for (const graph::ValueId id : node.inputs) parameters += graph.is_constant(id) ? graph::elements(graph.dims(id)) : 0;
    say("{:<22}{:<34}{:>22}{:>14}{:>16}\n", name_of(node.operation), node.name, graph::to_string(graph.dims(node.output)), parameters,
        graph::multiply_adds(graph, node));
  }
  say("\ninput {}, {} classes, {} parameters, {:.1f} million multiply-adds an image\n", graph::to_string(graph.dims(graph.input)),
      graph.classes(), cost.parameters, static_cast<double>(cost.multiply_adds) / 1e6);
  for (const auto& [key, value] : graph.metadata) say("{}: {}\n", key, value);
  say("\nengine {}, {}, {}\n", classifier.engine(), classifier.precision(), classifier.instruction_set());
  for (std::size_t c = 0; const ChannelAffine& channel : classifier.affine()) {
    say("channel {}: pixel x {:.6g} {:+.6g}, joined to the noise\n", c++, channel.scale, channel.offset);
  }
  for (const std::string& step : classifier.plan()) say("  {}\n", step);
}

}  // namespace

void add_inspect(CLI::App& program) {
  auto& command = *program.add_subcommand("inspect", "Show a model's graph, shapes and cost, and what the engine makes of it");
  auto a = std::make_shared<InspectArguments>();
  a->model.add_to(command);
  command.add_flag("--profile", a->profile, "run each step: its time, GFLOP/s and bytes, and how near it is to the machine's limit");
  command.add_flag("--json", a->json, "print JSON");
  add_examples(command, {"ballast inspect model.onnx", "ballast inspect model.onnx --profile --precision fp32"});
  command.callback([a] {
    a->model.prepare();
    const auto opened = a->model.open({});
    if (a->json) {
      auto json = as_json(opened);
      if (a->profile) json["profile"] = profile_as_json(*opened.classifier);
      say("{}\n", json.dump(2, ' ', false, decltype(json)::error_handler_t::replace));
      return;
    }
    print_text(a->model.file, opened);
    if (a->profile) print_profile(*opened.classifier);
  });
}

}  // namespace ballast::cli
