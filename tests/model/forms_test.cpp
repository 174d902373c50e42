// SPDX-License-Identifier: Apache-2.0
//
// Small networks in the forms that exporters write, against the scores of ONNX Runtime.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "test_models.hpp"

namespace ballast::model {
namespace {

constexpr double fp32_tolerance = 1e-4;  // of the largest score: sums in another order

const std::vector<std::string> forms{"activations",     "binarised_sign", "conv_transpose", "convnext_tiny_13", "convnext_tiny_17",
                                     "head_logsoftmax", "layernorm_17",   "maxvit_tiny_13", "pool_ceil",        "mobilenetv3_like_14",
                                     "reduce_18",       "rmsnorm_23",     "swin_tiny_13",   "vit_tiny_13",      "vit_tiny_17"};

class Form : public ::testing::TestWithParam<std::string> {};

void compare(const std::string& name, Engine engine) {
  std::ifstream in(shared_folder() / "reference" / "onnx_forms.json");
  if (!in) GTEST_SKIP() << "the shared folder with reference networks is absent";
  const auto entry = nlohmann::json::parse(in)["models"][name + ".onnx"];
  const std::vector<double> values = entry["values"];
  const auto classifier =
      open_classifier(shared_folder() / "models" / "forms" / (name + ".onnx"), {.engine = engine, .precision = Precision::fp32});
  const auto session = classifier->new_session();
  const std::size_t images = entry["input_dims"][0];
  for (std::size_t i = 0; i < images; ++i) write_formula(session->input(), classifier->affine(), false, i, i);
  const auto scores = session->scores(static_cast<int>(images));
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  ASSERT_LE(values.size(), scores.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_NEAR(static_cast<double>(scores[i]), values[i], fp32_tolerance * largest) << "score " << i;
}

TEST_P(Form, UnderOnednnHasTheScoresOfOnnxRuntime) { compare(GetParam(), Engine::onednn); }

TEST_P(Form, UnderAtenHasTheScoresOfOnnxRuntime) {
  if (!has_aten()) GTEST_SKIP() << "this build has no LibTorch";
  compare(GetParam(), Engine::aten);
}

INSTANTIATE_TEST_SUITE_P(Each, Form, ::testing::ValuesIn(forms), [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace ballast::model
