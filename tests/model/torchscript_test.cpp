// SPDX-License-Identifier: Apache-2.0

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/model/open.hpp"

namespace ballast::model::torchscript_test {
namespace {

constexpr ImageShape shape{3, 4, 4};

class TorchScript : public ::testing::Test {
 protected:
  ~TorchScript() override { std::filesystem::remove_all(folder_); }

  // A file with this body of forward(self, x).
  std::filesystem::path file_of(const std::string& body, bool has_counter = false) {
    torch::jit::Module module("Net");
    if (has_counter) module.register_attribute("seen", c10::IntType::get(), c10::IValue(0));
    module.register_parameter("weight", weights(), false);
    module.define("def forward(self, x):\n" + body);
    const auto file = folder_ / "net.pt";
    module.save(file.string());
    return file;
  }

  // images x 48 to 2 classes.
  static at::Tensor weights() {
    std::vector<float> values(2 * shape.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
    return at::from_blob(values.data(), {2, static_cast<std::int64_t>(shape.size())}, at::TensorOptions(at::kFloat)).clone();
  }

  std::string refusal(const std::string& body, bool has_counter = false) {
    const auto file = file_of(body, has_counter);
    try {
      load_torchscript(file, {.shape = shape});
    } catch (const InputError& error) {
      const std::string what = error.what();
      EXPECT_EQ(what.find('\n'), std::string::npos) << what;
      EXPECT_TRUE(what.starts_with(file.string() + ": ")) << what;
      return what;
    }
    return "";
  }

  const std::filesystem::path folder_ = [] {
    const auto folder = std::filesystem::temp_directory_path() / ("ballast_torchscript_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    return folder;
  }();
};

TEST_F(TorchScript, IsToldFromOtherFiles) {
  EXPECT_TRUE(is_torchscript(file_of("  return torch.linear(x.flatten(1), self.weight)\n")));
  EXPECT_FALSE(is_torchscript(folder_ / "absent.pt"));
  EXPECT_FALSE(is_torchscript(folder_));
  const auto checkpoint = folder_ / "weights.pt";
  std::ofstream(checkpoint) << "PK\x03\x04 archive/data.pkl";
  EXPECT_FALSE(is_torchscript(checkpoint));
}

TEST_F(TorchScript, HasTheScoresOfItsFormulaBehindTheNormalisation) {
  const auto file = file_of("  return torch.linear(x.flatten(1), self.weight)\n");
  const LoadedClassifier loaded = load_torchscript(file, {.shape = shape, .mean = {0.25}, .deviation = {0.5}});
  EXPECT_EQ(loaded.sha256, sha256_of_file(file));
  const Classifier& classifier = *loaded.classifier;
  EXPECT_EQ(classifier.classes(), 2);
  EXPECT_EQ(classifier.image_shape(), shape);
  EXPECT_EQ(classifier.precision(), "fp32");
  EXPECT_TRUE(classifier.engine().starts_with("torchscript "));
  EXPECT_DOUBLE_EQ(classifier.affine()[2].scale, 2);
  EXPECT_DOUBLE_EQ(classifier.affine()[2].offset, -0.5);
  const auto session = classifier.new_session();
  const InputBuffer buffer = session->input();
  std::vector<double> expected(2);
  const std::size_t positions = shape.size() / 3;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const float value = std::cos(static_cast<float>(i));
    static_cast<float*>(buffer.data)[i / positions * buffer.channel_stride + i % positions * buffer.position_stride] = value;
    for (std::size_t c = 0; c < 2; ++c) expected[c] += std::sin(static_cast<double>(c * shape.size() + i)) * static_cast<double>(value);
  }
  const auto scores = session->scores(1);
  for (std::size_t c = 0; c < 2; ++c) EXPECT_NEAR(static_cast<double>(scores[c]), expected[c], 1e-4);
}

TEST_F(TorchScript, MayBeLoadedAgainAndCallsPartsOfItsOwn) {
  torch::jit::Module inner("Inner"), outer("Outer");
  inner.register_parameter("weight", weights(), false);
  inner.define("def forward(self, x):\n  return torch.linear(x.flatten(1), self.weight)\n");
  outer.register_module("inner", inner);
  outer.define("def forward(self, x):\n  return self.inner.forward(x)\n");
  const auto file = folder_ / "outer.pt";
  outer.save(file.string());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(load_torchscript(file, {.shape = shape}).classifier->classes(), 2);
}

TEST_F(TorchScript, TakesScoresOutOfTuplesAndDictionaries) {
  for (const char* body :
       {"  return (torch.linear(x.flatten(1), self.weight), x)\n", "  return {\"logits\": torch.linear(x.flatten(1), self.weight)}\n"}) {
    EXPECT_EQ(load_torchscript(file_of(body), {.shape = shape}).classifier->classes(), 2);
  }
}

TEST_F(TorchScript, ThatIsNoFunctionOfAnImageIsRefused) {
  EXPECT_NE(refusal("  return torch.linear(x.flatten(1), self.weight) + torch.rand(1)\n").find("random numbers (aten::rand)"),
            std::string::npos);
  EXPECT_NE(refusal("  return torch.linear(torch.dropout(x.flatten(1), 0.5, True), self.weight)\n").find("random numbers"),
            std::string::npos);
  EXPECT_NE(refusal("  y = torch.linear(x.flatten(1), self.weight)\n  return y - y.mean(0)\n").find("other images"), std::string::npos);
  EXPECT_NE(refusal("  self.seen += 1\n  return torch.linear(x.flatten(1), self.weight) * self.seen\n", true).find("remembers"),
            std::string::npos);
  EXPECT_EQ(refusal("  return torch.linear(torch.dropout(x.flatten(1), 0.5, False), self.weight)\n"), "");
}

TEST_F(TorchScript, ThatCannotBeRunIsRefusedInALine) {
  EXPECT_NE(refusal("  return torch.linear(x, self.weight)\n").find("cannot be run"), std::string::npos);
  EXPECT_NE(refusal("  return torch.linear(x.flatten(1), self.weight).sum(1)\n").find("images x classes"), std::string::npos);
  EXPECT_NE(refusal("  return 3\n").find("no tensor of scores"), std::string::npos);
  const auto file = file_of("  return torch.linear(x.flatten(1), self.weight)\n");
  EXPECT_THROW(load_torchscript(file, {}), InputError);
  EXPECT_THROW(load_torchscript(file, {.shape = shape, .precision = Precision::bf16}), InputError);
  EXPECT_THROW(load_torchscript(file, {.shape = shape, .device = "cuda:x"}), InputError);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_THROW(load_torchscript(file, {.shape = shape}), InputError);
}

}  // namespace
}  // namespace ballast::model::torchscript_test
