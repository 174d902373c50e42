// SPDX-License-Identifier: Apache-2.0
//
// Published data sets, where they are at hand.

#include "ballast/data/open.hpp"
#include "sample_files.hpp"

#ifndef BALLAST_SHARED
#define BALLAST_SHARED ""
#endif

namespace ballast::data::real_data_test {
namespace {

using namespace testing;

const std::filesystem::path shared = BALLAST_SHARED;

std::vector<Label> first_labels(const Dataset& data, std::size_t count) {
  std::vector<Label> labels;
  for (std::size_t i = 0; i < count; ++i) labels.push_back(data.at(i).label);
  return labels;
}

TEST(RealData, TheFirstCifar10TestImages) {
  const auto file = shared / "data/cifar10/test_lossless_0000_0499.bin";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the CIFAR-10 images are not at hand";
  const auto data = open_dataset(file.string(), {});
  EXPECT_EQ(data->size(), 500U);
  EXPECT_EQ(first_labels(*data, 10), (std::vector<Label>{3, 8, 8, 0, 6, 6, 1, 6, 3, 1}));
}

TEST(RealData, TheMnistTestSet) {
  if (!std::filesystem::exists(shared / "data/mnist")) GTEST_SKIP() << "MNIST is not at hand";
  const auto data = open_dataset("mnist", {.data_dir = shared / "data"});
  EXPECT_EQ(data->size(), 10000U);
  EXPECT_EQ(data->classes(), 10);
  EXPECT_EQ(data->shape(), (ImageShape{1, 28, 28}));
  EXPECT_EQ(data->at(0).label, 7);
}

TEST(RealData, FashionMnistFromItsPackage) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const auto data = open_dataset("fashion-mnist", {});
  EXPECT_EQ(data->size(), 10000U);
  EXPECT_EQ(data->classes(), 10);
  EXPECT_EQ(data->at(0).label, 9);
}

TEST(RealData, EveryImageNetPhotographIsReadResizedAndCropped) {
  if (!std::filesystem::exists(shared / "data/imagenet")) GTEST_SKIP() << "the ImageNet photographs are not at hand";
  const auto data = open_dataset("imagenet", {.data_dir = shared / "data"});
  ASSERT_EQ(data->size(), 250U);
  EXPECT_EQ(data->classes(), 1000);
  for (std::size_t i = 0; i < data->size(); ++i) EXPECT_EQ(data->at(i).image.bytes().size(), std::size_t{3 * 224 * 224}) << i;
}

TEST(RealData, ThePublishedArraysOfFloats) {
  const auto folder = shared / "models/sdp_crown";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the arrays are not at hand";
  const auto cifar = open_dataset((folder / "cifar_X_sdp.npy").string(), {});
  EXPECT_EQ(cifar->size(), 200U);
  EXPECT_EQ(cifar->shape(), (ImageShape{3, 32, 32}));
  EXPECT_EQ(cifar->classes(), 10);
  EXPECT_FALSE(cifar->is_8bit());
  EXPECT_EQ(open_dataset((folder / "mnist_X_sdp.npy").string(), {})->shape(), (ImageShape{1, 28, 28}));
}

}  // namespace
}  // namespace ballast::data::real_data_test
