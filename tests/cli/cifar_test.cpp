// SPDX-License-Identifier: Apache-2.0
//
// CIFAR as torchvision downloads it, named on the command line.

#include <gtest/gtest.h>

#include <string>

#include "certify_runs.hpp"

namespace ballast::cli::testing::cifar_test {
namespace {

std::string number_of_4_bytes(std::size_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

// A file of less than 256 images as Python 2 pickles it, with lists of these names, of images labelled 0, 1, ... as cifar() has them.
std::string pickled(std::size_t images, const std::vector<std::string>& lists) {
  using namespace std::string_literals;
  std::string pixels, text = "\x80\x02}(";
  for (std::size_t i = 0; i < images; ++i) pixels += cifar(images).substr(i * 3073 + 1, 3072);
  for (const std::string& list : lists) {
    text += "U"s + static_cast<char>(list.size()) + list + "](";
    for (std::size_t i = 0; i < images; ++i) text += "K"s + static_cast<char>(i % 10);
    text += "e";
  }
  text +=
      "U\x04"
      "datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01"
      "b\x87R(K\x01K"s +
      static_cast<char>(images);
  text +=
      "M\0\x0c\x86"
      "cnumpy\ndtype\nU\x02u1K\0K\x01\x87R\x89T"s +
      number_of_4_bytes(pixels.size()) + pixels;
  return text + "tbu.";
}

struct CifarRuns : ::testing::Test {
  Folder folder;
  std::string model = folder / "model.onnx";

  CifarRuns() { write_file(model, convolution_model({3, 32, 32}, 100)); }

  Arguments certify(const std::string& data, const std::string& log, const Arguments& more = {}) const {
    Arguments arguments{"certify", model, data, log, "--sigma", "0.25", "--n", "500", "--seed", "7", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(CifarRuns, CertifyFindsTheFolderForPythonAndGivesTheRowsOfTheBinaryFile) {
  write_file(folder / "data/cifar-10-batches-py/test_batch", pickled(4, {"labels"}));
  write_file(folder / "test_batch.bin", cifar(4));
  EXPECT_TRUE(succeeded(run(certify("cifar10", folder / "python.tsv", {"--data-dir", folder / "data"}))));
  EXPECT_TRUE(succeeded(run(certify(folder / "test_batch.bin", folder / "binary.tsv"))));
  EXPECT_EQ(rows_of(folder / "python.tsv"), rows_of(folder / "binary.tsv"));
  EXPECT_EQ(rows_of(folder / "python.tsv").size(), 5U);
}

TEST_F(CifarRuns, CoarseLabelsAreInTheManifestAndOfOneSetAlone) {
  write_file(folder / "cifar-100-python/test", pickled(3, {"fine_labels", "coarse_labels"}));
  const Arguments where{"--data-dir", folder.path()}, coarse{"--data-dir", folder.path(), "--coarse-labels"};
  EXPECT_TRUE(succeeded(run(certify("cifar100", folder / "coarse.tsv", coarse))));
  EXPECT_NE(contents_of(folder / "coarse.tsv.json").find("\"labels\": \"coarse\""), std::string::npos);
  EXPECT_TRUE(succeeded(run(certify("cifar100", folder / "fine.tsv", where))));
  EXPECT_EQ(contents_of(folder / "fine.tsv.json").find("\"labels\""), std::string::npos);
  EXPECT_TRUE(refused(folder, certify("cifar100", folder / "coarse.tsv", where), "labels"));
  EXPECT_TRUE(refused(folder, {"summary", folder / "fine.tsv", folder / "coarse.tsv", "--paired"}, "different labels"));
  for (const bool is_coarse : {true, false}) {
    Arguments audit{"audit", folder / "coarse.tsv", "--model", model, "--data", "cifar100", "--quiet"};
    const Arguments& these = is_coarse ? coarse : where;
    audit.insert(audit.end(), these.begin(), these.end());
    const Outcome audited = run(audit);
    EXPECT_EQ(audited.status, is_coarse ? 0 : 1) << audited.out;
    EXPECT_EQ(audited.out.find("labels is \"coarse\" there") != std::string::npos, !is_coarse) << audited.out;
  }
  write_file(folder / "test_batch.bin", cifar(4));
  EXPECT_TRUE(refused(folder, certify(folder / "test_batch.bin", folder / "none.tsv", {"--coarse-labels"}), "has no coarse labels"));
}

}  // namespace
}  // namespace ballast::cli::testing::cifar_test
