// SPDX-License-Identifier: Apache-2.0

#include "model.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"

namespace ballast::python {

struct Model::Compiled {
  Compiled(std::unique_ptr<model::Classifier> model, int wanted_threads)
      : classifier(std::move(model)), threads(wanted_threads), pool(*classifier, wanted_threads) {}

  std::unique_ptr<model::Classifier> classifier;
  int threads;
  pid_t process = getpid();
  smooth::ThreadPool pool;
};

Model::Model(std::string file, const model::ModelOptions& options) : file_(std::move(file)), options_(options) {
  graph::LoadedGraph loaded = graph::load_onnx_and_digest(file_, model::reading(options));
  graph_ = std::move(loaded.graph);
  sha256_ = loaded.sha256;
}

Model::~Model() {
  if (compiled_ && compiled_->process != getpid()) static_cast<void>(compiled_.release());  // its threads are the parent's
}

Model::Compiled& Model::compiled_for(const ImageShape& shape, int threads) {
  // After a fork the threads are not there, and waiting for them to end would take for ever.
  if (compiled_ && compiled_->process != getpid()) static_cast<void>(compiled_.release());
  if (compiled_ && compiled_->threads == threads && compiled_->classifier->image_shape() == shape) return *compiled_;
  model::ModelOptions options = options_;
  options.shape = shape;
  try {
    compiled_ = std::make_unique<Compiled>(model::classifier_from(graph_, options), threads);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", file_, error.what()));
  }
  return *compiled_;
}

void Model::with_pool(const ImageShape& shape, int threads, const std::function<void(smooth::ThreadPool&)>& use) {
  const std::lock_guard lock(mutex_);
  use(compiled_for(shape, threads).pool);
}

}  // namespace ballast::python
