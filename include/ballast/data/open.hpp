// SPDX-License-Identifier: Apache-2.0
//
// Opens a data set by its name or path.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ballast/data/dataset.hpp"
#include "ballast/data/image_file.hpp"

namespace ballast::data {

// What numbers in a file of labels mean.
enum class LabelOrder {
  sorted,  // labels from 0 on, of classes sorted by name (of ImageNet by WordNet id)
  ilsvrc   // from 1 on, the numbers of ILSVRC2012_validation_ground_truth.txt, whose classes OpenOptions::synsets lists
};

struct OpenOptions {
  std::string split = "test";           // test or train
  std::filesystem::path data_dir = {};  // where names are looked up; empty: $BALLAST_DATA

  // CIFAR-100 only: its 20 coarse labels in place of the 100 fine ones.
  bool coarse_labels = false;

  // Folders of images only: a file of their labels, by which the whole folder is used, whatever the split. It is a table (tabs, `;`, `,` or
  // white space; with a header that names the columns, as file and label, filename and class, or without) of images and classes, in whose
  // order indices count; or a list of classes alone, one a line, for the images sorted by path. Classes are all numbers from 0 on, or all
  // names.
  std::filesystem::path labels = {};
  std::optional<LabelOrder> label_order = {};  // needed where the file is a list of numbers alone
  std::filesystem::path synsets = {};          // a list of all WordNet ids, one a line, anything behind them
  std::vector<std::string> class_names = {};   // all classes in the order of their labels; empty: the names that occur, sorted bytewise

  // Images in files of their own only.
  bool gray = false;                // one channel: grey images as they are, and colours by ITU-R 601-2 as Pillow's convert("L") has them
  bool exif = false;                // turned as the camera's metadata say
  std::optional<Label> label = {};  // of a single image

  // Images in files of their own only: what they are resized to, and the side of the square then cut from the middle; 0 leaves
  // that step out. `resize` unset is a shorter side of 256 for `imagenet` and for folders whose images differ in size; a folder whose
  // images all have one size (by the files' headers) is used as it is. `crop` unset is 224, or the shorter side where that is smaller, or
  // 0 where nothing is resized or both sides are given.
  std::optional<Resizing> resize = {};
  std::optional<int> crop = {};
};

// Whether it is an image by its name, and no folder. Throws InputError for one of a format that is not read.
bool is_image_file(const std::filesystem::path& path);

// The data set of that name or at that path.
//
// Names: `fashion-mnist`, `mnist`, `cifar10`, `cifar100`, `svhn`, `imagenet`, each the folder of that name in data_dir; `fashion-mnist`
// also where Debian's package dataset-fashion-mnist puts it; `cifar10` and `cifar100` also unpacked or packed in data_dir itself, as
// torchvision downloads them (cifar-10-batches-py/, cifar-10-batches-bin/, cifar-10-python.tar.gz, ...). Write ./mnist for a folder that
// happens to have such a name.
//
// Paths:
// - a folder with IDX files as MNIST has them (t10k-images-idx3-ubyte or train-images-idx3-ubyte, and labels-idx1; .gz or not),
//   or one such images file, its labels beside it;
// - a file of CIFAR-10 or CIFAR-100, binary or as Python pickled it, an official archive (.tar.gz), or a folder of such files, of the
//   official subfolders or of the archives. One file is CIFAR-100's if it is named train, test, train.bin or test.bin, and CIFAR-10's if it
//   is another .bin, or data_batch_1 to data_batch_5 or test_batch. All forms of a set give the same examples; their digests differ;
// - a MATLAB file of version 5 (.mat) as SVHN has them, with `X` (height x width x 3 x images, uint8) and `y` (1 to 10, where
//   10 is the digit 0), or a folder with train_32x32.mat and test_32x32.mat;
// - an .npz file with images (N,C,H,W), (N,H,W,C) or (N,H,W), 1 or 3 channels, uint8 or float in [0, 1], and integer labels (N) or (N,1),
//   under one of the pairs of names images and labels, x_test and y_test (or X_test), X and y, x and y, test_images and test_labels, data
//   and labels, arr_0 and arr_1, with train for test by the split;
// - an .npy file of such images, the labels of NAME.npy in NAME_labels.npy, or those of A_X_B.npy in A_y_B.npy;
// - Tiny ImageNet as it is unpacked (tiny-imagenet-200, with wnids.txt; val/ for the split test), labels by sorted WordNet id;
// - GTSRB as it is unpacked, told by its csv files (GT-00000.csv ..., GT-final_test.csv); its regions of interest are not cut out;
// - a folder of images (see image_file.hpp): one subfolder a class, labelled 0, 1, ... by name, or a table labels.tsv: lines
//   `file<TAB>label`, or a header line with a column `file` and a column `label` or `class`. The files lie in the
//   folder or in its subfolder jpeg/; listed files that are absent are left out, but their labels count as classes.
//   The split's subfolder (test/ or val/, train/) is used if there is one;
// - any folder of images with a file of their labels (`labels` of the options);
// - one image, with its `label`.
// Single files, and folders of images without such subfolders, are used whole for either split.
//
// Throws InputError, naming the file, if there is no such data or it cannot be used, or an option does not go with it.
std::unique_ptr<Dataset> open_dataset(const std::string& name_or_path, const OpenOptions& options);

}  // namespace ballast::data
