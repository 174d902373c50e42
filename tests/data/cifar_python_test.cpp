// SPDX-License-Identifier: Apache-2.0
//
// CIFAR-10 and CIFAR-100 as Python pickled them.

#include "../bounded.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/data/open.hpp"
#include "sample_pickles.hpp"

namespace ballast::data::cifar_python_test {
namespace {

using namespace testing;

void expect_same_examples(const Dataset& data, const Dataset& other) {
  ASSERT_EQ(data.size(), other.size());
  EXPECT_EQ(data.classes(), other.classes());
  EXPECT_EQ(data.shape(), other.shape());
  for (std::size_t i = 0; i < data.size(); ++i) {
    EXPECT_EQ(data.at(i).label, other.at(i).label) << i;
    EXPECT_EQ(data.at(i).image.bytes(), other.at(i).image.bytes()) << i;
  }
}

std::string refusal_of(const Bytes& bytes) {
  const TempFolder folder;
  const auto file = folder.write("test_batch", bytes);
  return refusal([&] { open_dataset(file.string(), {}); });
}

std::string refusal_of(const PickledBatch& batch, PickledBy version) { return refusal_of(pickled(batch, version)); }

void replace(Bytes& bytes, const Bytes& before, const Bytes& after) {
  const auto at = std::search(bytes.begin(), bytes.end(), before.begin(), before.end());
  ASSERT_NE(at, bytes.end());
  const auto end = bytes.erase(at, at + static_cast<std::ptrdiff_t>(before.size()));
  bytes.insert(end, after.begin(), after.end());
}

TEST(CifarPython, EveryPicklersFileHoldsTheExamplesOfTheBinaryFile) {
  const Bytes labels{3, 9, 0};
  const TempFolder folder;
  const auto binary = open_dataset(folder.write("test_batch.bin", cifar(labels)).string(), {});
  for (const PickledBy version : all_picklers) {
    SCOPED_TRACE(static_cast<int>(version));
    const auto file = folder.write("test_batch", pickled(pickled_batch(labels), version));
    const auto data = open_dataset(file.string(), {});
    expect_same_examples(*data, *binary);
    EXPECT_EQ(data->sha256(), sha256_of_file(file));
  }
}

TEST(CifarPython, AnArrayByColumnsIsTheSame) {
  PickledBatch batch = pickled_batch({3, 9});
  Bytes columns;
  for (std::size_t i = 0; i < 2 * 3072; ++i) columns.push_back(batch.bytes[i % 2 * 3072 + i / 2]);
  batch.bytes = columns;
  batch.by_columns = true;
  const TempFolder folder;
  const auto binary = open_dataset(folder.write("test_batch.bin", cifar({3, 9})).string(), {});
  for (const PickledBy version : all_picklers) {
    expect_same_examples(*open_dataset(folder.write("test_batch", pickled(batch, version)).string(), {}), *binary);
  }
}

// The names of the files of CIFAR-10 and of its folders: for Python, and binary.
Members cifar10_files(bool for_python) {
  const std::string folder = for_python ? "cifar-10-batches-py/" : "cifar-10-batches-bin/", end = for_python ? "" : ".bin";
  const auto batch = [&](const Bytes& labels) { return for_python ? pickled(pickled_batch(labels)) : cifar(labels); };
  Members members{{folder + "test_batch" + end, batch({7, 8})}, {folder + "readme.html", {'x'}}};
  for (std::uint8_t i = 5; i >= 1; --i) members.push_back({folder + "data_batch_" + std::to_string(i) + end, batch({i, 0})});
  return members;
}

TEST(CifarPython, TheNameIsFoundInTheDataFolderInEitherFormPackedOrNot) {
  for (const std::string split : {"test", "train"}) {
    std::vector<std::unique_ptr<Dataset>> all;
    for (const bool for_python : {false, true}) {
      const Members members = cifar10_files(for_python);
      const TempFolder unpacked, packed, nested;
      for (const auto& [name, bytes] : members) unpacked.write(name, bytes), nested.write("cifar10/" + name, bytes);
      const std::string archive_name = for_python ? "cifar-10-python.tar.gz" : "cifar-10-binary.tar.gz";
      const auto file = packed.write(archive_name, archive(Packing::tar_gz, members));
      for (const TempFolder* folder : {&unpacked, &packed, &nested}) {
        all.push_back(open_dataset("cifar10", {.split = split, .data_dir = folder->path()}));
      }
      all.push_back(open_dataset(file.string(), {.split = split}));
      all.push_back(open_dataset(unpacked.path().string(), {.split = split}));
      for (std::size_t i = all.size() - 5; i < all.size(); ++i) EXPECT_EQ(all[i]->sha256(), all.back()->sha256());
    }
    EXPECT_EQ(all.front()->size(), split == "test" ? 2U : 10U);
    EXPECT_EQ(all.front()->at(0).label, split == "test" ? 7 : 1);
    for (const auto& data : all) expect_same_examples(*data, *all.front());
  }
}

TEST(CifarPython, TheDataFolderMayBeThatOfTheBatchesItself) {
  const TempFolder folder;
  folder.write("cifar-10-batches-py/test_batch", pickled(pickled_batch({7})));
  folder.write("cifar-10-batches-bin/test_batch.bin", cifar({7}));
  folder.write("cifar-100-python/test", pickled_cifar100({1}, {42}));
  folder.write("cifar-100-binary/test.bin", cifar100({1}, {42}));
  for (const std::string place : {"cifar-10-batches-py", "cifar-10-batches-bin"}) {
    EXPECT_EQ(open_dataset("cifar10", {.data_dir = folder / place})->at(0).label, 7) << place;
    EXPECT_TRUE(contains(refusal([&] { open_dataset("cifar100", {.data_dir = folder / place}); }), "cifar100: not found"));
  }
  for (const std::string place : {"cifar-100-python", "cifar-100-binary"})
    EXPECT_EQ(open_dataset("cifar100", {.data_dir = folder / place})->at(0).label, 42) << place;
}

TEST(CifarPython, Cifar100HasFineAndCoarseLabelsInEitherForm) {
  const Members binary{{"cifar-100-binary/test.bin", cifar100({19, 4}, {99, 20})}, {"cifar-100-binary/train.bin", cifar100({3}, {55})}};
  for (const PickledBy version : all_picklers) {
    const Members python{{"cifar-100-python/test", pickled_cifar100({19, 4}, {99, 20}, version)},
                         {"cifar-100-python/train", pickled_cifar100({3}, {55}, version)}};
    const TempFolder one, other, packed;
    for (const auto& [name, bytes] : binary) one.write(name, bytes);
    for (const auto& [name, bytes] : python) other.write(name, bytes);
    packed.write("cifar-100-python.tar.gz", archive(Packing::tar_gz, python));
    for (const bool coarse : {false, true}) {
      for (const std::string split : {"test", "train"}) {
        const auto open = [&](const TempFolder& folder) {
          return open_dataset("cifar100", {.split = split, .data_dir = folder.path(), .coarse_labels = coarse});
        };
        const auto data = open(one);
        EXPECT_EQ(data->classes(), coarse ? 20 : 100);
        EXPECT_EQ(data->at(0).label, split == "train" ? (coarse ? 3 : 55) : (coarse ? 19 : 99));
        expect_same_examples(*open(other), *data);
        expect_same_examples(*open(packed), *data);
        const auto file = other / ("cifar-100-python/" + split);
        expect_same_examples(*open_dataset(file.string(), {.coarse_labels = coarse}), *data);
        const auto records = one / ("cifar-100-binary/" + split + ".bin");
        expect_same_examples(*open_dataset(records.string(), {.coarse_labels = coarse}), *data);
      }
    }
  }
}

TEST(CifarPython, CoarseLabelsAreRefusedWhereThereAreNone) {
  const TempFolder folder;
  folder.write("idx/t10k-images-idx3-ubyte", idx({1, 2, 2}, pattern(4)));
  folder.write("idx/t10k-labels-idx1-ubyte", idx({1}, {0}));
  folder.write("images/a/1.png", png(2, 1, 1, {5, 6}));
  folder.write("a.npz", archive(Packing::zip_stored, {}));
  folder.write("py/test_batch", pickled(pickled_batch({3})));
  folder.write("c.tar.gz", archive(Packing::tar_gz, {{"test_batch.bin", cifar({1})}}));
  folder.write("test_batch.bin", cifar({1}));
  for (const char* path : {"idx", "images", "a.npz", "py", "py/test_batch", "c.tar.gz", "test_batch.bin"}) {
    EXPECT_TRUE(contains(refusal([&] { open_dataset((folder / path).string(), {.coarse_labels = true}); }), "has no coarse labels"))
        << path;
  }
}

TEST(CifarPython, BothSetsInOneFolderAreToldApartByNameAlone) {
  const TempFolder folder;
  folder.write("cifar-10-batches-py/test_batch", pickled(pickled_batch({7})));
  folder.write("cifar-100-python/test", pickled_cifar100({4}, {42}));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(folder.path().string(), {}); }), "holds CIFAR-10 and CIFAR-100"));
  EXPECT_EQ(open_dataset("cifar10", {.data_dir = folder.path()})->at(0).label, 7);
  EXPECT_EQ(open_dataset("cifar100", {.data_dir = folder.path()})->at(0).label, 42);
}

TEST(CifarPython, AFileCutShortAnywhereIsRefused) {
  for (const PickledBy version : all_picklers) {
    const Bytes whole = pickled(pickled_batch({3}), version);
    const TempFolder folder;
    ASSERT_EQ(refusal_of(whole), "");
    // At every byte of what frames the pixels.
    for (std::size_t size = 0, step = 1; size < whole.size(); size += step) {
      step = size > 250 && size + 250 < whole.size() ? 61 : 1;
      const auto file = folder.write("test_batch", first_bytes(whole, size));
      EXPECT_TRUE(contains(refusal([&] { open_dataset(file.string(), {}); }), "test_batch: ")) << size;
    }
    EXPECT_TRUE(contains(refusal_of(joined({whole, {'.'}})), "bytes after the end")) << static_cast<int>(version);
  }
}

TEST(CifarPython, OtherOpcodesAreRefusedWithTheirPlace) {
  EXPECT_TRUE(contains(refusal_of(Bytes{0x80, 2, ']', 'i', 'o', 's', '\n', 'x', '\n', '.'}), "opcode 0x69 (i) at byte 3"));
  for (int opcode = 0; opcode < 256; ++opcode) {
    EXPECT_NE(refusal_of(Bytes{0x80, 2, '}', static_cast<std::uint8_t>(opcode), '.'}), "") << opcode;
  }
  for (const std::uint8_t opcode : Bytes{0x81, 0x92, 0x90, 0x91, 0x97, 0x98, 0x8f, 0x82, 0x83, 0x84, 0x8b}) {
    EXPECT_TRUE(contains(refusal_of(Bytes{0x80, 2, '}', opcode, '.'}), "at byte 3 is none that images and labels need")) << int{opcode};
  }
  for (const std::string letter : {"0", "1", "2", "F", "I", "L", "G", "P", "Q", "S", "V", "d", "g", "i", "l", "o", "p"}) {
    EXPECT_TRUE(contains(refusal_of(letters("\x80\x02}" + letter + ".")), "(" + letter + ") at byte 3 is none")) << letter;
  }
  for (const Bytes& start : {Bytes{}, Bytes{0x80}, Bytes{0x80, 1, '.'}, Bytes{0x80, 6, '.'}, letters("(dp0\n.")}) {
    EXPECT_TRUE(contains(refusal_of(start), "does not begin as a pickle of protocol 2 to 5"));
  }
}

TEST(CifarPython, OtherNamesAreRefusedAndNeverCalled) {
  Bytes bytes = pickled(pickled_batch({3}));
  replace(bytes, letters("cnumpy\nndarray\n"), letters("cos\nsystem\n"));
  EXPECT_TRUE(contains(refusal_of(bytes), "(c) at byte "));
  EXPECT_TRUE(contains(refusal_of(bytes), "names os.system; allowed is what NumPy's arrays need"));
  const Bytes called = letters(
      "\x80\x02"
      "cposix\nsystem\nU\x04"
      "trueq\x01\x85q\x02Rq\x03.");
  EXPECT_TRUE(contains(refusal_of(called), "opcode 0x63 (c) at byte 2 names posix.system"));
  const Bytes by_stack = letters("\x80\x04\x8c\x05posix\x8c\x06system\x93.");
  EXPECT_TRUE(contains(refusal_of(by_stack), "opcode 0x93 at byte 17 names posix.system"));
  for (const char* name : {"numpy\nfromfile", "numpy.core.multiarray\nndarray", "numpy\n_reconstruct", "numpy.core\nmultiarray",
                           "Numpy\nndarray", "numpy\nndarray ", "_codecs\ndecode", "\nndarray", "numpy\n"}) {
    EXPECT_TRUE(contains(refusal_of(letters("\x80\x02"
                                            "c" +
                                            std::string(name) + "\n.")),
                         "at byte 2 names"))
        << name;
  }
  EXPECT_TRUE(contains(refusal_of(letters("\x80\x02"
                                          "ca\x1b[2J\rb\nx\n.")),
                       "names a?[2J?b.x;"));
  EXPECT_LT(refusal_of(letters("\x80\x02"
                               "c" +
                               std::string(100'000, 'x') + "\ny\n."))
                .size(),
            400U);
  EXPECT_TRUE(contains(refusal_of(letters("\x80\x02"
                                          "cnumpy")),
                       "a name without an end"));
}

TEST(CifarPython, OtherTypesAndShapesAreRefused) {
  for (const PickledBy version : all_picklers) {
    SCOPED_TRACE(static_cast<int>(version));
    const auto wrong = [&](auto change) {
      PickledBatch batch = pickled_batch({3, 9});
      change(batch);
      return refusal_of(batch, version);
    };
    for (const char* type : {"i1", "u2", "f4", "O8"}) {
      EXPECT_TRUE(contains(wrong([&](PickledBatch& batch) { batch.type = type; }), "data holds other numbers than uint8")) << type;
    }
    EXPECT_TRUE(contains(wrong([](PickledBatch& batch) { batch.rows = 3; }), "data is 3 x 3072, but holds 6144 bytes"));
    EXPECT_TRUE(contains(wrong([](PickledBatch& batch) { batch.columns = 3073; }), "data is 2 x 3073, but holds 6144 bytes"));
    EXPECT_TRUE(
        contains(wrong([](PickledBatch& batch) { batch.rows = 3072, batch.columns = 2; }), "data is 3072 x 2; allowed is images x 3072"));
    EXPECT_TRUE(contains(wrong([](PickledBatch& batch) { batch.rows = 0x7fffffff, batch.columns = 0x7fffffff; }), "but holds 6144 bytes"));
    EXPECT_TRUE(contains(wrong([](PickledBatch& batch) { batch.rows = 0xffffffff; }), "has a shape that is none"));
    EXPECT_TRUE(contains(wrong([](PickledBatch& batch) { batch.rows = 0, batch.bytes = {}, batch.labels = {}; }), "at least 1 image"));
  }
}

TEST(CifarPython, LabelsThatAreNoneAreRefused) {
  for (const PickledBy version : all_picklers) {
    SCOPED_TRACE(static_cast<int>(version));
    const auto with = [&](std::vector<std::int32_t> labels) {
      PickledBatch batch = pickled_batch({3, 9, 5});
      batch.labels = std::move(labels);
      return refusal_of(batch, version);
    };
    EXPECT_TRUE(contains(with({3, 10, 5}), "image 1 has label 10; CIFAR-10 has 0 to 9"));
    EXPECT_TRUE(contains(with({3, 9, -1}), "image 2 has label -1; CIFAR-10 has 0 to 9"));
    EXPECT_TRUE(contains(with({3, 9, 70'000}), "image 2 has label 70000; CIFAR-10 has 0 to 9"));
    EXPECT_TRUE(contains(with({3, 9}), "holds 3 images, but 2 labels"));
    EXPECT_TRUE(contains(with({3, 9, 5, 5}), "holds 3 images, but 4 labels"));
  }
  PickledBatch other = pickled_batch({3});
  other.label_key = "label";
  EXPECT_TRUE(contains(refusal_of(other, PickledBy::python2), "is a pickle without labels"));
  other.label_key = "data";
  EXPECT_TRUE(contains(refusal_of(other, PickledBy::python2), "is a pickle without labels"));
  Bytes text = pickled(pickled_batch({3}));
  replace(text, {']', 'q', 5, '(', 'K', 3, 'e'}, {']', 'q', 5, '(', 'U', 1, '3', 'e'});
  EXPECT_TRUE(contains(refusal_of(text), "labels is no list of whole numbers"));
  Bytes no_list = pickled(pickled_batch({3}));
  replace(no_list, {']', 'q', 5, '(', 'K', 3, 'e'}, {'K', 3, 'q', 5});
  EXPECT_TRUE(contains(refusal_of(no_list), "labels is no list of whole numbers"));
}

TEST(CifarPython, Cifar100sLabelsAreThoseOfItsClasses) {
  const TempFolder folder;
  const auto refusal_of_file = [&](const std::string& name, const Bytes& bytes, bool coarse) {
    const auto file = folder.write(name, bytes);
    return refusal([&] { open_dataset(file.string(), {.coarse_labels = coarse}); });
  };
  for (const char* name : {"test", "test.bin"}) {
    const auto of = [&](const Bytes& coarse, const Bytes& fine) {
      return std::string(name) == "test" ? pickled_cifar100(coarse, fine) : cifar100(coarse, fine);
    };
    EXPECT_TRUE(contains(refusal_of_file(name, of({19}, {100}), false), "label 100; CIFAR-100 has 0 to 99"));
    EXPECT_TRUE(contains(refusal_of_file(name, of({20}, {99}), true), "label 20; CIFAR-100 (coarse) has 0 to 19"));
  }
  EXPECT_TRUE(contains(refusal_of_file("train.bin", cifar({3, 9}), false), "is a multiple of 3074 (two labels and"));
  EXPECT_TRUE(contains(refusal_of_file("test", pickled(pickled_batch({3})), false), "is a pickle without fine_labels"));
  EXPECT_TRUE(contains(refusal_of_file("test_batch", pickled_cifar100({3}, {9}), false), "is a pickle without labels"));
}

TEST(CifarPython, WhatTheMachineCannotDoIsRefused) {
  const std::pair<const char*, const char*> wrong[] = {{"e.", "needs a mark"},
                                                       {"u.", "needs a mark"},
                                                       {"t.", "needs a mark"},
                                                       {"(e.", "more values than there are"},
                                                       {"(K\x01"
                                                        "e.",
                                                        "more values than there are"},
                                                       {"]K\x01(K\x01u.", "adds to what is no dictionary"},
                                                       {"}(K\x01"
                                                        "e.",
                                                        "adds to what is no list"},
                                                       {"}(K\x01u.", "a key without a value"},
                                                       {"a.", "more values than there are"},
                                                       {"](a.", "more values than there are"},
                                                       {"q\x01.", "more values than there are"},
                                                       {"]h\x01.", "asks for value 1, which was not kept"},
                                                       {"]q\x01h\x02.", "asks for value 2, which was not kept"},
                                                       {"]]R.", "calls what is no name"},
                                                       {"cnumpy\ndtype\n]R.", "has no tuple of arguments"},
                                                       {"]]b.", "gives a state to what takes none"},
                                                       {"cnumpy\ndtype\n)R]b]b.", "gives a state to what takes none"},
                                                       {"]]\x93.", "has no text for a name"},
                                                       {".", "ends with more or less than one value"},
                                                       {"]].", "ends with more or less than one value"},
                                                       {"](.", "ends with more or less than one value"},
                                                       {"].", "is a pickle, but not of a dictionary"},
                                                       {"}.", "is a pickle without labels"},
                                                       {"]\x8a\x09"
                                                        "123456789.",
                                                        "a number of more than 64 bits"},
                                                       {"}(U\x06labels]U\x04"
                                                        "data]u.",
                                                        "data is no NumPy array"},
                                                       {"}(U\x06labels]U\x04"
                                                        "data]U\x04"
                                                        "data]u.",
                                                        "holds data twice"},
                                                       {"}(U\x06labels]U\x04"
                                                        "datacnumpy\ndtype\n)Ru.",
                                                        "data is no NumPy array"}};
  for (const auto& [body, words] : wrong) {
    EXPECT_TRUE(contains(refusal_of(joined({{0x80, 2}, letters(body)})), words)) << body;
  }
}

// Lists that hold themselves are no endless way.
TEST(CifarPython, CirclesEnd) {
  EXPECT_TRUE(contains(refusal_of(letters("\x80\x02]q\x01(h\x01h\x01"
                                          "e.")),
                       "not of a dictionary"));
  EXPECT_TRUE(contains(refusal_of(letters("\x80\x02}q\x01(U\x06labelsh\x01U\x04"
                                          "datah\x01u.")),
                       "labels is no list"));
}

TEST(CifarPython, BombsAreRefusedWithinBounds) {
  const TempFolder folder;
  const auto bounded = [&](const Bytes& bytes, const std::string& words) {
    const auto file = folder.write("test_batch", bytes);
    return ballast::testing::is_refused_within_bounds([&] { open_dataset(file.string(), {}); }, words);
  };
  const auto repeated = [](const Bytes& start, const Bytes& piece, std::size_t count) {
    Bytes all = joined({{0x80, 4}, start});
    for (std::size_t i = 0; i < count; ++i) all.insert(all.end(), piece.begin(), piece.end());
    return all;
  };
  // Each list holds the one before it ten times.
  Bytes laughs = {0x80, 2, ']', 'q', 0};
  for (std::uint8_t level = 1; level < 100; ++level) {
    const std::uint8_t before = static_cast<std::uint8_t>(level - 1);
    laughs = joined({laughs, {']', 'q', level, '(', 'h', before, 'h', before, 'h', before, 'h', before, 'h', before, 'h', before, 'e'}});
  }
  EXPECT_TRUE(bounded(joined({laughs, {'t', '.'}}), "needs a mark"));
  constexpr std::size_t million = 1'000'000;
  for (const Bytes& piece : {Bytes{']'}, Bytes{'('}, Bytes{'N', 0x85}, Bytes{'N', 0x94}, Bytes{')', 0x94}, Bytes{'C', 0}}) {
    EXPECT_TRUE(bounded(repeated({}, piece, 4 * million), "is one more than the 1048576 that are allowed")) << int{piece[0]};
  }
  // One tuple of many values, called again and again; one list, kept again and again.
  Bytes wide = repeated({'('}, {'N'}, 500'000);
  wide = joined({wide, {'t', 0x94}, letters("cnumpy\ndtype\n"), {0x94}});
  for (int i = 0; i < 100'000; ++i) wide.insert(wide.end(), {'h', 1, 'h', 0, 'R'});
  EXPECT_TRUE(bounded(wide, "is cut short"));
  Bytes keys = {0x80, 2, ']'};
  for (std::uint32_t i = 0; i < 2 * million; ++i) {
    const Bytes key = little_endian(0xffffffff - i, 4);
    keys.push_back('r'), keys.insert(keys.end(), key.begin(), key.end());
  }
  EXPECT_TRUE(bounded(keys, "is one more than the 1048576 that are allowed"));
}

TEST(CifarPython, LengthsBeyondTheFileAreRefusedWithinBounds) {
  const TempFolder folder;
  for (const std::uint8_t opcode : Bytes{'T', 'X', 'B', 0x8d, 0x8e, 0x96}) {
    for (const std::uint64_t length :
         {std::uint64_t{0x7fffffff}, std::uint64_t{0x80000000}, std::uint64_t{0xffffffff}, ~std::uint64_t{0}}) {
      const Bytes bytes = joined({{0x80, 5, opcode}, little_endian(length, opcode < 0x80 ? 4 : 8), Bytes(100)});
      const auto file = folder.write("test_batch", bytes);
      EXPECT_TRUE(ballast::testing::is_refused_within_bounds([&] { open_dataset(file.string(), {}); }, "is cut short"));
    }
  }
  EXPECT_TRUE(contains(refusal_of(joined({{0x80, 4, 0x95}, little_endian(~std::uint64_t{0}, 8), {'}', '.'}})), "begins a frame longer"));
  const auto archive_file = folder.write("c.tar.gz", archive(Packing::tar_gz, {{"test_batch", Bytes{0x80, 5, 0x96, 0xff}}}));
  EXPECT_TRUE(contains(refusal([&] { open_dataset(archive_file.string(), {}); }), "c.tar.gz (test_batch): is cut short"));
}

}  // namespace
}  // namespace ballast::data::cifar_python_test
