// SPDX-License-Identifier: Apache-2.0

#include "ballast/model/callback_classifier.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"

namespace ballast::model {
namespace {

class CallbackSession : public Session {
 public:
  CallbackSession(const LabelFunction& function, const ImageShape& shape, int classes, int micro_batch)
      : function_(function),
        shape_(shape),
        classes_(classes),
        images_(shape.size() * static_cast<std::size_t>(micro_batch)),
        micro_batch_(micro_batch) {}

  int micro_batch() const override { return micro_batch_; }

  InputBuffer input() override {
    const std::size_t positions = shape_.size() / static_cast<std::size_t>(shape_.channels);
    return {images_.data(), ElementType::f32, shape_, shape_.size(), positions, 1};
  }

  void classify(std::span<Label> labels) override {
    function_(std::span(images_).first(labels.size() * shape_.size()), labels);
    for (const Label label : labels) {
      require(label >= 0 && label <= classes_, fmt::format("the classifier returned label {}; 0 to {} are allowed", label, classes_ - 1));
    }
  }

  std::span<const float> scores(int) override { throw InputError("this classifier gives labels, no scores"); }

 private:
  const LabelFunction& function_;
  ImageShape shape_;
  int classes_;
  std::vector<float> images_;
  int micro_batch_;
};

class CallbackClassifier : public Classifier {
 public:
  CallbackClassifier(LabelFunction function, ImageShape shape, int classes, int micro_batch)
      : function_(std::move(function)), shape_(shape), classes_(classes), micro_batch_(micro_batch) {
    require(shape.channels > 0 && shape.height > 0 && shape.width > 0,
            fmt::format("image shape {}: sizes must be above 0", to_string(shape)));
    require(classes >= 2, fmt::format("classes = {}: a classifier has at least 2", classes));
    require(micro_batch >= 1, fmt::format("micro_batch = {}: must be at least 1", micro_batch));
  }

  ImageShape image_shape() const override { return shape_; }
  int classes() const override { return classes_; }
  std::vector<ChannelAffine> affine() const override { return std::vector<ChannelAffine>(static_cast<std::size_t>(shape_.channels)); }
  std::unique_ptr<Session> new_session() const override {
    return std::make_unique<CallbackSession>(function_, shape_, classes_, micro_batch_);
  }
  std::string engine() const override { return "callback"; }
  std::string precision() const override { return "fp32"; }
  std::string instruction_set() const override { return "unknown"; }

 private:
  LabelFunction function_;
  ImageShape shape_;
  int classes_;
  int micro_batch_;
};

}  // namespace

std::unique_ptr<Classifier> classifier_from(LabelFunction function, ImageShape shape, int classes, int micro_batch) {
  return std::make_unique<CallbackClassifier>(std::move(function), shape, classes, micro_batch);
}

}  // namespace ballast::model
