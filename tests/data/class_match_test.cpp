// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/class_match.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"

namespace ballast::data::class_match_test {
namespace {

using Names = std::vector<std::string>;
using Labels = std::vector<Label>;

std::string refusal(const Names& data, const Names& model, int classes) {
  try {
    match_classes(data, model, classes);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(ClassMatch, FindsNamesWhateverTheirOrderCaseAndWordGaps) {
  EXPECT_EQ(match_classes({"Great White_shark", "cat"}, {"cat", "dog", "great-white shark"}, 3), (Labels{2, 0}));
}

TEST(ClassMatch, FindsOneOfSeveralNamesBetweenCommas) {
  EXPECT_EQ(match_classes({"tinca tinca", "hen"}, {"tench, Tinca tinca", "hen", "cock"}, 3), (Labels{0, 1}));
  // A whole name goes before a part of another.
  EXPECT_EQ(match_classes({"crane"}, {"bird, crane", "crane"}, 2), (Labels{1}));
}

TEST(ClassMatch, FindsWordNetIdsInNamesAndInTheirOrder) {
  EXPECT_EQ(match_classes({"n01443537"}, {"n01440764 tench", "n01443537 goldfish"}, 2), (Labels{1}));
  const Names data{"n01440764", "n01443537", "n15075141"};
  EXPECT_EQ(match_classes(data, {}, 1000), (Labels{0, 1, 999}));
  EXPECT_EQ(match_classes(data, {}, 1001), (Labels{1, 2, 1000}));
  EXPECT_EQ(match_classes(data, Names(1000, "of other words"), 1000), (Labels{0, 1, 999}));
}

TEST(ClassMatch, ANameAsItIsWrittenGoesBeforeOthersOfTheSameLetters) {
  EXPECT_EQ(match_classes({"Cardigan", "cardigan"}, {"cardigan", "cat", "Cardigan"}, 3), (Labels{2, 0}));
  EXPECT_NE(refusal({"CARDIGAN"}, {"cardigan", "cat", "Cardigan"}, 3).find("several of the model's classes"), std::string::npos);
}

TEST(ClassMatch, NamesAndWordNetIdsMayStandSideBySide) {
  Names names(1000);
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = "class " + std::to_string(i);
  EXPECT_EQ(match_classes({"class 7", "n01443537"}, names, 1000), (Labels{7, 1}));
}

TEST(ClassMatch, WithoutNamesOfTheModelAsManyClassesStandOneAfterAnother) {
  EXPECT_EQ(match_classes({"a", "b", "c"}, {}, 3), (Labels{0, 1, 2}));
}

TEST(ClassMatch, SaysWhatToDoWhereClassesCannotBeTold) {
  EXPECT_NE(refusal({"a", "b"}, {}, 10)
                .find("2 classes (a, b) and the model 10: which is which is not known; name the model's classes in "
                      "their order by --class-names FILE"),
            std::string::npos);
  EXPECT_NE(refusal({"a", "zebra"}, {"a", "b"}, 2).find("'zebra' is none of the model's (a, b)"), std::string::npos);
  EXPECT_NE(refusal({"CRANE"}, {"crane", "Crane"}, 2).find("several of the model's classes"), std::string::npos);
}

TEST(ClassMatch, RelabelsImagesAndLeavesThemAsTheyAre) {
  const auto made = [] {
    return std::make_unique<MemoryDataset>(ImageShape{1, 1, 2}, std::vector<std::uint8_t>{1, 2, 3, 4}, std::vector<Label>{1, 0});
  };
  const auto before = made();
  const auto after = relabelled(made(), {7, 3}, 10);
  EXPECT_EQ(after->classes(), 10);
  EXPECT_EQ(after->sha256(), before->sha256());
  EXPECT_EQ(after->at(0).label, 3);
  EXPECT_EQ(after->at(1).label, 7);
  EXPECT_EQ(after->at(1).image.bytes(), before->at(1).image.bytes());
}

}  // namespace
}  // namespace ballast::data::class_match_test
