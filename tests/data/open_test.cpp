// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/open.hpp"

#include <cstdlib>

#include "sample_files.hpp"

namespace ballast::data::open_test {
namespace {

using namespace testing;

std::string refusal_of(const std::string& name, const OpenOptions& options = {}) {
  return refusal([&] { open_dataset(name, options); });
}

TEST(Open, AnUnknownNameIsRefusedWithTheNames) {
  EXPECT_TRUE(contains(refusal_of("stl10"),
                       "stl10: no such data; allowed are fashion-mnist, mnist, cifar10, cifar100, svhn, imagenet, and the path"));
  EXPECT_TRUE(contains(refusal_of(""), "no such data"));
  EXPECT_TRUE(contains(refusal_of(std::string(5000, 'x')), "no such data"));
}

TEST(Open, AMissingNamedSetSaysWhereItLooked) {
  const TempFolder folder;
  unsetenv("BALLAST_DATA");
  EXPECT_TRUE(contains(refusal_of("mnist"), "mnist: not found: no data folder is given (--data-dir or $BALLAST_DATA)"));
  EXPECT_TRUE(contains(refusal_of("mnist", {.data_dir = folder.path()}), "mnist: not found: no folder " + (folder / "mnist").string()));
}

TEST(Open, SidesThatAreNoneAreRefusedForEveryKindOfData) {
  const TempFolder folder;
  folder.write("t10k-labels-idx1-ubyte", idx({1}, {0}));
  const std::string images = folder.write("t10k-images-idx3-ubyte", idx({1, 2, 2}, pattern(4))).string();
  for (const int side : {-5, -1, 16385}) {
    EXPECT_TRUE(
        contains(refusal_of(images, {.resize = Resizing{side}}), "resize is " + std::to_string(side) + "; allowed are 1 to 16384, or 0"));
    EXPECT_TRUE(contains(refusal_of(images, {.crop = side}), "crop is " + std::to_string(side) + "; allowed are 1 to 16384, or 0"));
  }
}

TEST(Open, MissingFashionMnistNamesThePackage) {
  if (std::filesystem::exists("/usr/share/datasets/fashion-mnist")) GTEST_SKIP() << "Fashion-MNIST is installed";
  EXPECT_TRUE(contains(refusal_of("fashion-mnist"), "apt-get install dataset-fashion-mnist"));
}

TEST(Open, TheDataFolderComesBeforeTheEnvironmentAndThePackage) {
  const TempFolder folder;
  const TempFolder other;
  for (const auto* place : {&folder, &other}) {
    place->write("fashion-mnist/t10k-images-idx3-ubyte", idx({1, 2, 2}, pattern(4)));
    place->write("fashion-mnist/t10k-labels-idx1-ubyte", idx({1}, {static_cast<std::uint8_t>(place == &folder ? 1 : 2)}));
  }
  setenv("BALLAST_DATA", other.path().c_str(), 1);
  EXPECT_EQ(open_dataset("fashion-mnist", {})->at(0).label, 2);
  EXPECT_EQ(open_dataset("fashion-mnist", {.data_dir = folder.path()})->at(0).label, 1);
  unsetenv("BALLAST_DATA");
}

TEST(Open, AFileOfAnotherKindIsRefusedWithTheAllowedNames) {
  const TempFolder folder;
  EXPECT_TRUE(contains(refusal_of(folder.write("data.csv", std::string("1,2")).string()), "allowed are .npz, .npy, .bin"));
}

}  // namespace
}  // namespace ballast::data::open_test
