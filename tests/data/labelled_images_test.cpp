// SPDX-License-Identifier: Apache-2.0
//
// Folders of images with a file of labels.

#include "ballast/data/open.hpp"
#include "sample_files.hpp"

namespace ballast::data::labelled_images_test {
namespace {

using namespace testing;

struct LabelledImages : ::testing::Test {
  TempFolder folder, beside;

  LabelledImages() {
    for (unsigned i = 0; i < 3; ++i) folder.write("in/" + std::string(1, static_cast<char>('a' + i)) + ".png", png(2, 2, 1, pattern(4, i)));
  }

  OpenOptions with(const std::string& labels, const std::string& name = "labels.txt", OpenOptions options = {}) const {
    options.labels = beside.write(name, labels);
    return options;
  }
  std::unique_ptr<Dataset> open(const OpenOptions& options) const { return open_dataset(folder.path().string(), options); }
  std::string refused(const OpenOptions& options) const {
    return refusal([&] { open(options); });
  }

  // "a2 b0 ...": the images, told by their pixels, and their labels.
  std::string text_of(const OpenOptions& options) const {
    const auto data = open(options);
    std::string text;
    for (std::size_t i = 0; i < data->size(); ++i) {
      const Example example = data->at(i);
      const auto letter = static_cast<char>('a' + example.image.bytes()[0]);
      text += (text.empty() ? "" : " ") + std::string(1, letter) + std::to_string(example.label);
    }
    return text + " of " + std::to_string(data->classes());
  }
};

TEST_F(LabelledImages, ATableOfAnyFormGivesOrderAndLabels) {
  for (const std::string table :
       {"in/c.png\t5\nin/a.png\t0\nin/b.png\t1\n", "in/c.png,5\r\nin/a.png,0\r\nin/b.png,1", "in/c.png;5\nin/a.png;0\n\nin/b.png;1\n",
        "in/c.png 5\nin/a.png  0\nin/b.png 1\n", "Width,Filename,Label\n3,in/c.png,5\n3,in/a.png,0\n3,in/b.png,1\n",
        "\xef\xbb\xbfpath,class\nin/c.png,5\nin/a.png,0\nin/b.png,1\n", "ClassId;Path\n5;in/c.png\n0;in/a.png\n1;in/b.png\n",
        "file,label,note\n\"in/c.png\",5,\"a \"\"b\"\", c\"\nin/a.png,0,\nin/b.png,\"1\",\n", "id,label\nin/c,5\nin/a,0\nin/b,1\n",
        "./in/c.png,5\nin//a.png,0\nin/b.png,1\nin/absent.png,3\n"}) {
    EXPECT_EQ(text_of(with(table)), "c5 a0 b1 of 6") << table;
  }
}

TEST_F(LabelledImages, NamesAreTheFolderOrTheTables) {
  const OpenOptions options{.labels = folder.write("t.csv", std::string("in/c.png,5\nin/a.png,0\nin/b.png,1\n"))};
  EXPECT_EQ(refusal([&] { open_dataset((folder / "in").string(), options); }), "");
  EXPECT_EQ(open_dataset((folder / "in").string(), options)->at(0).label, 5);
}

TEST_F(LabelledImages, ClassesByNameAreSortedUnlessTheyAreListed) {
  const std::string table = "in/a.png,zebra\nin/b.png,ant\nin/c.png,great white\n";
  EXPECT_EQ(text_of(with(table)), "a2 b0 c1 of 3");
  EXPECT_EQ(text_of(with(table, "l", {.class_names = {"zebra", "emu", "great white", "ant"}})), "a0 b3 c2 of 4");
  EXPECT_TRUE(contains(refused(with(table, "l", {.class_names = {"zebra", "ant"}})), "line 3: the class great white is not in the list"));
  EXPECT_TRUE(
      contains(refused(with("in/a.png,3\n", "l", {.class_names = {"zebra", "ant"}})), "line 1: the label is not a number from 0 to 1"));
  EXPECT_EQ(text_of(with("in/a.png,7\nin/b.png,10\nin/c.png,7\n", "l", {.class_names = {"10", "7"}})), "a1 b0 c1 of 2");
}

TEST_F(LabelledImages, TablesThatCannotBeUsedAreRefusedWithTheLine) {
  EXPECT_TRUE(contains(refused(with("in/a.png,1\nin/b.png,two\n")), "line 2: the class two is a name, and those before it are numbers"));
  EXPECT_TRUE(contains(refused(with("in/a.png,one\nin/b.png,2\n")), "line 2: the class 2 is a number, and those before it are names"));
  EXPECT_TRUE(contains(refused(with("in/a.png,1\nin/b.png,-2\n")), "line 2: the label is not a number from 0"));
  EXPECT_TRUE(contains(refused(with("in/a.png,1\nin/b.png\n")), "line 2: has 1 columns separated by `,`; 2 are needed"));
  EXPECT_TRUE(contains(refused(with("in/a.png,\n")), "line 1: has no class"));
  EXPECT_TRUE(contains(refused(with("\"in/a.png,1\n")), "line 1: a quote is not closed"));
  EXPECT_TRUE(contains(refused(with("\"in/a.png\"x,1\n")), "behind a closed quote"));
  EXPECT_TRUE(contains(refused(with("file,note\nin/a.png,1\n")), "line 1: the header has no column"));
  EXPECT_TRUE(contains(refused(with("../in/a.png,1\n")), "line 1: the file is not a path inside"));
  EXPECT_TRUE(contains(refused(with("in/a.png,1\nin/a,1\n")), "line 2: lists a file for the second time"));
  EXPECT_TRUE(contains(refused(with("x.png,1\n")), "none of the listed files is in"));
  EXPECT_TRUE(contains(refused(with("in/a.png,1\nin/b.png,1\n")), "c.png: has no label in"));
  EXPECT_TRUE(contains(refused({.labels = beside / "absent"}), "absent: no such file"));
  EXPECT_TRUE(contains(refused({.label_order = LabelOrder::sorted}), "no file of labels is given"));
  EXPECT_TRUE(contains(refused(with("in/a.png,x\nin/b.png,y\nin/c.png,y\n", "l", {.label_order = LabelOrder::sorted})), "holds names"));
}

TEST_F(LabelledImages, AListOfClassesIsThatOfTheSortedFiles) {
  EXPECT_EQ(text_of(with("n2\nn1\nn2\n")), "a1 b0 c1 of 2");
  EXPECT_TRUE(contains(refused(with("n2\nn1\n")), "lists 2 classes, but"));
  EXPECT_TRUE(contains(refused(with("5\n0\n1\n")), "say what they mean by --label-order: sorted"));
  EXPECT_EQ(text_of(with("5\n0\n1\n", "l", {.label_order = LabelOrder::sorted})), "a5 b0 c1 of 6");
}

TEST_F(LabelledImages, NumbersOfIlsvrcNeedItsList) {
  const std::string map = "n02119789 1 kit_fox\nn02100735 2 English_setter\nn02110185 3 Siberian_husky\n";
  OpenOptions options{.label_order = LabelOrder::ilsvrc};
  EXPECT_TRUE(contains(refused(with("1\n2\n3\n", "l", options)), "need the list of WordNet ids in that order (map_clsloc.txt"));
  options.synsets = beside.write("map", map);
  EXPECT_EQ(text_of(with("1\n2\n3\n", "l", options)), "a2 b0 c1 of 3");
  EXPECT_EQ(text_of(with("in/c.png 1\nin/a.png 3\nin/b.png 3\n", "l", options)), "c2 a1 b1 of 3");
  EXPECT_TRUE(contains(refused(with("1\n2\n4\n", "l", options)), "line 3: is not a number from 1 to 3"));
  EXPECT_TRUE(contains(refused(with("0\n2\n3\n", "l", options)), "line 1: is not a number from 1 to 3"));
  options.synsets = beside.write("by place", std::string("n02119789\nn02100735\nn02110185\n"));
  EXPECT_EQ(text_of(with("1\n2\n3\n", "l", options)), "a2 b0 c1 of 3");
  // As LOC_synset_mapping.txt has them: sorted, so a line's place is not ILSVRC2012's number.
  options.synsets = beside.write("sorted", std::string("n02100735 English setter\nn02110185 husky\nn02119789 kit fox, fox\n"));
  EXPECT_TRUE(contains(refused(with("1\n2\n3\n", "l", options)), "synsets are listed by id, not by number"));
}

TEST_F(LabelledImages, AListOfSynsetsSaysWhatAllClassesAre) {
  const auto synsets = beside.write("all", std::string("n00000001 one\nn00000003 three\nn00000007 seven\n"));
  EXPECT_EQ(text_of(with("n00000007\nn00000003\nn00000007\n")), "a1 b0 c1 of 2");
  EXPECT_EQ(text_of(with("n00000007\nn00000003\nn00000007\n", "l", {.synsets = synsets})), "a2 b1 c2 of 3");
  EXPECT_TRUE(
      contains(refused(with("n00000007\nn00000003\nn00000004\n", "l", {.synsets = synsets})), "line 3: the class n00000004 is not"));
  const auto refused_list = [&](const std::string& list) {
    return refused(with("n00000007\nn00000003\nn00000003\n", "l", {.synsets = beside.write("s", list)}));
  };
  EXPECT_TRUE(contains(refused_list("n00000007\nfox\n"), "line 2: does not begin with a WordNet id"));
  EXPECT_TRUE(contains(refused_list("n00000007 1\nn00000003 1\n"), "line 2: numbers behind the WordNet ids must be 1 to 2, each once"));
  EXPECT_TRUE(contains(refused_list("n00000007 1\nn00000003\n"), "line 2: numbers behind"));
  EXPECT_TRUE(contains(refused_list("n00000007\nn00000007\n"), "lists n00000007 twice"));
  EXPECT_TRUE(contains(refused_list(""), "lists no WordNet ids"));
}

TEST_F(LabelledImages, APartOfImageNetsClassesIsNotTakenForAll) {
  const TempFolder flat;
  flat.write("ILSVRC2012_val_00000001.JPEG", jpeg(8, 8, 3, pattern(192)));
  flat.write("ILSVRC2012_val_00000002.JPEG", jpeg(8, 8, 3, pattern(192)));
  const auto open_flat = [&](const OpenOptions& options) { return open_dataset(flat.path().string(), options); };
  EXPECT_TRUE(contains(refusal([&] { open_flat({}); }), "holds images without classes; name a file of their labels by --labels"));
  for (const std::string list : {"n00000007\nn00000003\n", "ILSVRC2012_val_00000001.JPEG n00000007\nILSVRC2012_val_00000002 n00000003\n"}) {
    OpenOptions options = with(list);
    EXPECT_TRUE(contains(refusal([&] { open_flat(options); }), "names 2 of ImageNet's 1000 classes; name them all by --synsets FILE"));
    options.synsets = beside.write("all", std::string("n00000001 one\nn00000003 three\nn00000007 seven\n"));
    EXPECT_EQ(open_flat(options)->at(0).label, 2);
    EXPECT_EQ(open_flat(options)->classes(), 3);
  }
}

TEST_F(LabelledImages, TheDigestKnowsWhatLabelsDependOn) {
  const std::string list = "1\n2\n3\n";
  OpenOptions sorted = with(list, "l", {.label_order = LabelOrder::sorted});
  OpenOptions ilsvrc = with(list, "l", {.label_order = LabelOrder::ilsvrc});
  ilsvrc.synsets = beside.write("a", std::string("n00000007\nn00000003\nn00000001\n"));
  OpenOptions other = ilsvrc;
  other.synsets = beside.write("b", std::string("n00000003\nn00000007\nn00000001\n"));
  const OpenOptions named = with("x\ny\nz\n", "names"), renamed = with("x\nz\ny\n", "names2");
  EXPECT_NE(open(sorted)->sha256(), open(ilsvrc)->sha256());
  EXPECT_NE(open(other)->sha256(), open(ilsvrc)->sha256());
  EXPECT_NE(open(named)->sha256(), open(renamed)->sha256());
  OpenOptions gray = named;
  gray.gray = true;
  OpenOptions exif = named;
  exif.exif = true;
  EXPECT_NE(open(named)->sha256(), open(gray)->sha256());
  EXPECT_NE(open(named)->sha256(), open(exif)->sha256());
}

TEST(OptionsOfImages, AreRefusedForOtherData) {
  const TempFolder folder;
  folder.write("t10k-labels-idx1-ubyte", idx({1}, {0}));
  const std::string images = folder.write("t10k-images-idx3-ubyte", idx({1, 2, 2}, pattern(4))).string();
  for (const std::string& data : {images, folder.path().string()}) {
    const auto refused = [&](const OpenOptions& options) { return refusal([&] { open_dataset(data, options); }); };
    EXPECT_TRUE(contains(refused({.labels = "x"}), "has labels of its own"));
    EXPECT_TRUE(contains(refused({.gray = true}), "--gray and --exif are for images"));
    EXPECT_TRUE(contains(refused({.exif = true}), "--gray and --exif are for images"));
    EXPECT_TRUE(contains(refused({.label = 1}), "--label is for a single image"));
  }
}

TEST(SingleImage, IsADataSetOfOneWithTheLabelThatIsGiven) {
  const TempFolder folder;
  const std::string file = folder.write("my.png", png(2, 3, 3, pattern(18))).string();
  const auto data = open_dataset(file, {.label = 4});
  EXPECT_EQ(data->size(), 1U);
  EXPECT_EQ(data->classes(), 5);
  EXPECT_EQ(data->at(0).label, 4);
  EXPECT_EQ(data->shape(), (ImageShape{3, 3, 2}));
  EXPECT_NE(data->sha256(), open_dataset(file, {.label = 3})->sha256());
  EXPECT_TRUE(contains(refusal([&] { open_dataset(file, {}); }), "one image has no label of its own; --label says it"));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(file, {.label = -1}); }), "label is -1; allowed are 0 to"));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(file, {.labels = "x", .label = 1}); }), "is one image; --label says its label"));
  folder.write("a/1.png", png(2, 3, 3, pattern(18)));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {.label = 1}); }), "is a folder; --label is for a single image"));
}

}  // namespace
}  // namespace ballast::data::labelled_images_test
