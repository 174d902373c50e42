// SPDX-License-Identifier: Apache-2.0
//
// The ATen engine as a classifier: slower than oneDNN on a processor, and the
// one that has gradients.

#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "../prepared.hpp"
#include "../scoring_session.hpp"
#include "../single_thread.hpp"
#include "ballast/core/errors.hpp"
#include "network.hpp"

namespace ballast::model {
namespace {

constexpr int default_micro_batch = 32;

// What ATen dispatches on.
std::string widest_instructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return "avx512";
  if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
  return "baseline";
}

class AtenSession : public ScoringSession {
 public:
  AtenSession(const Prepared& model, int micro_batch)
      : ScoringSession(micro_batch, model.classes),
        network_(model.graph),
        layout_(row_major_input(model)),
        images_(model.shape.size() * static_cast<std::size_t>(micro_batch)),
        dims_(model.graph.dims(model.graph.input)) {
    layout_.data = images_.data();
    dims_[0] = micro_batch;
  }

  InputBuffer input() override { return layout_; }

  std::span<const float> scores(int count) override {
    const SingleThread single;
    const c10::NoGradGuard no_gradients;
    scores_ = network_.forward(at::from_blob(images_.data(), at::IntArrayRef(dims_), at::TensorOptions(at::kFloat))).contiguous();
    return first_scores(scores_.data_ptr<float>(), count);
  }

 private:
  Network network_;
  InputBuffer layout_;
  std::vector<float> images_;
  std::vector<std::int64_t> dims_;
  at::Tensor scores_;
};

class AtenClassifier : public Classifier {
 public:
  AtenClassifier(Prepared model, int micro_batch) : model_(std::move(model)), micro_batch_(micro_batch) {
    try {
      AtenSession(model_, micro_batch_).scores(1);  // what cannot be run is refused here, not in a worker
    } catch (const c10::Error& error) {
      throw InputError(fmt::format("the ATen engine cannot run this network: {}", error.what_without_backtrace()));
    }
  }

  ImageShape image_shape() const override { return model_.shape; }
  int classes() const override { return model_.classes; }
  std::vector<ChannelAffine> affine() const override { return model_.affine; }
  std::unique_ptr<Session> new_session() const override { return std::make_unique<AtenSession>(model_, micro_batch_); }
  std::string engine() const override { return "aten " TORCH_VERSION; }
  std::string precision() const override { return "fp32"; }
  std::string instruction_set() const override { return widest_instructions(); }

 private:
  Prepared model_;
  int micro_batch_;
};

}  // namespace

bool has_aten() { return true; }

std::unique_ptr<Classifier> aten_classifier(Prepared model, Precision precision, int micro_batch) {
  require(precision != Precision::bf16, "precision bf16: the ATen engine runs in fp32; use --engine onednn");
  require(micro_batch >= 0 && micro_batch <= 4096,
          fmt::format("micro-batch = {}: 1 to 4096 are allowed, or 0 for the engine's choice", micro_batch));
  return std::make_unique<AtenClassifier>(std::move(model), micro_batch == 0 ? default_micro_batch : micro_batch);
}

}  // namespace ballast::model
