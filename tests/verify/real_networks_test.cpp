// SPDX-License-Identifier: Apache-2.0
//
// Published networks on real images, against bounds that another program computed.

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "ballast/graph/onnx.hpp"
#include "ballast/verify/verifier.hpp"

namespace ballast::verify::real_networks_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path shared = BALLAST_SHARED;

constexpr double nine_digits = 1e-6;  // of the references' 9, bounds over thousands of summands
constexpr double searched = 2e-4;     // radii are searched to 1e-4 on either side

// The floats of a version 1 .npy file of images x height x width x channels.
std::vector<float> npy_floats(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::size_t header = 10 + static_cast<unsigned char>(bytes.at(8)) + 256U * static_cast<unsigned char>(bytes.at(9));
  std::vector<float> values((bytes.size() - header) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + header, values.size() * sizeof(float));
  return values;
}

struct Published {
  const char* name;
  const char* model;
  const char* images;
  ImageShape shape;
  std::size_t radii;  // how many images' radii are checked, which takes longer than one bound
};

void PrintTo(const Published& network, std::ostream* out) { *out << network.name; }

std::vector<double> image_at(const std::vector<float>& all, const ImageShape& shape, std::size_t index) {
  std::vector<double> image(shape.size());
  const auto channels = static_cast<std::size_t>(shape.channels), area = shape.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < area; ++i) image[c * area + i] = static_cast<double>(all[index * shape.size() + i * channels + c]);
  }
  return image;
}

class RealNetworks : public ::testing::TestWithParam<Published> {
 protected:
  void SetUp() override {
    if (!fs::exists(shared / "reference/baselines_real.json")) GTEST_SKIP() << shared << " is not here: no networks to test with";
    std::ifstream in(shared / "reference/baselines_real.json");
    reference_ = json::parse(in)[GetParam().name];
    pixels_ = npy_floats(shared / "models/sdp_crown" / GetParam().images);
    threads_ = at::get_num_threads();
    at::set_num_threads(1);  // threads on busy cores wait for each other
  }
  void TearDown() override {
    if (threads_ > 0) at::set_num_threads(threads_);
  }

  Verifier verifier(Method method) const { return {graph::load_onnx(shared / "models" / GetParam().model), GetParam().shape, method}; }
  std::vector<double> image(const json& entry) const { return image_at(pixels_, GetParam().shape, entry["index"].get<std::size_t>()); }

  json reference_;
  std::vector<float> pixels_;
  int threads_ = 0;
};

TEST_P(RealNetworks, MarginsAreThoseOfTheReference) {
  for (const Method method : {Method::crown, Method::wong, Method::ibp}) {
    const Verifier tested = verifier(method);
    for (const json& entry : reference_["images"]) {
      EXPECT_EQ(tested.predict(image(entry)), entry["pred"].get<Label>());
      if (!entry.contains("min_margin_lower_at_eps")) continue;
      const double expected = entry["min_margin_lower_at_eps"][std::string(to_string(method))].get<double>();
      const double bound = tested.margin_bound(image(entry), entry["label"].get<Label>(), reference_["eps"].get<double>());
      EXPECT_NEAR(bound, expected, nine_digits * std::max(1.0, std::abs(expected))) << to_string(method) << ", image " << entry["index"];
    }
  }
}

TEST_P(RealNetworks, RadiiAreThoseOfTheReference) {
  for (const Method method : {Method::crown, Method::wong, Method::ibp}) {
    const Verifier tested = verifier(method);
    std::size_t checked = 0;
    for (const json& entry : reference_["images"]) {
      if (!entry.contains("radius_input_units") || checked++ == GetParam().radii) continue;
      const double expected = entry["radius_input_units"][std::string(to_string(method))].get<double>();
      const double radius = tested.certified_radius(image(entry), entry["label"].get<Label>());
      EXPECT_LE(radius, expected * (1 + nine_digits));
      EXPECT_NEAR(radius, expected, searched * expected) << to_string(method) << ", image " << entry["index"];
      if (checked >= GetParam().radii) break;
    }
  }
}

// The reference's norms come from power iteration, which is never above the norm; ours are never below.
TEST_P(RealNetworks, LipschitzRadiiAreJustBelowTheReference) {
  const Verifier tested = verifier(Method::lipschitz);
  for (const json& entry : reference_["images"]) {
    if (!entry.contains("radius_input_units")) continue;
    const double expected = entry["radius_input_units"]["prop2"].get<double>();
    const double radius = tested.certified_radius(image(entry), entry["label"].get<Label>());
    EXPECT_LE(radius, expected * (1 + nine_digits));
    EXPECT_GE(radius, expected * 0.99);
  }
}

class RealNetworksOffsets : public RealNetworks {};

// Never below CROWN, as its offsets are the better of both.
TEST_P(RealNetworksOffsets, OnlyHelp) {
  const Verifier crown = verifier(Method::crown), tested = verifier(Method::sdp_crown);
  const double radius = reference_["eps"].get<double>();
  for (const json& entry : reference_["images"]) {
    if (!entry.contains("min_margin_lower_at_eps")) continue;
    const auto x = image(entry);
    const Label label = entry["label"].get<Label>();
    EXPECT_GE(tested.margin_bound(x, label, radius), crown.margin_bound(x, label, radius) - 1e-9);
  }
}

const Published mnist_mlp{"mnist_mlp", "sdp_crown/mnist_mlp.onnx", "mnist_X_sdp.npy", {1, 28, 28}, 20};
const Published cnn_a{"cnn_a", "sdp_crown/cifar10_cnn_a.onnx", "cifar_X_sdp.npy", {3, 32, 32}, 1};
const Published cnn_c{"cnn_c", "sdp_crown/cifar10_cnn_c.onnx", "cifar_X_sdp.npy", {3, 32, 32}, 3};
const Published wong_first{"wong_l2_0", "wong/l2_cifar_small_36px_stage0.onnx", "cifar_X_sdp.npy", {3, 32, 32}, 3};
const Published wong_second{"wong_l2_1", "wong/l2_cifar_small_36px_stage1.onnx", "cifar_X_sdp.npy", {3, 32, 32}, 1};

std::string name_of(const ::testing::TestParamInfo<Published>& tested) { return tested.param.name; }

INSTANTIATE_TEST_SUITE_P(Published, RealNetworks, ::testing::Values(mnist_mlp, cnn_a, cnn_c, wong_first, wong_second), name_of);
INSTANTIATE_TEST_SUITE_P(Published, RealNetworksOffsets, ::testing::Values(mnist_mlp, cnn_c), name_of);

// What SDP-CROWN's authors report as "LipNaive" and CROWN for their MNIST network, in per cent of the first 200 images at radius 1.
TEST(RealNetworksTable, CertifiedAccuracyOfTheMnistNetwork) {
  if (!fs::exists(shared / "models/sdp_crown")) GTEST_SKIP() << shared << " is not here: no networks to test with";
  at::set_num_threads(1);
  const auto pixels = npy_floats(shared / "models/sdp_crown/mnist_X_sdp.npy");
  const auto labels = npy_floats(shared / "models/sdp_crown/mnist_y_sdp.npy");
  const std::vector<std::pair<Method, int>> expected{
      {Method::crown, 3}, {Method::wong, 1}, {Method::lipschitz, 58}, {Method::sdp_crown, 63}};
  for (const auto& [method, images] : expected) {
    const Verifier tested(graph::load_onnx(shared / "models/sdp_crown/mnist_mlp.onnx"), {1, 28, 28}, method);
    int certified = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      std::int64_t label = 0;
      std::memcpy(&label, reinterpret_cast<const char*>(labels.data()) + i * sizeof(label), sizeof(label));
      certified += tested.certifies(image_at(pixels, {1, 28, 28}, i), static_cast<Label>(label), 1);
    }
    EXPECT_EQ(certified, images) << to_string(method);
  }
}

}  // namespace
}  // namespace ballast::verify::real_networks_test
