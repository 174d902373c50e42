// SPDX-License-Identifier: Apache-2.0

#include "model.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"

namespace ballast::python {

struct Model::Team {
  Team(std::unique_ptr<model::Classifier> model, int wanted_threads)
      : classifier(std::move(model)), threads(wanted_threads), workers(*classifier, wanted_threads) {}

  std::unique_ptr<model::Classifier> classifier;
  int threads;
  pid_t process = getpid();
  smooth::Workers workers;
};

Model::Model(std::string file, const model::ModelOptions& options) : file_(std::move(file)), options_(options) {
  graph::LoadedGraph loaded = graph::load_onnx_and_digest(file_);
  graph_ = std::move(loaded.graph);
  sha256_ = loaded.sha256;
}

Model::~Model() {
  if (team_ && team_->process != getpid()) static_cast<void>(team_.release());  // its threads are the parent's
}

Model::Team& Model::team_for(const ImageShape& shape, int threads) {
  // After a fork the threads are not there, and waiting for them to end would take for ever.
  if (team_ && team_->process != getpid()) static_cast<void>(team_.release());
  if (team_ && team_->threads == threads && team_->classifier->image_shape() == shape) return *team_;
  model::ModelOptions options = options_;
  options.shape = shape;
  try {
    team_ = std::make_unique<Team>(model::classifier_from(graph_, options), threads);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", file_, error.what()));
  }
  return *team_;
}

void Model::with_team(const ImageShape& shape, int threads, const std::function<void(smooth::Workers&)>& use) {
  const std::lock_guard lock(mutex_);
  use(team_for(shape, threads).workers);
}

}  // namespace ballast::python
