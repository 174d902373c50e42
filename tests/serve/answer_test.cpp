// SPDX-License-Identifier: Apache-2.0
//
// What the server answers is what the library computes.

#include <set>

#include "ballast/noise/noisy_writer.hpp"
#include "ballast/smooth/certify.hpp"
#include "ballast/smooth/certify_staged.hpp"
#include "serve_fixtures.hpp"

namespace ballast::serve::answer_test {
namespace {

using noise::NoisyWriter;

std::unique_ptr<model::Classifier> mean_classifier() { return smooth::linear_classifier({1, 1, 1, 1}, -2, small, 20); }

smooth::Certificate certified_here(const model::Classifier& classifier, const Image& image, std::uint64_t samples, std::uint32_t index) {
  smooth::ThreadPool pool(classifier, 1);
  const NoisyWriter noise(image.is_8bit() ? NoiseKind::grid : NoiseKind::gaussian, 0.25, classifier.affine());
  smooth::VoteCounter votes(pool, noise, image, known_seed, index);
  return smooth::certify(votes, {{NoiseLaw::gaussian, 0.25}, 0.001, 100, samples});
}

void expect_same(const std::string& body, std::size_t place, const smooth::Certificate& here) {
  EXPECT_EQ(output(body, "label")[place], here.label.value_or(-1)) << body;
  EXPECT_EQ(output(body, "radius")[place].get<double>(), here.radius);
  EXPECT_EQ(output(body, "p_lower")[place].get<double>(), here.p_lower);
  EXPECT_EQ(output(body, "abstained")[place], !here.label.has_value());
  EXPECT_EQ(output(body, "samples")[place], here.estimation.total());
  EXPECT_EQ(output(body, "counts")[place * 2], here.estimation.of(0));
  EXPECT_EQ(output(body, "counts")[place * 2 + 1], here.estimation.of(1));
}

TEST(Answer, IsThatOfCertifyWithTheSameSeed) {
  const auto classifier = mean_classifier();
  const RunningServer server(*classifier);
  for (const int level : {0, 100, 126, 128, 140, 255}) {
    const auto result = post(server, infer_path, request_json(level, {{"n", 500}}, "a"));
    ASSERT_TRUE(result);
    ASSERT_EQ(result->status, 200) << result->body;
    expect_same(result->body, 0, certified_here(*classifier, smooth::grey_image(small, level), 500, 0));
    const Json json = Json::parse(result->body);
    EXPECT_EQ(json["id"], "a");
    EXPECT_EQ(json["model_name"], "m");
    EXPECT_EQ(json["parameters"]["n"], 500);
    EXPECT_EQ(json["parameters"]["alpha"], 0.001);
    EXPECT_EQ(json["parameters"]["noise"], "grid");
    EXPECT_EQ(Json::parse(output(result->body, "draw")[0].get<std::string>()), (Json{{"seed", "7"}, {"index", 0}}));
  }
}

TEST(Answer, OfABatchNumbersItsImages) {
  const auto classifier = mean_classifier();
  const RunningServer server(*classifier);
  protocol::InferRequest request;
  const std::vector<float> pixels{0.1F, 0.9F, 0.6F, 0.55F, 0, 0, 0, 0, 0.5F, 0.52F, 0.51F, 0.5F};
  request.inputs = {{"image", protocol::DataType::fp32, {3, 1, 2, 2}, pixels, true}};
  const protocol::Message message = write(request);
  const auto result = post(server, infer_path, message.body, {{"Inference-Header-Content-Length", std::to_string(*message.header_length)}},
                           "application/octet-stream");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  for (std::uint32_t i = 0; i < 3; ++i)
    expect_same(result->body, i,
                certified_here(*classifier, {small, std::vector<float>(pixels.begin() + 4 * i, pixels.begin() + 4 * i + 4)}, 1000, i));
}

TEST(Answer, InBytesIsThatInJson) {
  const auto classifier = mean_classifier();
  const RunningServer server(*classifier);
  const auto json = post(server, infer_path, request_json(140));
  const auto bytes = post(server, infer_path, request_json(140, {{"binary_data_output", true}}));
  ASSERT_TRUE(json && bytes);
  EXPECT_EQ(json->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(bytes->get_header_value("Content-Type"), "application/octet-stream");
  const auto a = protocol::read_response(json->body, std::nullopt);
  const auto b =
      protocol::read_response(bytes->body, protocol::header_length_from(bytes->get_header_value("Inference-Header-Content-Length")));
  ASSERT_EQ(a.outputs.size(), 7U);
  ASSERT_EQ(b.outputs.size(), 7U);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(a.outputs[i].name, b.outputs[i].name);
    EXPECT_EQ(a.outputs[i].values, b.outputs[i].values);
    EXPECT_TRUE(b.outputs[i].binary);
  }
}

TEST(Answer, HoldsOnlyTheOutputsAskedFor) {
  const auto classifier = mean_classifier();
  const RunningServer server(*classifier);
  Json request = Json::parse(request_json(140));
  request["outputs"] = {{{"name", "radius"}}};
  const auto result = post(server, infer_path, request.dump());
  ASSERT_TRUE(result);
  EXPECT_EQ(Json::parse(result->body)["outputs"].size(), 1U);
  request["outputs"] = {{{"name", "logits"}}};
  EXPECT_TRUE(refused(post(server, infer_path, request.dump()), 400, "label, radius, p_lower, counts, samples, abstained, draw"));
}

TEST(Answer, AtRadiiIsThatOfTheSequentialTest) {
  const auto classifier = mean_classifier();
  const RunningServer server(*classifier);
  smooth::ThreadPool pool(*classifier, 1);
  const NoisyWriter noise(NoiseKind::grid, 0.25, classifier->affine());
  const stats::RadiiTest test({{0, 0.1, 0.2}, 0.001, 1000, 20, 0.01, {NoiseLaw::gaussian, 0.25}, noise.noise_error(small.size())});
  for (const int level : {0, 120, 140, 180}) {
    const Image image = smooth::grey_image(small, level);
    smooth::VoteCounter votes(pool, noise, image, known_seed, 0);
    const auto here = smooth::certify(votes, test, {std::nullopt, 100});
    const auto result = post(server, infer_path, request_json(level, {{"radii", "0.2,0,0.1"}}));
    ASSERT_TRUE(result);
    ASSERT_EQ(result->status, 200) << result->body;
    expect_same(result->body, 0, here);
  }
}

TEST(Answer, ToAToleranceIsThatOfTheTwoStages) {
  const auto classifier = mean_classifier();
  const RunningServer server(*classifier);
  smooth::ThreadPool pool(*classifier, 1);
  const NoisyWriter noise(NoiseKind::grid, 0.25, classifier->affine());
  const stats::ToleranceTest test({0.1, 0.001, 1000, 20, 300, {NoiseLaw::gaussian, 0.25}, noise.noise_error(small.size())}, 0.01);
  const Image image = smooth::grey_image(small, 180);
  smooth::VoteCounter votes(pool, noise, image, known_seed, 0);
  const auto here = smooth::certify(votes, test, {std::nullopt, 100});
  ASSERT_TRUE(here.label);
  const auto result = post(server, infer_path, request_json(180, {{"tolerance", 0.1}}));
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  expect_same(result->body, 0, here);
}

TEST(Answer, HasAnotherSeedForEachRequest) {
  const auto classifier = mean_classifier();
  ServiceOptions options = small_options();
  options.new_seed = nullptr;
  const RunningServer server(*classifier, options);
  std::set<std::string> draws;
  for (int i = 0; i < 20; ++i)
    draws.insert(output(post(server, infer_path, request_json(140, {{"n", 50}}))->body, "draw")[0].get<std::string>());
  EXPECT_EQ(draws.size(), 20U);
}

TEST(Answer, IsTheSameFromManyConnectionsAtOnce) {
  const auto classifier = smooth::hashing_classifier(small, 2, 20);
  const RunningServer server(*classifier);
  const std::string alone = post(server, infer_path, request_json(140))->body;
  std::vector<std::thread> threads;
  std::atomic<int> same{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      auto client = server.client();
      client.set_keep_alive(true);
      for (int k = 0; k < 10; ++k) same += client.Post(infer_path.c_str(), request_json(140), "application/json")->body == alone;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(same, 80);
}

TEST(BaseModel, GivesTheLabelsOfTheImagesAsTheyAre) {
  const auto classifier = mean_classifier();
  const RunningServer server(*classifier);
  protocol::InferRequest request;
  request.inputs = {{"image", protocol::DataType::fp32, {3, 1, 2, 2}, std::vector<float>{1, 1, 0, 0.5F, 0, 0, 0, 0, -3, 3, 2, 2}, false}};
  const auto result = post(server, base_path, write(request).body);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  EXPECT_EQ(output(result->body, "label"), (Json{1, 0, 1}));
  EXPECT_EQ(Json::parse(result->body)["outputs"].size(), 1U);  // this classifier has no scores
}

TEST(BaseModel, SaysMinusOneForNan) {
  const auto classifier = model::classifier_from(
      [](std::span<const float>, std::span<Label> labels) { std::fill(labels.begin(), labels.end(), 2); }, small, 2, 20);
  const RunningServer server(*classifier);
  EXPECT_EQ(output(post(server, base_path, request_json(1))->body, "label"), Json{-1});
  // Nor is it ever the smoothed classifier's answer.
  const auto smoothed = post(server, infer_path, request_json(1));
  EXPECT_EQ(output(smoothed->body, "label"), Json{-1});
  EXPECT_EQ(output(smoothed->body, "radius"), Json{0.0});
}

}  // namespace
}  // namespace ballast::serve::answer_test
