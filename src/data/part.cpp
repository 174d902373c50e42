// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/part.hpp"

#include <fmt/format.h>

#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"

namespace ballast::data {
namespace {

class Part final : public Dataset {
 public:
  Part(std::unique_ptr<Dataset> whole, std::size_t images) : whole_(std::move(whole)), images_(images) {}

  std::size_t size() const override { return images_; }
  Example at(std::size_t index) const override { return whole_->at(place(index)); }
  Label label(std::size_t index) const override { return whole_->label(place(index)); }
  int classes() const override { return whole_->classes(); }
  std::vector<std::string> class_names() const override { return whole_->class_names(); }
  bool labelled_by_name() const override { return whole_->labelled_by_name(); }
  bool is_8bit() const override { return whole_->is_8bit(); }
  Fitting fitting() const override { return whole_->fitting(); }
  bool repeats_gray() const override { return whole_->repeats_gray(); }
  std::optional<ImageShape> shape() const override { return whole_->shape(); }
  std::string sha256() const override {
    Sha256 hash;
    hash.add(fmt::format("{} of {}", images_, whole_->sha256()));
    return to_hex(hash.finish());
  }

 private:
  std::size_t place(std::size_t index) const {
    require(index < images_, fmt::format("image {} is not one of {}", index, images_));
    return index * whole_->size() / images_;
  }

  std::unique_ptr<Dataset> whole_;
  std::size_t images_;
};

}  // namespace

std::unique_ptr<Dataset> part_of(std::unique_ptr<Dataset> dataset, std::size_t images) {
  require(images >= 1, "at least one image is needed");
  if (images >= dataset->size()) return dataset;
  return std::make_unique<Part>(std::move(dataset), images);
}

}  // namespace ballast::data
