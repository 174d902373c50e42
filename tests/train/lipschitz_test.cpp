// SPDX-License-Identifier: Apache-2.0
//
// Lipschitz-margin training: its norms, what it adds to scores, and the gradients.

#include "lipschitz.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/verify/verifier.hpp"
#include "gradients.hpp"
#include "graph/network.hpp"
#include "initialise.hpp"
#include "objective.hpp"

namespace ballast::train::lipschitz_test {
namespace {

using graph::testing::Network;

constexpr ImageShape shape{1, 8, 8};

graph::Graph random_architecture(const char* name, int classes) {
  graph::Graph graph = graph::build_architecture(name, shape, classes, {{0.3f}, {0.5f}});
  initialise(graph, 3);
  return graph;
}

// Norm, ReLU, convolution, and a shortcut, so that norms stand behind convolutions and alone.
graph::Graph residual() {
  Network n({graph::batch, 2, 5, 5}, 4);
  n.convolution(3, 3), n.batch_norm(), n.relu();
  const auto kept = n.x;
  n.batch_norm(), n.relu(), n.convolution(3, 3), n.add(kept), n.relu();
  graph::Pool pool;
  pool.kind = graph::Pool::Kind::average, pool.kernel = {2, 2}, pool.strides = {2, 2};
  n.apply(pool, {n.x}), n.flatten(), n.linear(4), n.relu(), n.linear(3);
  return n.finish();
}

std::vector<at::Tensor> followed(const model::Network& network, int steps) {
  std::vector<at::Tensor> vectors = power_vectors(network, 5);
  for (int i = 0; i < steps; ++i) step(network, vectors);
  return vectors;
}

at::Tensor one_label(std::int64_t label) { return at::arange(label, label + 1, at::kLong); }

TEST(Lipschitz, OfADenseNetworkIsTheProductOfExactNormsOnceTheIterationHasConverged) {
  Network n({graph::batch, 6}, 2);
  n.linear(12), n.relu(), n.linear(10), n.relu(), n.linear(4);
  model::Network network(n.finish(), at::kDouble);
  const std::vector<at::Tensor> vectors = followed(network, 2000);
  const verify::Verifier verifier(n.finish(), {1, 1, 6}, verify::Method::lipschitz);
  const at::Tensor image = random_values({1, 6}, 3, 0, 1), scores = network.forward(image).squeeze(0);
  for (std::int64_t label = 0; label < 4; ++label) {
    const at::Tensor constants = margin_constants(network, vectors, one_label(label)).squeeze(0);
    for (const double radius : {0.0, 0.1, 5.0}) {
      at::Tensor least = scores[label] - scores - radius * constants;
      least[label].fill_(1e30);
      const double expected = verifier.margin_bound({image.data_ptr<double>(), 6}, static_cast<Label>(label), radius);
      EXPECT_NEAR(least.min().item<double>(), expected, 1e-9 * (1 + std::abs(expected)));
    }
    EXPECT_EQ(constants[label].item<double>(), 0);
  }
}

// The verifier's bounds lie above the true norms, by 1.4 % a layer at most as far as was measured, and the iteration below.
TEST(Lipschitz, OfEveryArchitectureIsBelowTheVerifiersBoundAndNear) {
  for (const char* name : {"linear", "mlp3x32", "cnn-small", "resnet8", "wrn10-1"}) {
    const graph::Graph graph = random_architecture(name, 2);
    const model::Network network(graph, at::kDouble);
    const double estimated = margin_constants(network, followed(network, 100), one_label(0))[0][1].item<double>();
    const verify::Verifier verifier(graph, shape, verify::Method::lipschitz);
    const std::vector<double> image(shape.size(), 0.5);
    const double bound = verifier.margin_bound(image, 0, 0) - verifier.margin_bound(image, 0, 1);
    EXPECT_LE(estimated, bound) << name;
    EXPECT_GE(estimated, 0.9 * bound) << name;
  }
}

TEST(Lipschitz, NeverFallsAlongTheIterationOfOneLayer) {
  Network n({graph::batch, 2, 6, 6}, 6);
  n.convolution(4, 3), n.batch_norm(), n.relu(), n.flatten(), n.linear(3);
  const model::Network network(n.finish(), at::kDouble);
  std::vector<at::Tensor> vectors = power_vectors(network, 5);
  ASSERT_EQ(vectors.size(), 1u);
  double before = 0;
  for (int i = 0; i < 50; ++i) {
    const double now = margin_constants(network, vectors, one_label(0))[0][1].item<double>();
    EXPECT_GE(now, before * (1 - 1e-12));
    before = now;
    step(network, vectors);
  }
}

// Norms that are known in closed form: 1 for shortcuts and ReLU, the greatest factor of a lone batch normalisation, 1 / k of pools.
TEST(Lipschitz, AddsBranchesAndMultipliesWhatIsKnown) {
  Network n({graph::batch, 2, 4, 4}, 1);
  const auto scale = n.constant({2}, 1, 1), shift = n.constant({2}), mean = n.constant({2}), variance = n.constant({2}, 0.25, 0.25);
  n.apply(graph::Binary{graph::Binary::Kind::divide}, {n.x, n.constant({1, 2, 1, 1}, 0.5, 0.5)});  // 2
  const auto kept = n.x;
  n.apply(graph::BatchNorm{0}, {n.x, scale, shift, mean, variance}), n.relu();  // 2
  n.add(kept);                                                                  // 2 (2 + 1)
  graph::Pool pool;
  pool.kind = graph::Pool::Kind::average, pool.kernel = {2, 2}, pool.strides = {2, 2};
  n.apply(pool, {n.x});                                                                   // 1 / 2
  n.apply(graph::Reduce{{2, 3}, false}, {n.x});                                           // 1 / 2
  n.apply(graph::Linear{}, {n.x, n.graph.add_constant("rows", {{2, 2}, {3, 0, 0, 4}})});  // 5 apart
  const model::Network network(n.finish(), at::kDouble);
  EXPECT_TRUE(power_vectors(network, 1).empty());
  EXPECT_NEAR(margin_constants(network, {}, one_label(1))[0][0].item<double>(), 2 * 3 * 0.5 * 0.5 * 5, 1e-12);
}

TEST(Lipschitz, HasTheGradientsOfFiniteDifferencesWhereVectorsAreFixed) {
  model::Network network(residual(), at::kDouble);
  const std::vector<at::Tensor> vectors = followed(network, 3);
  const at::Tensor images = random_values({4, 2, 5, 5}, 7, 0, 1), labels = at::arange(4, at::kLong).remainder(3);
  const at::Tensor share = random_values({4, 3}, 8, 0, 1);
  expect_gradients_of_differences(network, [&] {
    return at::cross_entropy_loss(network.forward(images) + 0.01 * share * margin_constants(network, vectors, labels), labels);
  });
}

struct Dense {
  graph::Graph graph;
  Learner learner;

  explicit Dense(graph::Graph made) : graph(made), learner(std::move(made), Precision::fp32, Device::cpu) {
    learner.network().require_gradients();
    begin(Lmt{}, learner, {});
  }
};

Batch batch_of(const at::Tensor& images, std::int64_t classes) {
  Batch batch;
  batch.noisy = images.to(at::kFloat);
  batch.labels = at::arange(images.size(0), at::kLong).remainder(classes);
  return batch;
}

// Plain loops over what the paper writes, from scores and constants.
TEST(Lmt, RaisesTheOtherScoresByAShareOfTheirTermsThatIsClippedAtBothEnds) {
  Network n({graph::batch, 4}, 9);
  n.linear(6), n.relu(), n.linear(3);
  const at::Tensor images = random_values({8, 4}, 10, 0, 1);
  int none = 0, part = 0, whole = 0;
  for (const double c : {0.001, 0.3, 3.0}) {
    Dense at(n.finish());
    const Batch batch = batch_of(images, 3);
    const Loss loss = loss_of(Lmt{c}, at.learner, batch);
    const at::Tensor constants = margin_constants(at.learner.network(), at.learner.carried(), batch.labels);
    double expected = 0;
    for (std::int64_t i = 0; i < 8; ++i) {
      const auto label = batch.labels[i].item<std::int64_t>();
      const auto score = [&](std::int64_t j) { return loss.scores[i][j].item<double>(); };
      const auto term = [&](std::int64_t j) { return c * constants[i][j].item<double>(); };
      double share = 1, sum = 0;
      for (std::int64_t j = 0; j < 3; ++j) {
        if (j != label) share = std::clamp((score(label) - score(j)) / term(j), 0.0, share);
      }
      ++(share == 0 ? none : share == 1 ? whole : part);
      for (std::int64_t j = 0; j < 3; ++j) sum += std::exp(score(j) + share * term(j) - score(label));
      expected += std::log(sum) / 8;
    }
    EXPECT_NEAR(loss.value.item<double>(), expected, 1e-5) << c;
  }
  EXPECT_GT(none, 0);
  EXPECT_GT(part, 0);
  EXPECT_GT(whole, 0);
}

// The share's own dependence on the weights must not count: the same loss in double with shares that are numbers has the gradient.
TEST(Lmt, GivesNoGradientToTheShare) {
  Network n({graph::batch, 4}, 9);
  n.linear(6), n.relu(), n.linear(3);
  const at::Tensor images = random_values({8, 4}, 10, 0, 1);
  constexpr double c = 0.3;
  Dense at(n.finish());
  const Batch batch = batch_of(images, 3);
  loss_of(Lmt{c}, at.learner, batch).value.backward();
  model::Network exact(n.finish(), at::kDouble);
  exact.require_gradients();
  const std::vector<at::Tensor> vectors{at.learner.carried()[0].to(at::kDouble)};
  const at::Tensor scores = exact.forward(images), terms = c * margin_constants(exact, vectors, batch.labels);
  const at::Tensor margins = scores.gather(1, batch.labels.unsqueeze(1)) - scores;
  const at::Tensor others = (margins.detach() / terms.detach()).scatter(1, batch.labels.unsqueeze(1), 1);
  const at::Tensor share = others.amin(1, true).clamp(0, 1);
  EXPECT_GT(share.gt(0).logical_and(share.lt(1)).sum().item<std::int64_t>(), 0);
  at::cross_entropy_loss(scores + share * terms, batch.labels).backward();
  const auto floats = at.learner.network().parameters(), doubles = exact.parameters();
  for (std::size_t i = 0; i < floats.size(); ++i) {
    EXPECT_LT((floats[i].grad() - doubles[i].grad()).abs().max().item<double>(), 1e-5);
  }
}

TEST(Lmt, FollowsTheVectorsByOneStepABatch) {
  Dense at(residual());
  const std::vector<at::Tensor> stepped = [&] {
    std::vector<at::Tensor> vectors = power_vectors(at.learner.network(), 0);
    const auto batch = batch_of(random_values({4, 2, 5, 5}, 7, 0, 1), 3);
    loss_of(Lmt{}, at.learner, batch);  // batch normalisation's statistics are those of behind it
    step(at.learner.network(), vectors);
    return vectors;
  }();
  ASSERT_EQ(stepped.size(), at.learner.carried().size());
  for (std::size_t i = 0; i < stepped.size(); ++i) EXPECT_TRUE(stepped[i].equal(at.learner.carried()[i]));
}

TEST(Lmt, CertifiesWhatTheVerifierDoesOnADenseNetwork) {
  Network n({graph::batch, 6}, 2);
  n.linear(12), n.relu(), n.linear(4);
  Dense at(n.finish());
  for (int i = 0; i < 2000; ++i) step(at.learner.network(), at.learner.carried());
  const verify::Verifier verifier(n.finish(), {1, 1, 6}, verify::Method::lipschitz);
  const at::Tensor images = random_values({40, 6}, 3, 0, 1);
  Batch batch = batch_of(images, 4);
  batch.labels = at.learner.scores(batch.noisy).argmax(1);
  for (const double c : {0.01, 0.1, 0.3}) {
    const at::Tensor own = certified(Lmt{c}, at.learner, batch);
    int count = 0;
    for (std::int64_t i = 0; i < 40; ++i) {
      const at::Tensor image = images.select(0, i).contiguous();
      const bool proved = verifier.certifies({image.data_ptr<double>(), 6}, static_cast<Label>(batch.labels[i].item<std::int64_t>()), c);
      EXPECT_EQ(own[i].item<bool>(), proved) << i;
      count += proved ? 1 : 0;
    }
    if (c == 0.1) EXPECT_TRUE(count > 0 && count < 40) << count;
  }
}

std::string refusal(const graph::Graph& graph) {
  try {
    power_vectors(model::Network(graph), 0);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Lmt, RefusesOtherNetworksByOperationAndNode) {
  Network curved({graph::batch, 4});
  curved.linear(4), curved.apply(graph::Activation{graph::Activation::Kind::tanh}, {curved.x}), curved.linear(2);
  EXPECT_EQ(refusal(curved.finish()), "Tanh node 'node1': the recipe lmt knows no bound of its norm");
  Network open({graph::batch, 4});
  open.linear(4), open.relu();
  EXPECT_EQ(refusal(open.finish()), "Relu node 'node1': the recipe lmt takes networks that end in a linear layer");
  Network product({graph::batch, 4});
  const auto x = product.x;
  product.linear(4), product.apply(graph::Binary{graph::Binary::Kind::multiply}, {product.x, x}), product.linear(2);
  EXPECT_EQ(refusal(product.finish()).rfind("Mul node 'node1'", 0), 0u);
  for (const char* name : {"wrn16-4", "resnet20", "cnn-small", "cnn-large", "mlp", "linear"}) {
    EXPECT_EQ(refusal(graph::build_architecture(name, {3, 32, 32}, 10, {})), "") << name;
  }
  EXPECT_EQ(refusal(graph::build_architecture("resnet50", {3, 64, 64}, 10, {})), "");
}

}  // namespace
}  // namespace ballast::train::lipschitz_test
