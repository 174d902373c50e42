// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/compose.hpp"
#include "ballast/graph/passes.hpp"

namespace ballast::graph {
namespace {

bool are_equal(const Tensor& a, const Tensor& b) { return a.dims == b.dims && a.values == b.values; }

// Of two nodes that combine the same value with equal constants, the second is dropped; one after another, so whole chains are.
void share_binaries(Graph& graph) {
  std::map<ValueId, ValueId> instead;
  const auto now = [&](ValueId id) {
    const auto found = instead.find(id);
    return found == instead.end() ? id : found->second;
  };
  const auto same = [&](ValueId a, ValueId b) {
    return a == b || (graph.is_constant(a) && graph.is_constant(b) && are_equal(graph.tensor(a), graph.tensor(b)));
  };
  const auto agree = [&](const Node& a, const Node& b) {
    const auto *first = std::get_if<Binary>(&a.operation), *second = std::get_if<Binary>(&b.operation);
    return first && second && first->kind == second->kind && same(a.inputs[0], b.inputs[0]) && same(a.inputs[1], b.inputs[1]);
  };
  std::vector<Node> kept;
  std::vector<std::size_t> binaries;  // of those kept
  for (Node& node : graph.nodes) {
    for (ValueId& id : node.inputs) id = now(id);
    if (std::holds_alternative<Binary>(node.operation)) {
      const auto twin = std::find_if(binaries.begin(), binaries.end(), [&](std::size_t i) { return agree(kept[i], node); });
      if (twin != binaries.end()) {
        instead[node.output] = kept[*twin].output;
        continue;
      }
      binaries.push_back(kept.size());
    }
    kept.push_back(std::move(node));
  }
  graph.nodes = std::move(kept);
  graph.output = now(graph.output);
}

void require_fit(const Graph& first, const Graph& other, std::size_t number) {
  const auto taken = [](const Graph& graph) { return to_string(graph.dims(graph.input)); };
  require(first.dims(first.input) == other.dims(other.input),
          fmt::format("the first model takes {}, and number {} takes {}", taken(first), number, taken(other)));
  require(first.classes() == other.classes(),
          fmt::format("the first model has {} classes, and number {} has {}", first.classes(), number, other.classes()));
}

// Scores, whatever sizes of 1 the network leaves in them.
ValueId flat(Graph& graph, ValueId scores, std::int64_t classes) {
  if (graph.dims(scores) == Dims{batch, classes}) return scores;
  return graph.append(Reshape{}, graph.value(scores).name + ".flat", {scores}, {batch, classes});
}

}  // namespace

Graph ensemble(const std::vector<Graph>& members, EnsembleMean mean) {
  require(members.size() >= 2, "an ensemble needs at least two models");
  const Graph& first = members[0];
  const std::int64_t classes = first.classes();
  Graph graph;
  const ValueId input = graph.add_input(first.value(first.input).name, first.dims(first.input));
  ValueId sum = -1;
  for (std::size_t i = 0; i < members.size(); ++i) {
    require_fit(first, members[i], i + 1);
    ValueId scores = flat(graph, append_network(graph, input, members[i]), classes);
    const std::string name = fmt::format("member{}", i + 1);
    if (mean == EnsembleMean::probabilities) scores = graph.append(Softmax{1}, name + ".probabilities", {scores});
    sum = i == 0 ? scores : graph.append(Binary{Binary::Kind::add}, name + ".sum", {sum, scores});
  }
  const auto count = static_cast<double>(members.size());
  const ValueId share = graph.add_constant("ensemble.share", {{}, {static_cast<float>(1 / count)}});
  graph.output = graph.append(Binary{Binary::Kind::multiply}, "ensemble.mean", {sum, share});
  share_binaries(graph);
  remove_unused(graph);

  graph.metadata["ballast.composed"] =
      fmt::format("mean of the {} of {} models", mean == EnsembleMean::scores ? "scores" : "probabilities", members.size());
  const auto sigma = first.metadata.find("ballast.sigma");
  const bool alike = sigma != first.metadata.end() && std::all_of(members.begin(), members.end(), [&](const Graph& member) {
                       const auto own = member.metadata.find("ballast.sigma");
                       return own != member.metadata.end() && own->second == sigma->second;
                     });
  if (alike) graph.metadata["ballast.sigma"] = sigma->second;
  return graph;
}

}  // namespace ballast::graph
