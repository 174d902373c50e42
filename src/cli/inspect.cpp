// SPDX-License-Identifier: Apache-2.0
//
// ballast inspect MODEL: the network, and what the engine made of it.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

struct Arguments {
  ModelArguments model;
  bool json = false;
};

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
  auto a = std::make_shared<Arguments>();
  a->model.add_to(command);
  command.add_flag("--json", a->json, "print JSON");
  add_examples(command, {"ballast inspect model.onnx"});
  command.callback([a] {
    a->model.prepare();
    const auto opened = a->model.open({});
    if (a->json) say("{}\n", as_json(opened).dump(2));
    else print_text(a->model.file, opened);
  });
}

}  // namespace ballast::cli
