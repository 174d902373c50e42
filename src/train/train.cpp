// SPDX-License-Identifier: Apache-2.0

#include "ballast/train/train.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/core/whole_file.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/graph/passes.hpp"
#include "batches.hpp"
#include "checkpoint.hpp"
#include "curve.hpp"
#include "feeder.hpp"
#include "initialise.hpp"
#include "learner.hpp"
#include "learning_rate.hpp"
#include "objective.hpp"
#include "options.hpp"
#include "sgd.hpp"
#include "tensors.hpp"
#include "validator.hpp"

namespace ballast::train {
namespace {

using Clock = std::chrono::steady_clock;

// Structure and starting weights.
std::string digest_of(const graph::Graph& graph) {
  Sha256 sha;
  for (const graph::Node& node : graph.nodes) sha.add(fmt::format("{} {}\n", graph::name_of(node.operation), node.name));
  for (const graph::Value& value : graph.values) {
    if (!value.constant) continue;
    sha.add(fmt::format("{} {}\n", value.name, graph::to_string(value.dims)));
    const auto& floats = value.constant->values;
    sha.add(std::span(reinterpret_cast<const std::uint8_t*>(floats.data()), floats.size() * sizeof(float)));
  }
  return to_hex(sha.finish());
}

int thread_count(const TrainOptions& options) {
  return options.threads > 0 ? options.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// Beside a processor that trains, few threads are enough to prepare batches; a device has all of them to itself.
int feeding_threads(const TrainOptions& options) {
  const int threads = thread_count(options);
  if (options.device == Device::cuda) return threads;
  return threads / 4;
}

// Each step frees and asks for the same large tensors: memory that goes back to the system in between costs a third of the time.
void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

graph::Graph checked(graph::Graph graph, const data::Dataset& images, const Batches& batches, const TrainOptions& options) {
  require(graph::fit_layout(graph, batches.shape()) == graph::InputLayout::chw,
          "the network takes its images flat or with channels last; training needs batch x channels x height x width");
  require(images.classes() <= graph.classes(),
          fmt::format("the images have {} classes, the network {}", images.classes(), graph.classes()));
  if (options.initialise) initialise(graph, options.seed);
  return graph;
}

class Trainer {
 public:
  Trainer(graph::Graph graph, const data::Dataset& images, const TrainOptions& options, const TrainFiles& files)
      : options_(options),
        files_(files),
        batches_(images, options, needs_clean(options.recipe)),
        settings_(describe(options, images)),
        start_(checked(std::move(graph), images, batches_, options)),
        learner_(start_, options.precision, options.device) {
    settings_.emplace_back("start", digest_of(start_));
    learner_.network().require_gradients();
    require(!learner_.network().parameters().empty(), "the network has nothing to train");
    std::visit([&](const auto& recipe) { begin(recipe, learner_, options_); }, options_.recipe);
    sgd_.emplace(learner_.network().parameters(), options.momentum, options.weight_decay, options.clip);
    if (!files.checkpoint.empty() && std::filesystem::exists(files.checkpoint)) resume(load_checkpoint(files.checkpoint));
  }

  Outcome run(const Watch& watch) {
    while (at_.epoch <= options_.epochs) {
      if (!epoch(watch)) return {learner_.network().with_current_values(), false, resumed_};
    }
    Outcome outcome{learner_.network().with_current_values(), true, resumed_};
    if (!files_.model.empty()) graph::save_onnx(outcome.graph, files_.model);
    std::error_code absent;
    if (!files_.checkpoint.empty()) std::filesystem::remove(files_.checkpoint, absent);
    return outcome;
  }

 private:
  // False where the watch wants an end before the last step.
  bool epoch(const Watch& watch) {
    Feeder feeder(batches_, at_.epoch, at_.step, feeding_threads(options_));
    bool wanted = true;
    while (at_.step < batches_.steps()) {
      const double rate = step(feeder.next());
      Progress progress = progress_now(rate);
      const bool last = at_.step == batches_.steps();
      if (last) {
        if (!batches_.validation().empty()) progress.validation = validate(learner_, batches_, options_);
        progress.seconds = seconds_now();
        end_epoch(progress);
      }
      wanted = !watch || watch(progress);
      if (last) break;
      if (!wanted || Clock::now() - last_saved_ >= files_.interval) keep();
      if (!wanted) return false;
    }
    return wanted || at_.epoch > options_.epochs;
  }

  double step(HostBatch& host) {
    const at::Device device = learner_.device();
    Batch batch;
    if (!host.clean.empty()) batch.clean = image_tensor(host.clean, batches_.shape(), device);
    batch.noisy = image_tensor(host.noisy, batches_.shape(), device);
    batch.labels = label_tensor(host.labels, device);
    batch.copies = batches_.copies();
    batch.sigma = options_.sigma;
    const std::int64_t before = std::int64_t{at_.epoch - 1} * batches_.steps() + at_.step;
    batch.done = static_cast<double>(before) / static_cast<double>(std::int64_t{options_.epochs} * batches_.steps());
    batch.stream = {options_.seed, noise::Purpose::training, no_image};
    batch.sample = static_cast<std::uint32_t>(before);

    const Loss loss = std::visit([&](const auto& recipe) { return loss_of(recipe, learner_, batch); }, options_.recipe);
    const auto value = loss.value.item<double>();
    if (!std::isfinite(value)) stop_for_nan();
    loss.value.backward();
    const double rate = learning_rate(options_, before, batches_.steps());
    sgd_->step(rate);

    const std::int64_t copies = loss.scores.size(0);
    at_.loss_sum += value * static_cast<double>(copies);
    at_.right += loss.scores.detach().argmax(1).eq(labels_of_copies(batch)).sum().item<std::int64_t>();
    at_.images += copies;
    trained_ += host.images;
    ++at_.step;
    return rate;
  }

  Progress progress_now(double rate) const {
    const auto images = static_cast<double>(at_.images);
    const double own = std::chrono::duration<double>(Clock::now() - begun_).count();
    return {.epoch = at_.epoch,
            .step = at_.step,
            .steps = batches_.steps(),
            .loss = at_.loss_sum / images,
            .accuracy = static_cast<double>(at_.right) / images,
            .rate = rate,
            .seconds = seconds_now(),
            .images_per_second = static_cast<double>(trained_) / own};
  }

  double seconds_now() const { return seconds_before_ + std::chrono::duration<double>(Clock::now() - begun_).count(); }

  void end_epoch(const Progress& progress) {
    at_.curve += curve_row(progress, options_);
    if (!files_.curve.empty()) write_whole(files_.curve, curve_header(options_) + at_.curve);
    if (progress.validation && progress.validation->merit(options_.sigma) > at_.best_merit) {
      at_.best_merit = progress.validation->merit(options_.sigma);
      if (!files_.best.empty()) graph::save_onnx(learner_.network().with_current_values(), files_.best);
    }
    at_ = {.epoch = at_.epoch + 1, .best_merit = at_.best_merit, .curve = std::move(at_.curve)};
    keep();
  }

  [[noreturn]] void stop_for_nan() const {
    std::error_code unknown;
    const bool kept = !files_.checkpoint.empty() && std::filesystem::exists(files_.checkpoint, unknown);
    throw std::runtime_error(fmt::format("the loss is no longer a number in epoch {}; try a smaller learning rate{}", at_.epoch,
                                         kept ? fmt::format(" ({} is of before)", files_.checkpoint.string()) : ""));
  }

  template <typename Visit>
  void each_tensor(Visit visit) const {
    for (const auto& [id, tensor] : learner_.network().constants()) visit(start_.value(id).name, tensor);
    for (std::size_t i = 0; i < sgd_->velocities().size(); ++i) visit(fmt::format("velocity {}", i), sgd_->velocities()[i]);
    for (std::size_t i = 0; i < learner_.carried().size(); ++i) visit(fmt::format("carried {}", i), learner_.carried()[i]);
  }

  void keep() {
    last_saved_ = Clock::now();
    if (files_.checkpoint.empty()) return;
    Checkpoint checkpoint{settings_, at_, {}};
    checkpoint.position.seconds = seconds_now();
    each_tensor([&](const std::string& name, const at::Tensor& tensor) {
      const at::Tensor plain = tensor.detach().to(at::kCPU).contiguous();
      if (!plain.isfinite().all().item<bool>()) stop_for_nan();
      const float* values = plain.data_ptr<float>();
      checkpoint.tensors.push_back({name, {values, values + plain.numel()}});
    });
    save(checkpoint, files_.checkpoint);
  }

  void resume(const Checkpoint& checkpoint) {
    const std::string file = files_.checkpoint.string();
    for (std::size_t i = 0; i < settings_.size(); ++i) {
      const auto& [name, here] = settings_[i];
      const bool known = i < checkpoint.settings.size() && checkpoint.settings[i].first == name;
      const std::string there = known ? checkpoint.settings[i].second : "something else";
      require(there == here,
              fmt::format("{}: is of another training ({}: {} there, {} here); remove it to begin anew", file, name, there, here));
    }
    const c10::NoGradGuard no_gradients;
    std::size_t next = 0;
    each_tensor([&](const std::string& name, const at::Tensor& tensor) {
      const bool fits = next < checkpoint.tensors.size() && checkpoint.tensors[next].name == name &&
                        checkpoint.tensors[next].values.size() == static_cast<std::size_t>(tensor.numel());
      require(fits, fmt::format("{}: its tensors are not those of this network; remove it to begin anew", file));
      std::vector<float> values = checkpoint.tensors[next++].values;
      at::Tensor own = tensor;  // shares the memory
      own.copy_(at::from_blob(values.data(), own.sizes(), at::TensorOptions(at::kFloat)));
    });
    at_ = checkpoint.position;
    seconds_before_ = at_.seconds;
    resumed_ = true;
  }

  TrainOptions options_;
  TrainFiles files_;
  Batches batches_;
  Settings settings_;
  graph::Graph start_;
  Learner learner_;
  std::optional<Sgd> sgd_;
  Position at_;
  bool resumed_ = false;
  std::int64_t trained_ = 0;  // images, in this run
  double seconds_before_ = 0;
  Clock::time_point begun_ = Clock::now(), last_saved_ = begun_;
};

}  // namespace

Outcome train(graph::Graph graph, const data::Dataset& images, const TrainOptions& options, const TrainFiles& files, const Watch& watch) {
  check(options);
  require(has_device(options.device), "device cuda: this build of LibTorch has none, or no device is there; use cpu");
  at::set_num_threads(thread_count(options));
  keep_freed_memory();
  return Trainer(std::move(graph), images, options, files).run(watch);
}

}  // namespace ballast::train
