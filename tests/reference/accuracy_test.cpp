// SPDX-License-Identifier: Apache-2.0
//
// Real networks on real images: known accuracies, in both precisions and engines.

#include <gtest/gtest.h>

#include <filesystem>

#include "ballast/core/errors.hpp"
#include "ballast/data/open.hpp"
#include "ballast/model/open.hpp"
#include "ballast/smooth/evaluate.hpp"
#include "ballast/smooth/thread_pool.hpp"

namespace ballast::accuracy_test {
namespace {

const std::filesystem::path shared = BALLAST_SHARED;

std::unique_ptr<data::Dataset> dataset_or_null(const std::string& name) {
  try {
    return data::open_dataset(name, {});
  } catch (const InputError&) {
    return nullptr;
  }
}

std::vector<Label> labels_of(const data::Dataset& images) {
  std::vector<Label> labels;
  for (std::size_t i = 0; i < images.size(); ++i) labels.push_back(images.at(i).label);
  return labels;
}

std::vector<Label> answers(const std::filesystem::path& file, const data::Dataset& images, model::ModelOptions options) {
  options.shape = images.at(0).image.shape;
  const auto classifier = model::open_classifier(file, options);
  smooth::ThreadPool pool(*classifier, 0);
  std::vector<smooth::NumberedImage> numbered;
  for (std::size_t i = 0; i < images.size(); ++i) numbered.push_back({images.at(i).image, static_cast<std::uint32_t>(i)});
  return smooth::evaluate(pool, numbered, nullptr, 0, false).labels;
}

std::size_t agreeing(const std::vector<Label>& a, const std::vector<Label>& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i];
  return count;
}

TEST(FashionMnist, IsClassifiedAsPublishedByARealNetwork) {
  const auto file = shared / "models/fashion/kw_fashion_mnist_linf.onnx";
  const auto images = dataset_or_null("fashion-mnist");
  if (!std::filesystem::exists(file) || !images) GTEST_SKIP() << "the shared folder or Fashion-MNIST is absent";
  const auto truth = labels_of(*images);
  const auto fp32 = answers(file, *images, {.precision = model::Precision::fp32});
  EXPECT_EQ(agreeing(fp32, truth), 7827u);  // published: 78.27 %
  if (model::has_aten()) EXPECT_EQ(agreeing(answers(file, *images, {.engine = model::Engine::aten}), truth), 7827u);
  if (!model::has_bf16()) return;
  EXPECT_GE(agreeing(answers(file, *images, {.precision = model::Precision::bf16}), fp32),
            9900u);  // bf16 changes at most 1 % of the labels
}

// Networks whose normalisation, range or layout the caller has to state; accuracies as their index gives them.
TEST(Cifar10, IsClassifiedThroughEveryKindOfPreprocessing) {
  const auto bin = shared / "data/cifar10/test_lossless_0000_0499.bin";
  if (!std::filesystem::exists(bin)) GTEST_SKIP() << "the shared folder with CIFAR-10 images is absent";
  const auto images = data::open_dataset(bin.string(), {});
  const auto truth = labels_of(*images);
  const auto accuracy = [&](const char* name, model::ModelOptions options) {
    options.precision = model::Precision::fp32;
    return static_cast<double>(agreeing(answers(shared / "models/cifar10" / name, *images, options), truth)) / 500;
  };
  constexpr double sampling = 0.08;  // 500 images against the accuracies of 1,000 or 10,000: more than 3.5 standard errors
  EXPECT_NEAR(accuracy("akamaster_resnet20.onnx", {.mean = {.485, .456, .406}, .deviation = {.229, .224, .225}}), 0.916, sampling);
  EXPECT_NEAR(accuracy("mlperftiny_resnet8.onnx", {.input_scale = 255}), 0.88, sampling);
  EXPECT_NEAR(accuracy("marabou_cifar10_medium.onnx", {}), 0.70, sampling);
  EXPECT_NEAR(accuracy("vit_ibp_3_3_8.onnx", {.mean = {.4914, .4822, .4465}, .deviation = {.2023, .1994, .2010}}), 0.622, sampling);
}

TEST(Mnist, IsClassifiedByANetworkThatTakesAFlatVector) {
  const auto folder = shared / "data/mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the shared folder with MNIST is absent";
  const auto images = data::open_dataset(folder.string(), {});
  const auto right = agreeing(answers(shared / "models/mnist/vnncomp_mnist-net_256x2.onnx", *images, {.precision = model::Precision::fp32}),
                              labels_of(*images));
  EXPECT_EQ(right, 9808u);  // 98.08 %
}

}  // namespace
}  // namespace ballast::accuracy_test
