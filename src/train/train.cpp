// SPDX-License-Identifier: Apache-2.0

#include "ballast/train/train.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "aten/network.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/graph/passes.hpp"
#include "batches.hpp"
#include "initialise.hpp"
#include "learning_rate.hpp"
#include "sgd.hpp"

namespace ballast::train {
namespace {

void check(const TrainOptions& options) {
  const auto positive = [](double value, std::string_view what) {
    require(std::isfinite(value) && value > 0, fmt::format("{} = {}: must be above 0", what, value));
  };
  require(std::isfinite(options.sigma) && options.sigma >= 0, fmt::format("sigma = {}: must be 0 or above", options.sigma));
  positive(options.epochs, "epochs");
  positive(options.batch, "batch");
  positive(options.rate, "learning rate");
  positive(options.step_epochs, "step epochs");
  positive(options.rate_factor, "rate factor");
  require(options.momentum >= 0 && options.momentum < 1, fmt::format("momentum = {}: 0 to 1 (not included) are allowed", options.momentum));
  require(std::isfinite(options.weight_decay) && options.weight_decay >= 0,
          fmt::format("weight decay = {}: must be 0 or above", options.weight_decay));
  require(options.shift >= 0, fmt::format("shift = {}: must be 0 or above", options.shift));
  require(options.threads >= 0, fmt::format("threads = {}: must be 0 (all cores) or above", options.threads));
}

// One epoch's means.
class Tally {
 public:
  void add(double loss, std::int64_t right, int count) {
    loss_ += loss * count;
    right_ += right;
    images_ += count;
  }
  double loss() const { return loss_ / static_cast<double>(images_); }
  double accuracy() const { return static_cast<double>(right_) / static_cast<double>(images_); }

 private:
  double loss_ = 0;
  std::int64_t right_ = 0, images_ = 0;
};

}  // namespace

graph::Graph train(graph::Graph graph, const data::Dataset& images, const TrainOptions& options, const Watch& watch) {
  check(options);
  Batches batches(images, options);
  require(graph::fit_layout(graph, batches.shape()) == graph::InputLayout::chw,
          "the network takes its images flat or with channels last; training needs batch x channels x height x width");
  require(images.classes() <= graph.classes(),
          fmt::format("the images have {} classes, the network {}", images.classes(), graph.classes()));
  if (options.initialise) initialise(graph, options.seed);

  at::set_num_threads(options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency()));
  model::Network network(std::move(graph));
  network.require_gradients();
  require(!network.parameters().empty(), "the network has nothing to train");
  Sgd sgd(network.parameters(), options.momentum, options.weight_decay);

  const auto start = std::chrono::steady_clock::now();
  const ImageShape& shape = batches.shape();
  const std::vector<std::int64_t> dims{options.batch, shape.channels, shape.height, shape.width};
  std::vector<float> pixels;
  std::vector<std::int64_t> labels;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    batches.begin_epoch(epoch);
    Tally tally;
    for (int step = 0; step < batches.steps(); ++step) {
      batches.fill(step, pixels, labels);
      at::Tensor x =
          at::from_blob(pixels.data(), at::IntArrayRef(dims), at::TensorOptions(at::kFloat)).contiguous(at::MemoryFormat::ChannelsLast);
      const at::Tensor wanted = at::from_blob(labels.data(), {options.batch}, at::TensorOptions(at::kLong));
      const at::Tensor scores = network.forward(x, true);
      const at::Tensor loss = at::cross_entropy_loss(scores, wanted);
      loss.backward();
      const double rate = learning_rate(options, std::int64_t{epoch - 1} * batches.steps() + step, batches.steps());
      sgd.step(rate);

      const auto loss_value = loss.item<double>();
      if (!std::isfinite(loss_value))
        throw std::runtime_error(fmt::format("the loss is no longer a number in epoch {}; try a smaller learning rate", epoch));
      tally.add(loss_value, scores.detach().argmax(1).eq(wanted).sum().item<std::int64_t>(), options.batch);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      if (watch && !watch({epoch, step + 1, batches.steps(), tally.loss(), tally.accuracy(), rate, seconds.count()})) {
        return network.with_current_values();
      }
    }
  }
  return network.with_current_values();
}

}  // namespace ballast::train
