// SPDX-License-Identifier: Apache-2.0
//
// Data sets. Where a set has several forms, the input's first byte says which file of which form the rest is.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ballast/data/image_file.hpp"
#include "folder.hpp"
#include "readers.hpp"

namespace ballast::fuzz {

namespace {

using std::string_literals::operator""s;

// One file of a data set, and what lies beside it.
struct Form {
  std::string file;  // whose bytes the input is
  std::string open;  // what is opened; empty: the folder
  std::map<std::string, std::string> others = {};
  std::string labels = {}, synsets = {};  // files of labels and of WordNet ids; empty: none
};

class Forms {
 public:
  Forms(const std::string& name, std::vector<Form> forms) : forms_(std::move(forms)) {
    for (std::size_t i = 0; i < forms_.size(); ++i) {
      folders_.push_back(std::make_unique<Folder>(name + std::to_string(i)));
      for (const auto& [file, bytes] : forms_[i].others) folders_[i]->write(file, bytes);
    }
  }

  void read(Bytes input) const {
    if (input.empty()) return;
    const std::size_t which = input[0] % forms_.size();
    const Form& form = forms_[which];
    const Folder& folder = *folders_[which];
    folder.write(form.file, input.subspan(1));
    data::OpenOptions options;
    if (!form.labels.empty()) options.labels = folder / form.labels;
    if (!form.synsets.empty()) options.synsets = folder / form.synsets, options.label_order = data::LabelOrder::ilsvrc;
    is_dataset_read(folder / form.open, options);
  }

 private:
  std::vector<Form> forms_;
  std::vector<std::unique_ptr<Folder>> folders_;
};

// What goes with them: two grey pixels each, three labels.
const std::string idx_images = "\0\0\10\3\0\0\0\3\0\0\0\1\0\0\0\2abcdef"s, idx_labels = "\0\0\10\1\0\0\0\3\7\0\2"s;

std::string npy(const std::string& type, const std::string& shape, const std::string& values) {
  const std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return "\x93NUMPY\1\0"s + static_cast<char>(header.size()) + '\0' + header + values;
}

const std::string ppm = "P6 1 1 255\nabc";

}  // namespace

bool is_dataset_read(const std::filesystem::path& path, const data::OpenOptions& options) {
  return is_read([&] {
    const auto set = data::open_dataset(path.string(), options);
    for (std::size_t i = 0; i < set->size(); ++i) set->at(i);
    set->sha256();
  });
}

void read_idx(Bytes input) {
  const std::string images = "t10k-images-idx3-ubyte", labels = "t10k-labels-idx1-ubyte";
  static const Forms forms("idx", {{images, "", {{labels, idx_labels}}},
                                   {labels, "", {{images, idx_images}}},
                                   {images + ".gz", "", {{labels, idx_labels}}},
                                   {labels + ".gz", "", {{images, idx_images}}}});
  forms.read(input);
}

void read_cifar(Bytes input) {
  static const Forms forms(
      "cifar",
      {{"some.bin", "some.bin"}, {"test.bin", "test.bin"}, {"test_batch", "test_batch"}, {"test", "test"}, {"c.tar.gz", "c.tar.gz"}});
  forms.read(input);
}

void read_npy(Bytes input) {
  const std::string images = npy("|u1", "(2, 1, 1, 2)", "abcd"), labels = npy("|u1", "(2,)", "\1\2");
  static const Forms forms(
      "npy", {{"a.npy", "a.npy", {{"a_labels.npy", labels}}}, {"a_labels.npy", "a.npy", {{"a.npy", images}}}, {"a.npz", "a.npz"}});
  forms.read(input);
}

void read_mat(Bytes input) {
  static const Folder folder("mat");
  is_dataset_read(folder.write("a.mat", input), {});
}

// Pixels as they are stored, in grey, and turned.
void read_image(Bytes input) {
  static const Folder folder("image");
  const std::filesystem::path file = folder.write("1.png", input);
  is_read([&] {
    constexpr std::size_t small = 1 << 18;
    const data::ImageKind kind = data::read_image_kind(file);
    if (kind.shape.size() > small) return;  // allowed, and slow
    const Image image = data::read_image_file(file);
    if (image.shape != kind.shape || image.is_8bit() != kind.is_8bit) throw std::logic_error("the image is not what its header says");
    data::is_gray_file(file);
    data::read_image_file(file, {.gray = true, .exif = true});
  });
}

void read_labels(Bytes input) {
  const std::map<std::string, std::string> images{{"1.ppm", ppm}, {"2.ppm", ppm}};
  const auto with = [](std::map<std::string, std::string> files, const std::string& name, const std::string& text) {
    files.emplace(name, text);
    return files;
  };
  const std::string table = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n";
  static const Forms forms("labels",
                           {{"labels.tsv", "", images},
                            {"labels", "", images, "labels"},
                            {"labels", "", with(images, "synsets", "n00000007 1 fox\nn00000003 2 ant\n"), "labels", "synsets"},
                            {"synsets", "", with(images, "labels", "2\n1\n"), "labels", "synsets"},
                            {"00007/GT-00007.csv", "", {{"00007/1.ppm", ppm}}},
                            {"GT-final_test.csv", "", {{"00000.ppm", ppm}}},
                            {"wnids.txt", "", {{"val/images/v.JPEG", ppm}, {"val/val_annotations.txt", "v.JPEG\tn3\t0\t0\t1\t1\n"}}},
                            {"val/val_annotations.txt", "", {{"val/images/v.JPEG", ppm}, {"wnids.txt", "n7\nn3\n"}}}});
  forms.read(input);
}

}  // namespace ballast::fuzz
