// SPDX-License-Identifier: Apache-2.0

#include "ballast/verify/verifier.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "radius_search.hpp"
#include "sample_networks.hpp"

namespace ballast::verify::verifier_test {
namespace {

using graph::testing::Network;
using testing::SampleNetwork;

const std::vector<Method> every_method{Method::crown, Method::wong, Method::lipschitz, Method::ibp, Method::sdp_crown};

std::vector<double> image_for(const SampleNetwork& network, int seed = 0) {
  std::vector<double> image(network.shape.size());
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<double>((37 * i + 11 * static_cast<std::size_t>(seed)) % 101) / 101;
  return image;
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "nothing was refused";
}

void expect_in(const std::string& text, const std::string& part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

TEST(Method, HasANameThatIsReadBack) {
  for (const Method method : every_method) {
    EXPECT_EQ(method_from(to_string(method)), method);
    expect_in(std::string(method_names), std::string(to_string(method)));
  }
  expect_in(refusal([] { method_from("crow"); }), "'crow'; allowed are crown, wong, lipschitz, ibp, sdp-crown");
}

TEST(Verifier, CountsTheMultiplicationsOfABound) {
  const SampleNetwork dense = testing::dense_network(1);  // 6, 12, 10, 4: a row for each value that ReLU reads, and for each score
  const double by_hand = 12 * (6 * 12) + 10 * (6 * 12 + 12 * 10) + 4 * (6 * 12 + 12 * 10 + 10 * 4);
  Network n({graph::batch, 1, 4, 4});
  n.convolution(2, 3), n.relu(), n.flatten(), n.linear(3);
  const SampleNetwork convolution{"convolution", n.finish(), {1, 4, 4}};
  const double positions = 2 * 4 * 4, taps = 9;
  const double of_convolution = positions * (positions * taps) + 3 * (positions * taps + positions + positions * 3);  // and the flattening
  for (const Method method : every_method) {
    const bool by_lines = method != Method::ibp && method != Method::lipschitz;
    EXPECT_EQ(Verifier(dense.graph, dense.shape, method).multiplications(), by_lines ? by_hand : 0) << to_string(method);
    EXPECT_EQ(Verifier(convolution.graph, convolution.shape, method).multiplications(), by_lines ? of_convolution : 0) << to_string(method);
  }
}

TEST(Verifier, RefusesByOperationAndNodeWhatItCannotBound) {
  const auto refused = [](Method method, const std::function<void(Network&)>& build) {
    Network n({graph::batch, 2, 4, 4});
    build(n);
    n.flatten(), n.linear(3);
    return refusal([&] { Verifier(n.finish(), {2, 4, 4}, method); });
  };
  const auto sigmoid = [](Network& n) { n.apply(graph::Activation{graph::Activation::Kind::sigmoid}, {n.x}); };
  const auto softmax = [](Network& n) { n.apply(graph::Softmax{1}, {n.x}); };
  const auto product = [](Network& n) { n.apply(graph::Binary{graph::Binary::Kind::multiply}, {n.x, n.x}); };
  const auto division = [](Network& n) { n.apply(graph::Binary{graph::Binary::Kind::divide}, {n.constant({2, 4, 4}), n.x}); };
  const auto matrices = [](Network& n) { n.apply(graph::MatMul{}, {n.x, n.x}); };
  const auto max_pool = [](Network& n) { n.apply(graph::Pool{graph::Pool::Kind::max, {2, 2}, {2, 2}}, {n.x}); };
  for (const Method method : every_method) {
    const std::string name(to_string(method));
    expect_in(refused(method, sigmoid), "Sigmoid node 'node0': " + name + " cannot bound it; allowed are Conv, ");
    expect_in(refused(method, softmax), "Softmax node 'node0': " + name);
    expect_in(refused(method, matrices), "MatMul node 'node0': " + name);
    expect_in(refused(method, product), "Mul node 'node0': both of its inputs are computed");
    expect_in(refused(method, division), "Div node 'node0': it divides by a computed value");
    const bool pools = method == Method::ibp || method == Method::lipschitz;
    expect_in(refused(method, max_pool), pools ? "nothing was refused" : "MaxPool node 'node0': " + name);
  }
}

TEST(Verifier, RefusesArgumentsThatCannotBeMeant) {
  const SampleNetwork network = testing::dense_network(1);
  const Verifier verifier(network.graph, network.shape, Method::crown);
  const auto image = image_for(network);
  expect_in(refusal([&] { verifier.certifies(image, 4, 0.1); }), "label 4: the network's labels are 0 to 3");
  expect_in(refusal([&] { verifier.certifies(image, -1, 0.1); }), "label -1");
  expect_in(refusal([&] { verifier.margin_bound(image, 0, -0.1); }), "radius -0.1");
  expect_in(refusal([&] { verifier.margin_bound(image, 0, NAN); }), "radius nan");
  expect_in(refusal([&] { verifier.predict(std::vector<double>(5)); }), "an image has 5 values, and the network takes 6 (1x1x6)");
  expect_in(refusal([&] { verifier.predict(std::vector<double>(6, NAN)); }), "not finite");
  expect_in(refusal([&] { verifier.certified_radius(image, 0, {0, 1}); }), "tolerance 0");
  expect_in(refusal([&] { verifier.certified_radius(image, 0, {1e-4, -1}); }), "greatest radius -1");
  expect_in(refusal([&] { Verifier(network.graph, {1, 2, 2}, Method::crown); }), "1x2x2");
  expect_in(refusal([&] { Verifier(network.graph, network.shape, Method::crown, {0}); }), "matrix_elements 0");
}

TEST(Verifier, CertifiesTheRadiusItReportsAndAboutNoMore) {
  for (const SampleNetwork& network : testing::sample_networks()) {
    const auto image = image_for(network);
    for (const Method method : every_method) {
      const Verifier verifier(network.graph, network.shape, method);
      const Label label = verifier.predict(image);
      const double radius = verifier.certified_radius(image, label);
      EXPECT_GT(radius, 0);
      EXPECT_TRUE(verifier.certifies(image, label, radius)) << network.name << " " << to_string(method);
      EXPECT_FALSE(verifier.certifies(image, label, radius * 1.0002)) << network.name << " " << to_string(method);
      EXPECT_EQ(verifier.certifies(image, label, radius / 2), verifier.margin_bound(image, label, radius / 2) > 0);
      EXPECT_EQ(verifier.certified_radius(image, label, {1e-4, radius / 3}), radius / 3);
      EXPECT_EQ(verifier.certified_radius(image, label, {1e-4, 0}), 0);
    }
  }
}

TEST(Verifier, GivesAWrongLabelNothing) {
  const SampleNetwork network = testing::dense_network(1);
  const auto image = image_for(network);
  for (const Method method : every_method) {
    const Verifier verifier(network.graph, network.shape, method);
    const Label wrong = (verifier.predict(image) + 1) % 4;
    EXPECT_EQ(verifier.certified_radius(image, wrong), 0);
    EXPECT_FALSE(verifier.certifies(image, wrong, 0));
    EXPECT_LT(verifier.margin_bound(image, wrong, 0), 0);
  }
}

TEST(Verifier, FirstPropositionIsNeverAboveTheSecond) {
  for (const SampleNetwork& network : testing::sample_networks()) {
    const Verifier verifier(network.graph, network.shape, Method::lipschitz);
    for (int seed = 0; seed < 10; ++seed) {
      const auto image = image_for(network, seed);
      const Label label = verifier.predict(image);
      const double first = verifier.margin_bound(image, label, 0) / (std::sqrt(2) * verifier.lipschitz_bound());
      EXPECT_LE(first, verifier.certified_radius(image, label)) << network.name;
    }
  }
}

TEST(Verifier, ChunksChangeOnlyLastDigits) {
  for (const SampleNetwork& network : testing::sample_networks()) {
    const auto image = image_for(network);
    for (const Method method : every_method) {
      const Verifier whole(network.graph, network.shape, method), chunked(network.graph, network.shape, method, {1000});
      const Label label = whole.predict(image);
      for (const double radius : {0.01, 0.3}) {
        const double expected = whole.margin_bound(image, label, radius);
        EXPECT_NEAR(chunked.margin_bound(image, label, radius), expected, 1e-9 * std::abs(expected)) << network.name;
      }
    }
  }
}

// The same network, once for channels first and once for channels last.
TEST(Verifier, ImagesAreChannelsFirstWhateverTheNetworkTakes) {
  Network first({graph::batch, 2, 3, 4}), last({graph::batch, 3, 4, 2});
  last.apply(graph::Transpose{{0, 3, 1, 2}}, {last.x});
  for (Network* n : {&first, &last}) n->convolution(3, 3), n->relu(), n->flatten(), n->linear(3);
  const SampleNetwork network{"", first.finish(), {2, 3, 4}};
  const auto image = image_for(network);
  for (const Method method : every_method) {
    const Verifier a(first.finish(), network.shape, method), b(last.finish(), network.shape, method);
    const Label label = a.predict(image);
    EXPECT_EQ(b.predict(image), label);
    EXPECT_NEAR(b.margin_bound(image, label, 0.1), a.margin_bound(image, label, 0.1), 1e-9);
  }
}

TEST(Verifier, NumbersTooLargeProveNothing) {
  Network n({graph::batch, 2});
  for (int i = 0; i < 12; ++i) {
    n.apply(graph::Linear{}, {n.x, n.constant({2, 2}, 1e37, 2e37)});
    n.relu();
  }
  n.linear(2);
  const std::vector<double> image{0.5, 0.5};
  for (const Method method : {Method::crown, Method::wong, Method::ibp}) {
    const Verifier verifier(n.finish(), {1, 1, 2}, method);
    EXPECT_EQ(verifier.margin_bound(image, 0, 1), -INFINITY);
    EXPECT_FALSE(verifier.certifies(image, verifier.predict(image), 0.1));
    EXPECT_EQ(verifier.certified_radius(image, verifier.predict(image)), 0);
  }
}

TEST(Verifier, AConstantNetworkHasNoEnd) {
  Network n({graph::batch, 2});
  n.apply(graph::Linear{}, {n.x, n.constant({3, 2}, 0, 0)});
  n.relu();
  n.apply(graph::Linear{}, {n.x, n.constant({2, 3}), n.constant({2})});
  for (const Method method : every_method) {
    const Verifier verifier(n.finish(), {1, 1, 2}, method);
    const std::vector<double> image{0.5, 0.5};
    EXPECT_GT(verifier.certified_radius(image, verifier.predict(image)), 1e9) << to_string(method);
  }
}

TEST(RadiusSearch, FindsTheRootOfAnyFallingBound) {
  const std::vector<std::pair<std::function<double(double)>, double>> bounds{
      {[](double r) { return 1 - r / 3; }, 3},
      {[](double r) { return 1 - std::exp(40 * (r - 0.7)); }, 0.7},
      {[](double r) { return r < 1e-5 ? 1 : -1.0; }, 1e-5},
      {[](double r) { return r <= 123456 ? 1e-9 : -1e200; }, 123456},
      {[](double r) { return r < 2 ? 1 : -INFINITY; }, 2},
      {[](double r) { return r < 2 ? 1 : NAN; }, 2},
  };
  for (const auto& [bound, root] : bounds) {
    for (const double start : {1e-3, 1.0, 1e3}) {
      int calls = 0;
      const auto counted = [&, &bound = bound](double r) { return ++calls, bound(r); };
      const double radius = greatest_verified_radius(counted, bound(0), start, {1e-6});
      EXPECT_LE(radius, root);
      EXPECT_NEAR(radius, root, 2e-6 * root);
      EXPECT_LE(calls, 60);
    }
  }
  EXPECT_EQ(greatest_verified_radius([](double) { return -1.0; }, 1, 1, {}), 0);
  EXPECT_EQ(greatest_verified_radius([](double) { return 1.0; }, -1, 1, {}), 0);
  EXPECT_EQ(greatest_verified_radius([](double) { return 1.0; }, 1, 1, {1e-4, 7}), 7);
}

}  // namespace
}  // namespace ballast::verify::verifier_test
