// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "ballast/core/sha256.hpp"
#include "ballast/data/open.hpp"
#include "sample_mats.hpp"

namespace ballast::data::mat_test {
namespace {

using namespace testing;

constexpr std::size_t image_height = 2, image_width = 3, number_of_images = 3, image_bytes = 3 * image_height * image_width;

// What `pattern` puts at a place of X: the first dimension runs fastest.
std::uint8_t pixel(const Bytes& values, std::size_t row, std::size_t column, std::size_t channel, std::size_t image) {
  return values[row + image_height * (column + image_width * (channel + 3 * image))];
}

Bytes images(const Bytes& values = pattern(number_of_images * image_bytes)) {
  return mat_variable("X", mx_uint8, {2, 3, 3, 3}, mi_uint8, values);
}
Bytes labels() { return mat_variable("y", mx_uint8, {3, 1}, mi_uint8, {1, 10, 9}); }
Bytes good() { return mat(joined({images(), labels()})); }
Bytes packed() { return mat(joined({mat_packed(images()), mat_packed(labels())})); }

std::unique_ptr<Dataset> opened(const Bytes& bytes) {
  const TempFolder folder;
  return open_dataset(folder.write("some.mat", bytes).string(), {});
}

std::string refusal_of(const Bytes& bytes) {
  return refusal([&] { opened(bytes); });
}
std::string refusal_of_images(const Bytes& variable) { return refusal_of(mat(joined({variable, labels()}))); }
std::string refusal_of_labels(const Bytes& variable) { return refusal_of(mat(joined({images(), variable}))); }

std::vector<Label> all_labels(const Dataset& data) {
  std::vector<Label> labels;
  for (std::size_t i = 0; i < data.size(); ++i) labels.push_back(data.at(i).label);
  return labels;
}

TEST(Mat, EveryPixelIsWhereItBelongs) {
  for (const Bytes& file : {good(), packed()}) {
    const auto data = opened(file);
    ASSERT_EQ(data->size(), number_of_images);
    EXPECT_EQ(data->shape(), (ImageShape{3, image_height, image_width}));
    EXPECT_TRUE(data->is_8bit());
    for (std::size_t image = 0; image < number_of_images; ++image) {
      Bytes expected;
      for (std::size_t channel = 0; channel < 3; ++channel) {
        for (std::size_t row = 0; row < image_height; ++row) {
          for (std::size_t column = 0; column < image_width; ++column) {
            expected.push_back(pixel(pattern(number_of_images * image_bytes), row, column, channel, image));
          }
        }
      }
      EXPECT_EQ(data->at(image).image.bytes(), expected) << image;
    }
  }
}

TEST(Mat, TenStandsForTheDigitZero) {
  const auto data = opened(good());
  EXPECT_EQ(all_labels(*data), (std::vector<Label>{1, 0, 9}));
  EXPECT_EQ(data->classes(), 10);
}

TEST(Mat, LabelsMayBeStoredInEveryWayOfMatlab) {
  for (const std::vector<std::int32_t>& dims : {std::vector<std::int32_t>{3, 1}, {1, 3}}) {
    for (const Bytes& variable :
         {mat_variable("y", mx_double, dims, mi_double, raw<double>({1, 10, 9})), mat_variable("y", mx_double, dims, mi_uint8, {1, 10, 9}),
          mat_variable("y", mx_uint16, dims, mi_uint16, raw<std::uint16_t>({1, 10, 9}))}) {
      EXPECT_EQ(all_labels(*opened(mat(joined({images(), variable})))), (std::vector<Label>{1, 0, 9}));
      EXPECT_EQ(all_labels(*opened(mat(joined({mat_packed(variable), images()})))), (std::vector<Label>{1, 0, 9}));
    }
  }
}

TEST(Mat, OneImageHasNoFourthDimensionAndItsLabelStandsInTheTag) {
  const Bytes label = joined({mat_element(mi_uint32, raw<std::uint32_t>({mx_double, 0})), mat_element(mi_int32, raw<std::int32_t>({1, 1})),
                              mat_small_element(mi_int8, {'y'}), mat_small_element(mi_uint8, {7})});
  const auto data =
      opened(mat(joined({mat_variable("X", mx_uint8, {2, 3, 3}, mi_uint8, pattern(image_bytes)), mat_element(mi_matrix, label)})));
  EXPECT_EQ(all_labels(*data), std::vector<Label>{7});
  EXPECT_EQ(data->at(0).image.bytes()[1], pixel(pattern(image_bytes), 0, 1, 0, 0));
}

TEST(Mat, OtherVariablesArePassedOver) {
  const Bytes opaque = mat_element(mi_matrix, joined({mat_element(mi_uint32, raw<std::uint32_t>({mx_opaque, 0})), pattern(24)}));
  const Bytes others = joined({mat_variable("a_long_name", mx_cell, {1, 1}, mi_matrix, pattern(64)), opaque,
                               mat_packed(mat_variable("x", mx_double, {0, 0}, mi_double, {})), mat_element(mi_uint8, {1, 2, 3})});
  EXPECT_EQ(all_labels(*opened(mat(joined({others, images(), others, labels(), others})))), (std::vector<Label>{1, 0, 9}));
}

TEST(Mat, TheDigestIsThatOfTheFile) {
  const TempFolder folder;
  const auto file = folder.write("some.mat", packed());
  EXPECT_EQ(open_dataset(file.string(), {})->sha256(), sha256_of_file(file));
}

TEST(Svhn, TheNameIsLookedUpInTheDataFolderAndTheSplitChoosesTheFile) {
  const TempFolder folder;
  folder.write("svhn/test_32x32.mat", mat(joined({images(), mat_variable("y", mx_uint8, {3, 1}, mi_uint8, {5, 5, 5})})));
  folder.write("svhn/train_32x32.mat", packed());
  folder.write("svhn/extra_32x32.mat", Bytes{});
  EXPECT_EQ(open_dataset("svhn", {.data_dir = folder.path()})->at(0).label, 5);
  EXPECT_EQ(open_dataset("svhn", {.split = "train", .data_dir = folder.path()})->at(0).label, 1);
  EXPECT_EQ(open_dataset((folder / "svhn").string(), {.split = "train"})->at(0).label, 1);
}

TEST(Svhn, AMissingFileOfTheSplitIsNamed) {
  const TempFolder folder;
  folder.write("svhn/train_32x32.mat", packed());
  EXPECT_TRUE(contains(refusal([&] { open_dataset("svhn", {.data_dir = folder.path()}); }), "test_32x32.mat: no such file"));
}

TEST(Mat, FilesCutShortAnywhereAreRefused) {
  for (const Bytes& whole : {good(), packed()}) {
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal_of(first_bytes(whole, size)), "") << size;
  }
  EXPECT_TRUE(contains(refusal_of(first_bytes(good(), 100)), "some.mat: is too short for a MATLAB file's header of 128 bytes"));
  EXPECT_TRUE(contains(refusal_of(first_bytes(good(), 200)), "some.mat: is cut short: a variable of"));
}

TEST(Mat, AFileWithoutXOrYIsRefused) {
  EXPECT_TRUE(contains(refusal_of(mat(images())), "some.mat: holds no variable y"));
  EXPECT_TRUE(contains(refusal_of(mat(labels())), "some.mat: holds no variable X"));
  EXPECT_TRUE(contains(refusal_of(mat({})), "some.mat: holds no variable X"));
  EXPECT_TRUE(contains(refusal_of(mat(joined({images(), labels(), images()}))), "some.mat: holds X twice"));
}

TEST(Mat, WrongTypesAreRefused) {
  const std::vector<std::int32_t> dims{2, 3, 3, 3};
  const Bytes pixels = pattern(number_of_images * image_bytes);
  EXPECT_TRUE(contains(refusal_of_images(mat_variable("X", mx_double, dims, mi_uint8, pixels)), "X holds other numbers than uint8"));
  EXPECT_TRUE(contains(refusal_of_images(mat_variable("X", mx_uint8, dims, mi_int8, pixels)), "X holds other numbers than uint8"));
  EXPECT_TRUE(contains(refusal_of_images(mat_variable("X", mx_cell, dims, mi_uint8, pixels)), "X is no array of real numbers"));
  EXPECT_TRUE(contains(refusal_of_images(mat_variable("X", mx_uint8 | 0x0800, dims, mi_uint8, pixels)), "X is no array of real numbers"));
  EXPECT_TRUE(contains(refusal_of_images(mat_variable("X", mx_uint8, dims, mi_matrix, pixels)), "X is stored as type 14"));
  EXPECT_TRUE(contains(refusal_of_labels(mat_variable("y", mx_char, {3, 1}, mi_uint8, {1, 10, 9})), "y is no array of real numbers"));
}

TEST(Mat, WrongShapesAreRefused) {
  const auto shaped = [](const std::vector<std::int32_t>& dims, std::size_t size) {
    return refusal_of_images(mat_variable("X", mx_uint8, dims, mi_uint8, pattern(size)));
  };
  const std::string allowed = "; allowed is height x width x 3 x images, at least 1 image, and sides of 1 to 16384";
  EXPECT_TRUE(contains(shaped({3, 2, 1, 9}, 54), "X is 3 x 2 x 1 x 9" + allowed));
  EXPECT_TRUE(contains(shaped({18, 3}, 54), "X is 18 x 3" + allowed));
  EXPECT_TRUE(contains(shaped({2, 3, 3, 3, 1}, 54), "X is 2 x 3 x 3 x 3 x 1" + allowed));
  EXPECT_TRUE(contains(shaped({2, 3, 3, 0}, 0), "X is 2 x 3 x 3 x 0" + allowed));
  EXPECT_TRUE(contains(shaped({0, 3, 3, 3}, 0), "X is 0 x 3 x 3 x 3" + allowed));
  EXPECT_TRUE(contains(shaped({1, 16385, 3, 1}, 3 * 16385), "X is 1 x 16385 x 3 x 1" + allowed));
  EXPECT_TRUE(contains(refusal_of_labels(mat_variable("y", mx_uint8, {2, 2}, mi_uint8, {1, 2, 3, 4})), "y is 2 x 2; allowed is one label"));
}

TEST(Mat, NumbersOfImagesAndLabelsMustAgree) {
  EXPECT_TRUE(contains(refusal_of_labels(mat_variable("y", mx_uint8, {4, 1}, mi_uint8, {1, 2, 3, 4})), "holds 3 images, but 4 labels"));
}

TEST(Mat, LabelsOutsideOneToTenAreRefusedWithTheirImage) {
  const auto labelled = [](const std::vector<double>& values) {
    return refusal_of_labels(mat_variable("y", mx_double, {3, 1}, mi_double, raw(values)));
  };
  EXPECT_TRUE(contains(labelled({1, 2, 11}), "some.mat: image 2 has label 11; SVHN has 1 to 10, where 10 is the digit 0"));
  EXPECT_TRUE(contains(labelled({1, 0, 2}), "image 1 has label 0;"));
  EXPECT_TRUE(contains(labelled({-1, 1, 2}), "image 0 has label -1;"));
  EXPECT_TRUE(contains(labelled({1, 2.5, 2}), "image 1 has label 2.5;"));
  EXPECT_TRUE(contains(labelled({1, NAN, 2}), "image 1 has label nan;"));
  EXPECT_TRUE(contains(labelled({1, 1e300, 2}), "image 1 has label 1e+300;"));
}

TEST(Mat, OtherVersionsAreRefusedByName) {
  const std::string hdf5 = "\x89HDF\r\n\x1a\n";
  const Bytes signature(hdf5.begin(), hdf5.end());
  Bytes behind_header = joined({mat({}, 0x0200), Bytes(512 - 128), signature, Bytes(8)});
  for (const Bytes& file : {behind_header, mat({}, 0x0200), joined({signature, Bytes(64)})}) {
    EXPECT_TRUE(
        contains(refusal_of(file), "some.mat: is a MATLAB 7.3 (HDF5) file; allowed are version 5 files (in MATLAB: save -v7 or -v6)"));
  }
  EXPECT_TRUE(contains(refusal_of(mat({}, 0x0300)), "is a MATLAB file of version 3; allowed are version 5 files"));
  EXPECT_TRUE(contains(refusal_of(mat({}, 0x0001, "MI")), "is a big-endian MATLAB file; allowed are little-endian ones"));
  EXPECT_TRUE(contains(refusal_of(pattern(1000)), "does not begin as MATLAB files do"));
}

TEST(Mat, SizesThatLieAreRefusedBeforeAnyMemoryIsTaken) {
  constexpr std::int32_t most = 0x7fffffff;
  const auto lying = [](const std::vector<std::int32_t>& dims) { return mat_variable("X", mx_uint8, dims, mi_uint8, pattern(54)); };
  EXPECT_TRUE(contains(refusal_of_images(lying({2, 3, 3, 4})), "X has dimensions that ask for 72 bytes, but it holds 54"));
  EXPECT_TRUE(
      contains(refusal_of_images(lying({most, most, most, most})), "X has dimensions that ask for too many bytes, but it holds 54"));
  EXPECT_TRUE(contains(refusal_of_images(lying({2, -3, 3, 3})), "negative size"));
  Bytes element = mat_variable("X", mx_uint8, {1, 1, 3, 0x50000000}, mi_uint8, {});
  const Bytes size = raw<std::uint32_t>({0xf0000000});  // 1 x 1 x 3 x 0x50000000
  std::copy(size.begin(), size.end(), element.end() - 4);
  EXPECT_TRUE(contains(refusal_of_images(element), "a variable ends early"));
  EXPECT_TRUE(contains(refusal_of_images(mat_packed(element)), "a variable ends early"));
}

TEST(Mat, DamagedPackedDataIsRefused) {
  Bytes element = mat_packed(images());
  element[element.size() - 1] ^= 1;  // the checksum
  EXPECT_TRUE(contains(refusal_of_images(element), "a variable's zlib data is damaged"));
  EXPECT_TRUE(contains(refusal_of_images(mat_packed(joined({images(), {1}}))), "X has bytes after its values"));
  Bytes shorter = first_bytes(mat_packed(images()), 40);
  shorter[4] = 32;  // its own size says so too
  EXPECT_TRUE(contains(refusal_of_images(shorter), "zlib data ends early"));
}

}  // namespace
}  // namespace ballast::data::mat_test
