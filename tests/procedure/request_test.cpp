// SPDX-License-Identifier: Apache-2.0
//
// What callers may ask for, said in their own spelling.

#include "ballast/procedure/request.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/core/errors.hpp"

namespace ballast::procedure::request_test {
namespace {

CertifyRequest gaussian() {
  CertifyRequest request;
  request.sigma = 0.25;
  return request;
}

// What is said of a request; "" where it is taken.
template <typename Request>
std::string refusal(const Request& request, const Spelling& spelling = Spelling::command_line) {
  try {
    check(request, spelling);
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

struct Refused {
  const char* words;
  void (*ask)(CertifyRequest& request);
};

TEST(CertifyRequest, ThatDoesNotGoTogetherIsRefusedInOneLineThatNamesTheArguments) {
  const Refused cases[] = {
      {"--sigma is required", [](CertifyRequest& r) { r.sigma.reset(); }},
      {"--lambda goes with --noise uniform", [](CertifyRequest& r) { r.lambda = 1; }},
      {"--noise laplace: --lambda is required", [](CertifyRequest& r) { r.noise = "laplace", r.sigma.reset(); }},
      {"--noise uniform: its scale is --lambda, not --sigma", [](CertifyRequest& r) { r.noise = "uniform", r.lambda = 0.5; }},
      {"--noise pink: must be one of auto, grid, gaussian, uniform, laplace, split", [](CertifyRequest& r) { r.noise = "pink"; }},
      {"--radii and --tolerance do not go together", [](CertifyRequest& r) { r.radii = {0}, r.tolerance = 0.1; }},
      {"--radii and --anytime do not go together", [](CertifyRequest& r) { r.radii = {0}, r.anytime = true; }},
      {"--tolerance and --anytime do not go together", [](CertifyRequest& r) { r.tolerance = 0.1, r.anytime = true; }},
      {"--bound pb: only for a fixed number", [](CertifyRequest& r) { r.anytime = true, r.bound = "pb"; }},
      {"--selection none: only for a fixed number", [](CertifyRequest& r) { r.radii = {0}, r.selection = "none"; }},
      {"--target goes with --radii, --tolerance or --anytime", [](CertifyRequest& r) { r.target = "label"; }},
      {"--futility goes with", [](CertifyRequest& r) { r.futility = 0.1; }},
      {"--gain goes with --anytime", [](CertifyRequest& r) { r.gain = 0.1; }},
      {"--gain goes with --anytime", [](CertifyRequest& r) { r.gain = 0.1, r.tolerance = 0.1; }},
      {"--target best: must be label or predicted", [](CertifyRequest& r) { r.anytime = true, r.target = "best"; }},
      {"--bound li: must be cohen or pb", [](CertifyRequest& r) { r.bound = "li"; }},
      {"--selection some: must be split or none", [](CertifyRequest& r) { r.selection = "some"; }},
      {"n0 = 0", [](CertifyRequest& r) { r.selection_samples = 0; }},
      {"n0 = 0", [](CertifyRequest& r) { r.anytime = true, r.target = "predicted", r.selection_samples = 0; }},
      {"n = 5", [](CertifyRequest& r) { r.samples = 5; }},
      {"alpha = 0", [](CertifyRequest& r) { r.alpha = 0; }},
      {"alpha = 1", [](CertifyRequest& r) { r.alpha = 1; }},
      {"n = 4294967297", [](CertifyRequest& r) { r.samples = (std::uint64_t{1} << 32) + 1; }},
      {"--radii: finite numbers",
       [](CertifyRequest& r) {
         r.radii = {0, std::nan("")};
       }},
      {"sigma = 0", [](CertifyRequest& r) { r.sigma = 0; }},
  };
  for (const Refused& refused : cases) {
    CertifyRequest request = gaussian();
    refused.ask(request);
    const std::string said = refusal(request);
    EXPECT_NE(said.find(refused.words), std::string::npos) << refused.words << ": " << said;
    EXPECT_EQ(said.find('\n'), std::string::npos);
  }
  EXPECT_EQ(refusal(gaussian()), "");
}

TEST(CertifyRequest, OfSplittingIsExactAndTakesNothingElse) {
  CertifyRequest request;
  request.noise = "split";
  request.lambda = 0.5;
  EXPECT_EQ(refusal(request), "");
  for (const auto& ask : {+[](CertifyRequest& r) { r.radii = {0}; }, +[](CertifyRequest& r) { r.tolerance = 0.1; },
                          +[](CertifyRequest& r) { r.anytime = true; }, +[](CertifyRequest& r) { r.family_wise = true; },
                          +[](CertifyRequest& r) { r.selection = "none"; }, +[](CertifyRequest& r) { r.bound = "pb"; },
                          +[](CertifyRequest& r) { r.lambda = 0.1234; }}) {
    CertifyRequest wrong = request;
    ask(wrong);
    EXPECT_NE(refusal(wrong), "");
  }
  const Settings settings = complete(request, {NoiseKind::split, 0, 20, 10}, Spelling::python);
  EXPECT_EQ(std::get<Splitting>(settings.method).splits, 255u);
  EXPECT_EQ(norm_of(settings), "l1");
}

TEST(Spelling, NamesArgumentsAsTheyWereGiven) {
  CertifyRequest request = gaussian();
  request.family_wise = true;
  request.gain = 0.1;
  EXPECT_EQ(refusal(request, Spelling::command_line), "--gain goes with --anytime");
  EXPECT_EQ(refusal(request, Spelling::python), "gain goes with anytime");
  EXPECT_EQ(refusal(request, Spelling::json), "\"gain\" goes with \"anytime\"");
  EXPECT_EQ(Spelling::command_line("family_wise"), "--family-wise");
  EXPECT_EQ(Spelling::python("lambda"), "lambda_");
  EXPECT_EQ(Spelling::python("noise", "split"), "noise = 'split'");
  EXPECT_EQ(Spelling::json("noise", "split"), "\"noise\": \"split\"");
  EXPECT_EQ(Spelling::command_line("noise", "split"), "--noise split");
}

TEST(Request, IsCompletedByWhatIsKnownOfTheImages) {
  CertifyRequest request = gaussian();
  request.radii = {0.5, 0, 0.25};
  request.family_wise = true;
  const Settings settings = complete(request, {NoiseKind::grid, 4e-13, 20, 50}, Spelling::json);
  EXPECT_EQ(settings.noise, NoiseKind::grid);
  EXPECT_EQ(settings.scale, 0.25);
  EXPECT_EQ(settings.noise_error, 4e-13);
  EXPECT_EQ(settings.family_size, 50u);
  EXPECT_DOUBLE_EQ(settings.alpha, 0.001 / 50);
  const auto& named = std::get<NamedRadii>(settings.method);
  EXPECT_EQ(named.radii, (std::vector<double>{0, 0.25, 0.5}));
  EXPECT_TRUE(named.target_is_label);
  EXPECT_EQ(named.selection_samples, 0u);
  EXPECT_EQ(named.step, 20u);
  EXPECT_EQ(named.futility, 0.01);

  CertifyRequest anytime = gaussian();
  anytime.anytime = true;
  anytime.gain = 0.05;
  anytime.target = "predicted";
  anytime.futility = 0;
  const Settings at_any_time = complete(anytime, {}, Spelling::json);
  EXPECT_EQ(name_of(at_any_time.method), "certify-anytime");
  EXPECT_EQ(std::get<Anytime>(at_any_time.method), (Anytime{{false, 100, 100'000, 1, 0}, 0.05}));

  PredictRequest predict;
  predict.sigma = 0.5;
  EXPECT_EQ(std::get<Prediction>(complete(predict, {NoiseKind::gaussian, 0, 1, 3}, Spelling::json).method).samples, 10'000u);
  predict.samples = 3;
  EXPECT_NE(refusal(predict).find("at least n = 11"), std::string::npos) << refusal(predict);
  predict.noise = "split";
  predict.sigma.reset();
  predict.lambda = 0.5;
  EXPECT_NE(refusal(predict).find("split does not go with predict"), std::string::npos) << refusal(predict);
}

TEST(NoiseRequest, IsAKindByTheImages) {
  NoiseRequest request{"auto", 0.25, {}};
  EXPECT_EQ(noise_of(request, true, Spelling::python), NoiseKind::grid);
  EXPECT_EQ(noise_of(request, false, Spelling::python), NoiseKind::gaussian);
  request.noise = "gaussian";
  EXPECT_EQ(noise_of(request, true, Spelling::python), NoiseKind::gaussian);
  request.noise = "grid";
  EXPECT_THROW(noise_of(request, false, Spelling::python), InputError);
  for (const auto& [word, on_grid, floats] : {std::tuple("uniform", NoiseKind::uniform_grid, NoiseKind::uniform),
                                              std::tuple("laplace", NoiseKind::laplace_grid, NoiseKind::laplace)}) {
    const NoiseRequest l1{word, {}, 0.5};
    EXPECT_EQ(noise_of(l1, true, Spelling::python), on_grid);
    EXPECT_EQ(noise_of(l1, false, Spelling::python), floats);
  }
  EXPECT_THROW(noise_of({"split", {}, 0.5}, false, Spelling::python), InputError);
}

// Every word and name leads back to its own kind.
TEST(Noises, AreFoundByTheirNames) {
  for (const NoiseTraits& noise : noises) {
    EXPECT_EQ(noise_named(noise.name), noise.kind);
    EXPECT_EQ(choose_noise(noise.word, noise.on_grid), noise.kind);
    EXPECT_EQ(norm_of(noise.kind), noise.law ? traits(*noise.law).norm : "l1");
  }
  EXPECT_FALSE(noise_named("auto"));
  EXPECT_FALSE(choose_noise("uniform-grid", true));
  EXPECT_EQ(noise_words(), (std::vector<std::string>{"auto", "grid", "gaussian", "uniform", "laplace", "split"}));
}

}  // namespace
}  // namespace ballast::procedure::request_test
