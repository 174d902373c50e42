// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/part.hpp"

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"

namespace ballast::data::part_test {
namespace {

// Pixel and label of image i are i and i / 4.
std::unique_ptr<Dataset> twelve() {
  std::vector<std::uint8_t> pixels;
  std::vector<Label> labels;
  for (int i = 0; i < 12; ++i) {
    pixels.push_back(static_cast<std::uint8_t>(i));
    labels.push_back(i / 4);
  }
  return std::make_unique<MemoryDataset>(ImageShape{1, 1, 1}, pixels, labels, 3);
}

TEST(Part, HoldsImagesSpreadOverAllClasses) {
  const auto part = part_of(twelve(), 3);
  ASSERT_EQ(part->size(), 3u);
  EXPECT_EQ(part->classes(), 3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(part->label(i), static_cast<Label>(i));
    EXPECT_EQ(part->at(i).label, static_cast<Label>(i));
    EXPECT_EQ(std::get<0>(part->at(i).image.pixels).front(), 4 * i);
  }
  EXPECT_THROW(part->at(3), InputError);
}

TEST(Part, HasAHashOfItsOwn) {
  const std::string whole = twelve()->sha256();
  EXPECT_NE(part_of(twelve(), 3)->sha256(), whole);
  EXPECT_NE(part_of(twelve(), 3)->sha256(), part_of(twelve(), 4)->sha256());
  EXPECT_EQ(part_of(twelve(), 3)->sha256(), part_of(twelve(), 3)->sha256());
}

TEST(Part, OfAllIsTheWhole) {
  for (const std::size_t images : {12u, 100u}) EXPECT_EQ(part_of(twelve(), images)->sha256(), twelve()->sha256());
  EXPECT_THROW(part_of(twelve(), 0), InputError);
}

}  // namespace
}  // namespace ballast::data::part_test
