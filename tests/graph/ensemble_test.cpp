// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/compose.hpp"
#include "interpreter.hpp"

namespace ballast::graph::testing::ensemble_test {
namespace {

// scores = W (x - shift) / 2, with weights of its own
Graph member(float first_weight, float shift = 0.5F) {
  Graph graph;
  ValueId x = graph.add_input("x", {batch, 2});
  x = graph.append(Binary{Binary::Kind::subtract}, "centred", {x, graph.add_constant("shift", {{}, {shift}})});
  x = graph.append(Binary{Binary::Kind::divide}, "scaled", {x, graph.add_constant("two", {{}, {2}})});
  const ValueId weights = graph.add_constant("w", {{3, 2}, {first_weight, 1, -2, 0.5F, 3, -1}});
  graph.output = graph.append(Linear{}, "scores", {x, weights});
  graph.metadata["ballast.sigma"] = "0.25";
  return graph;
}

std::vector<double> scores_of(const Graph& graph, const std::vector<double>& image) {
  return Interpreter(graph, {{1, 2}, image}).output().values;
}

std::vector<double> softmax(std::vector<double> scores) {
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score);
  for (double& score : scores) score /= sum;
  return scores;
}

TEST(Ensemble, GivesTheMeanOfTheScoresOrOfTheProbabilities) {
  const std::vector<Graph> members{member(1), member(-3), member(0.25F)};
  const std::vector<double> image{0.75, 0.125};
  const auto of_scores = scores_of(ensemble(members, EnsembleMean::scores), image);
  const auto of_probabilities = scores_of(ensemble(members, EnsembleMean::probabilities), image);
  for (std::size_t c = 0; c < 3; ++c) {
    double scores = 0, probabilities = 0;
    for (const Graph& graph : members) {
      scores += scores_of(graph, image)[c] / 3;
      probabilities += softmax(scores_of(graph, image))[c] / 3;
    }
    EXPECT_NEAR(of_scores[c], scores, 1e-6);
    EXPECT_NEAR(of_probabilities[c], probabilities, 1e-6);
  }
}

TEST(Ensemble, DoesANormalisationOnceThatItsMembersShare) {
  const auto count = [](const Graph& graph) {
    return std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) { return node.inputs[0] == graph.input; });
  };
  EXPECT_EQ(count(ensemble({member(1), member(2)}, EnsembleMean::scores)), 1);
  EXPECT_EQ(count(ensemble({member(1), member(2, 0.25F)}, EnsembleMean::scores)), 2);
}

TEST(Ensemble, KeepsTheNoiseThatAllWereTrainedWith) {
  Graph other = member(2);
  EXPECT_EQ(ensemble({member(1), other}, EnsembleMean::scores).metadata.at("ballast.sigma"), "0.25");
  other.metadata["ballast.sigma"] = "0.5";
  EXPECT_EQ(ensemble({member(1), other}, EnsembleMean::scores).metadata.count("ballast.sigma"), 0u);
}

TEST(Ensemble, RefusesModelsThatDoNotFit) {
  Graph wide;
  wide.output = wide.append(Reshape{}, "y", {wide.add_input("x", {batch, 3})}, {batch, 3});
  Graph two;
  two.output = two.append(Reshape{}, "y", {two.add_input("x", {batch, 2})}, {batch, 2});
  EXPECT_THROW(ensemble({member(1)}, EnsembleMean::scores), InputError);
  EXPECT_THROW(ensemble({member(1), wide}, EnsembleMean::scores), InputError);
  EXPECT_THROW(ensemble({member(1), two}, EnsembleMean::scores), InputError);
}

}  // namespace
}  // namespace ballast::graph::testing::ensemble_test
