// SPDX-License-Identifier: Apache-2.0
//
// Models and data that cannot be used: exit status 2, one line, nothing written.

#include "cli/certify_runs.hpp"
#include "data/sample_jpegs.hpp"

namespace ballast::cli::testing::bad_input_test {
namespace {

class BadInput : public ::testing::Test {
 protected:
  // Every command that reads a model and data refuses with one line that holds these words.
  void refused_by_all(const std::string& words) {
    EXPECT_TRUE(refused(at.folder, at.certify(at.log), words)) << "certify";
    EXPECT_TRUE(refused(at.folder, {"predict", at.model, at.images, at.log, "--sigma", "0.25", "--quiet"}, words)) << "predict";
    EXPECT_TRUE(refused(at.folder, {"evaluate", at.model, at.images, "--logits", at.folder / "logits.npy", "--quiet"}, words))
        << "evaluate";
  }
  void model_refused_by_all(const std::string& words) {
    refused_by_all(words);
    EXPECT_TRUE(refused(at.folder, {"inspect", at.model}, words)) << "inspect";
    EXPECT_TRUE(refused(at.folder, {"bench", at.model, "--seconds", "0.1"}, words)) << "bench";
  }

  Fixture at;
};

TEST_F(BadInput, MissingModel) {
  std::filesystem::remove(at.model);
  model_refused_by_all("model.onnx: no such model file");
}

TEST_F(BadInput, FolderAsModel) {
  std::filesystem::remove(at.model);
  std::filesystem::create_directory(at.model);
  model_refused_by_all("model.onnx: a folder in which neither model.onnx nor onnx/model.onnx lies");
}

TEST_F(BadInput, EmptyModel) {
  write_file(at.model, "");
  model_refused_by_all("model.onnx: the file is empty");
}

TEST_F(BadInput, ModelThatIsNotOnnx) {
  write_file(at.model, "{\"layers\": [1, 2, 3]}\n");
  model_refused_by_all("model.onnx: not an ONNX model");
  write_file(at.model, std::string(5000, '\xff'));
  model_refused_by_all("model.onnx: not an ONNX model");
}

TEST_F(BadInput, TruncatedModel) {
  const std::string whole = band_model();
  for (std::size_t length = 1; length < whole.size(); length += length + 20 < whole.size() ? 13 : 1) {
    write_file(at.model, whole.substr(0, length));
    EXPECT_TRUE(refused(at.folder, at.certify(at.log), "model.onnx: ")) << "cut to " << length << " of " << whole.size() << " bytes";
  }
}

TEST_F(BadInput, UnsupportedOperation) {
  ModelWriter writer({1, 8, 8});
  writer.add("Det");
  write_file(at.model, writer.bytes(3));
  model_refused_by_all("Det");
  EXPECT_NE(run({"inspect", at.model}).err.find("node_1"), std::string::npos);
}

TEST_F(BadInput, ModelForOtherImages) {
  for (const Dims& image : {Dims{3, 8, 8}, Dims{1, 8, 9}, Dims{1, 28, 28}}) {
    write_file(at.model, convolution_model(image, 3));
    refused_by_all("1x8x8");
  }
}

TEST_F(BadInput, LabelOutsideTheClasses) {
  SampleImages images = sample_images();
  images.labels[17] = 3;
  write_file(at.folder / "t10k-labels-idx1-ubyte", idx_labels(images));
  refused_by_all("labels up to 3");
}

TEST_F(BadInput, TruncatedIdx) {
  const std::string whole = contents_of(at.images);
  for (const std::size_t length : {std::size_t{0}, std::size_t{3}, std::size_t{15}, std::size_t{16}, whole.size() / 2, whole.size() - 1}) {
    write_file(at.images, whole.substr(0, length));
    refused_by_all("t10k-images-idx3-ubyte: ");
  }
}

TEST_F(BadInput, IdxWithBytesTooMany) {
  write_file(at.images, contents_of(at.images) + "x");
  refused_by_all("t10k-images-idx3-ubyte: ");
}

TEST_F(BadInput, TruncatedLabels) {
  const std::string labels = at.folder / "t10k-labels-idx1-ubyte", whole = contents_of(labels);
  for (const std::size_t length : {std::size_t{0}, std::size_t{7}, whole.size() - 1}) {
    write_file(labels, whole.substr(0, length));
    refused_by_all("t10k-labels-idx1-ubyte: ");
  }
  std::filesystem::remove(labels);
  refused_by_all("labels");
}

TEST_F(BadInput, CutGzip) {
  at.images = at.folder / "packed/t10k-images-idx3-ubyte.gz";
  write_file(at.images, "\x1f\x8b\x08");
  write_file(at.folder / "packed/t10k-labels-idx1-ubyte", idx_labels(sample_images()));
  refused_by_all("t10k-images-idx3-ubyte.gz: ");
}

TEST_F(BadInput, TruncatedCifar) {
  write_file(at.model, convolution_model({3, 32, 32}, 10));
  at.images = at.folder / "test_batch.bin";
  write_file(at.images, cifar(5));
  EXPECT_TRUE(succeeded(run({"evaluate", at.model, at.images, "--quiet"})));
  for (const std::size_t length : {0, 1, 3072, 5 * 3073 - 1}) {
    write_file(at.images, cifar(5).substr(0, length));
    refused_by_all("test_batch.bin: ");
  }
  std::string labelled_ten = cifar(5);
  labelled_ten[3073] = 10;
  write_file(at.images, labelled_ten);
  refused_by_all("test_batch.bin: image 1 has label 10");
}

// The third of three images; the first two could be certified.
TEST_F(BadInput, TruncatedJpeg) {
  const std::string whole(data::testing::cmyk_jpeg.begin(), data::testing::cmyk_jpeg.end());
  at.images = at.folder / "photographs";
  write_file(at.model, convolution_model({3, 8, 8}, 3));
  for (const char* name : {"a/1.jpg", "b/2.jpg", "c/3.jpg"}) write_file(at.images + "/" + name, whole);
  EXPECT_TRUE(succeeded(run({"evaluate", at.model, at.images, "--quiet"})));
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{90}, whole.size() / 2, whole.size() - 20, whole.size() - 8, whole.size() - 2}) {
    write_file(at.images + "/c/3.jpg", whole.substr(0, length));
    SCOPED_TRACE("cut to " + std::to_string(length) + " of " + std::to_string(whole.size()) + " bytes");
    refused_by_all("c/3.jpg: ");
  }
  write_file(at.images + "/c/3.jpg", "no image at all");
  refused_by_all("c/3.jpg: ");
}

TEST_F(BadInput, UnknownData) {
  at.images = "fashion-mnits";
  refused_by_all("fashion-mnits: no such data; allowed are");
  at.images = at.folder / "empty";
  std::filesystem::create_directory(at.images);
  refused_by_all("empty");
  at.images = at.model;
  refused_by_all("model.onnx: not a data set");
}

TEST_F(BadInput, NamedDataThatIsNotThere) {
  EXPECT_TRUE(refused(at.folder, {"certify", at.model, "cifar10", at.log, "--sigma", "0.25", "--data-dir", at.folder.path()}, "cifar10"));
}

}  // namespace
}  // namespace ballast::cli::testing::bad_input_test
