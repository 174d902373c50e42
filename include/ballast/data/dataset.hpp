// SPDX-License-Identifier: Apache-2.0
//
// A set of labelled images in a fixed order.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ballast/core/image.hpp"

namespace ballast::data {

struct Example {
  Image image;
  Label label = 0;
};

// How images in files of their own are made to fit, asked for or not: in the words of the options; "" and 0 where they are taken as they
// are.
struct Fitting {
  std::string resize;  // "256" (bilinear), "224x224 bicubic"
  int crop = 0;
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  // The number of examples, at least 1.
  virtual std::size_t size() const = 0;

  // The example at a position, the same at every call, with a label from 0 to classes() - 1. May read a file. Any number
  // of threads may call it at once. Throws InputError if index >= size(), or naming the file that cannot be used.
  virtual Example at(std::size_t index) const = 0;

  // Of the example at a position; does not read its image where it need not.
  virtual Label label(std::size_t index) const { return at(index).label; }

  // The number of classes known to the data: the format's own number, or the largest label + 1.
  virtual int classes() const = 0;

  // Names of the classes in the order of labels; empty where they are not known.
  virtual std::vector<std::string> class_names() const { return {}; }

  // Whether labels are no more than the order of these names, as in a folder with a subfolder a class: which class of a model each
  // is must then be told by its name (class_match.hpp).
  virtual bool labelled_by_name() const { return false; }

  // Whether the images hold bytes.
  virtual bool is_8bit() const = 0;

  virtual Fitting fitting() const { return {}; }

  // Whether 3 channels are given of images in files of their own that all hold nothing but grey. May read every file.
  virtual bool repeats_gray() const { return false; }

  // The shape of every image, when known without decoding them.
  virtual std::optional<ImageShape> shape() const = 0;

  // The SHA-256 of what was read, in hexadecimal. Of one file: of its contents, as `sha256sum` prints it. Of several: of
  // the lines that `sha256sum` prints for them, in a fixed order. Compressed files count as what they hold, so a packed
  // and an unpacked data set are the same data; file formats that are themselves archives (.npz) count as they are.
  virtual std::string sha256() const = 0;
};

}  // namespace ballast::data
