// SPDX-License-Identifier: Apache-2.0
//
// Every engine against the outputs of another program on real networks.

#include <gtest/gtest.h>

#include <algorithm>

#include "test_models.hpp"

namespace ballast::model::reference_test {
namespace {

constexpr double fp32_tolerance = 1e-4;  // of the largest score: sums in another order

void compare(Engine engine) {
  const auto models = reference_models();
  if (models.empty()) GTEST_SKIP() << "the shared folder with reference networks is absent";
  for (const ReferenceModel& model : models) {
    SCOPED_TRACE(model.name);
    const auto classifier = open_classifier(model.file, {.engine = engine, .precision = Precision::fp32});
    const auto session = classifier->new_session();
    const auto images = static_cast<std::size_t>(model.input_dims[0]), classes = static_cast<std::size_t>(classifier->classes());
    for (std::size_t i = 0; i < images; ++i) write_formula(session->input(), classifier->affine(), is_channels_last(model), i, i);
    const auto scores = session->scores(static_cast<int>(images));
    double largest = 0;
    for (const double logit : model.logits) largest = std::max(largest, std::abs(logit));
    ASSERT_LE(model.logits.size(), images * classes);
    for (std::size_t i = 0; i < model.logits.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(scores[i]), model.logits[i], fp32_tolerance * largest) << "score " << i;
    }
  }
}

TEST(Onednn, GivesTheScoresOfOnnxRuntimeOnEveryNetwork) { compare(Engine::onednn); }

TEST(Aten, GivesTheScoresOfOnnxRuntimeOnEveryNetwork) {
  if (!has_aten()) GTEST_SKIP() << "this build has no LibTorch";
  compare(Engine::aten);
}

}  // namespace
}  // namespace ballast::model::reference_test
