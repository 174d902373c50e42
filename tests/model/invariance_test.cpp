// SPDX-License-Identifier: Apache-2.0
//
// A label is a function of its image alone, bit for bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <numeric>
#include <random>

#include "ballast/graph/quantise.hpp"
#include "test_models.hpp"

namespace ballast::model::invariance_test {
namespace {

std::vector<float> scores_of(Session& session, const Classifier& classifier, bool channels_last, std::span<const std::size_t> images) {
  for (std::size_t place = 0; place < images.size(); ++place) {
    write_formula(session.input(), classifier.affine(), channels_last, images[place], place);
  }
  const auto scores = session.scores(static_cast<int>(images.size()));
  return {scores.begin(), scores.end()};
}

// Rounded to 8 bits, to whatever steps.
graph::Graph quantised(const ReferenceModel& model) {
  graph::Graph graph = graph::load_onnx(model.file);
  graph::simplify(graph);
  std::vector<graph::Extremes> extremes(graph::values_to_quantise(graph).size(), {-3, 3});
  for (std::size_t i = 0; i < extremes.size(); i += 2) extremes[i].least = 0;  // bytes of both kinds
  return graph::quantised(graph, extremes);
}

// Scores of 32 images in order, permuted, and in batches of every fill from 1.
void check(const ReferenceModel& model, Precision precision, Engine engine) {
  SCOPED_TRACE(model.name);
  const ModelOptions options{.engine = engine, .precision = precision};
  const auto classifier = precision == Precision::int8 ? classifier_from(quantised(model), options) : open_classifier(model.file, options);
  const auto session = classifier->new_session();
  const bool last = is_channels_last(model);
  const auto classes = static_cast<std::size_t>(classifier->classes());
  const auto places = static_cast<std::size_t>(session->micro_batch());
  std::vector<std::size_t> order(places);
  std::iota(order.begin(), order.end(), 0);
  const auto straight = scores_of(*session, *classifier, last, order);
  const auto same = [&](std::span<const float> scores, std::size_t place, std::size_t image) {
    return std::memcmp(&scores[place * classes], &straight[image * classes], classes * sizeof(float)) == 0;
  };

  std::shuffle(order.begin(), order.end(), std::mt19937(5));
  const auto permuted = scores_of(*session, *classifier, last, order);
  for (std::size_t place = 0; place < places; ++place) ASSERT_TRUE(same(permuted, place, order[place])) << "permuted, place " << place;

  for (const std::size_t fill : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, places / 2, places - 1}) {
    if (fill > places) continue;
    const auto part = scores_of(*session, *classifier, last, std::span(order).first(fill));
    for (std::size_t place = 0; place < fill; ++place)
      ASSERT_TRUE(same(part, place, order[place])) << "fill " << fill << ", place " << place;
  }

  const auto other = classifier->new_session();
  const auto again = scores_of(*other, *classifier, last, order);
  for (std::size_t place = 0; place < places; ++place) ASSERT_TRUE(same(again, place, order[place])) << "another session, place " << place;
}

void check_all(Precision precision, Engine engine) {
  const auto models = reference_models();
  if (models.empty()) GTEST_SKIP() << "the shared folder with reference networks is absent";
  for (const ReferenceModel& model : models) {
    if (precision != Precision::int8 || graph::rounds(quantised(model)))
      check(model, precision, engine);  // two layers have nothing between
  }
}

TEST(Label, DoesNotDependOnPlaceFillOrOrderInFp32) { check_all(Precision::fp32, Engine::onednn); }

TEST(Label, DoesNotDependOnPlaceFillOrOrderInBf16) {
  if (!has_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
  check_all(Precision::bf16, Engine::onednn);
}

TEST(Label, DoesNotDependOnPlaceFillOrOrderInWholeNumbers) {
  if (!has_int8()) GTEST_SKIP() << "this processor does not multiply bytes exactly";
  check_all(Precision::int8, Engine::onednn);
}

TEST(Label, DoesNotDependOnPlaceFillOrOrderUnderAten) {
  if (!has_aten()) GTEST_SKIP() << "this build has no LibTorch";
  check_all(Precision::fp32, Engine::aten);
}

// Sessions that threads make and use at once; under the thread sanitizer, too.
void check_threads(const ReferenceModel& model, Precision precision) {
  SCOPED_TRACE(model.name);
  const auto classifier = precision == Precision::int8 ? classifier_from(quantised(model), {.precision = precision})
                                                       : open_classifier(model.file, {.precision = precision});
  const auto score = [&] {
    std::vector<std::size_t> order(3);
    std::iota(order.begin(), order.end(), 0);
    const auto session = classifier->new_session();
    auto first = scores_of(*session, *classifier, is_channels_last(model), order);
    const auto second = scores_of(*session, *classifier, is_channels_last(model), order);
    first.insert(first.end(), second.begin(), second.end());
    return first;
  };
  std::vector<std::future<std::vector<float>>> threads;
  for (int i = 0; i < 4; ++i) threads.push_back(std::async(std::launch::async, score));
  std::vector<std::vector<float>> found;
  for (auto& thread : threads) found.push_back(thread.get());
  const auto alone = score();
  for (const auto& scores : found) EXPECT_EQ(std::memcmp(scores.data(), alone.data(), alone.size() * sizeof(float)), 0);
}

TEST(Label, IsTheSameInThreadsThatWorkAtOnce) {
  const auto models = reference_models();
  if (models.empty()) GTEST_SKIP() << "the shared folder with reference networks is absent";
  for (const ReferenceModel& model : models) {
    check_threads(model, Precision::fp32);
    if (has_bf16()) check_threads(model, Precision::bf16);
    if (has_int8() && graph::rounds(quantised(model))) check_threads(model, Precision::int8);
  }
}

TEST(Label, IsTheLowestOfEqualScores) {
  EXPECT_EQ(label_of(std::vector<float>{1, 3, 3, 2}), 1);
  EXPECT_EQ(label_of(std::vector<float>{-1, -1}), 0);
}

TEST(Label, IsTheFixedClassNanWhereAnyScoreIsNan) {
  EXPECT_EQ(label_of(std::vector<float>{1, std::nanf(""), 9}), 3);
  EXPECT_EQ(label_of(std::vector<float>{std::nanf(""), 1}), 2);
  EXPECT_EQ(label_of(std::vector<float>{1, 2, INFINITY}), 2);
}

}  // namespace
}  // namespace ballast::model::invariance_test
