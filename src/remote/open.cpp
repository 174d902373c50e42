// SPDX-License-Identifier: Apache-2.0

#include "ballast/remote/open.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <stdexcept>

#include "ballast/core/errors.hpp"
#include "exec.hpp"
#include "http.hpp"
#include "peer.hpp"
#include "process.hpp"

namespace ballast::remote {
namespace {

constexpr std::string_view exec_prefix = "exec:";

// What all sessions share.
struct Shared {
  std::string address;  // as it is shown
  Options options;
  std::unique_ptr<Peers> peers;
  std::atomic<std::uint64_t> sent{0};

  void spend(std::size_t images) {
    if (options.budget == 0) return;
    if (sent.fetch_add(images) + images > options.budget) {
      throw std::runtime_error(
          fmt::format("{}: the budget of {} images is spent; the rows so far stay, and the same command goes on with a new one", address,
                      options.budget));
    }
  }
};

class RemoteSession : public model::Session {
 public:
  explicit RemoteSession(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), images_(shared_->options.shape.size() * static_cast<std::size_t>(micro_batch())) {}

  int micro_batch() const override { return shared_->options.batch; }

  InputBuffer input() override {
    const ImageShape& shape = shared_->options.shape;
    const Layout layout = shared_->peers->layout();
    return {images_.data(), ElementType::f32, shape, shape.size(), layout.channel_stride, layout.position_stride};
  }

  // A process or connection begins with the first batch, in the thread that works with it.
  void classify(std::span<Label> labels) override {
    if (!peer_) peer_ = shared_->peers->another([shared = shared_.get()](std::size_t images) { shared->spend(images); });
    peer_->ask(std::span(images_).first(labels.size() * shared_->options.shape.size()), labels);
  }

  std::span<const float> scores(int) override { throw InputError(shared_->address + ": its scores are not asked for, only labels"); }

 private:
  std::shared_ptr<Shared> shared_;
  std::vector<float> images_;
  std::unique_ptr<Peer> peer_;
};

class RemoteClassifier : public model::Classifier {
 public:
  explicit RemoteClassifier(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  ImageShape image_shape() const override { return shared_->options.shape; }
  int classes() const override { return shared_->peers->classes(); }
  std::vector<ChannelAffine> affine() const override {
    const Options& o = shared_->options;
    std::vector<ChannelAffine> channels(static_cast<std::size_t>(o.shape.channels));
    for (std::size_t c = 0; c < channels.size(); ++c) {
      const double mean = o.mean.empty() ? 0 : o.mean[c], deviation = o.deviation.empty() ? 1 : o.deviation[c];
      channels[c] = {o.input_scale / deviation, -mean / deviation};
    }
    return channels;
  }
  std::unique_ptr<model::Session> new_session() const override { return std::make_unique<RemoteSession>(shared_); }
  std::string engine() const override { return shared_->peers->name(); }
  std::string precision() const override { return "unknown"; }
  std::string instruction_set() const override { return "unknown"; }

 private:
  std::shared_ptr<Shared> shared_;
};

void check(const Options& o) {
  const auto channels = static_cast<std::size_t>(o.shape.channels);
  require(!o.classes || *o.classes >= 2, fmt::format("--classes {}: a classifier has at least 2", o.classes.value_or(0)));
  require(o.batch >= 1 && o.batch <= 65536, fmt::format("--batch {}: 1 to 65536 are allowed", o.batch));
  require(std::isfinite(o.timeout) && o.timeout > 0, fmt::format("--timeout {}: must be above 0 (seconds)", o.timeout));
  require(o.retries >= 0 && o.retries <= 100, fmt::format("--retries {}: 0 to 100 are allowed", o.retries));
  require(std::isfinite(o.input_scale) && o.input_scale > 0, fmt::format("--input-scale {}: must be above 0", o.input_scale));
  require(o.mean.empty() || o.mean.size() == channels,
          fmt::format("--mean: {} numbers, and the images have {} channels", o.mean.size(), channels));
  require(o.deviation.empty() || o.deviation.size() == channels,
          fmt::format("--std: {} numbers, and the images have {} channels", o.deviation.size(), channels));
  for (const double d : o.deviation) require(std::isfinite(d) && d > 0, fmt::format("--std {}: must be above 0", d));
  for (const double m : o.mean) require(std::isfinite(m), fmt::format("--mean {}: must be finite", m));
}

void write_random(const InputBuffer& buffer, int count) {
  std::mt19937 random{std::random_device{}()};
  std::uniform_real_distribution<float> pixel;
  auto* values = static_cast<float*>(buffer.data);
  std::generate_n(values, static_cast<std::size_t>(count) * buffer.sample_stride, [&] { return pixel(random); });
}

// Certificates are about a function. What answers otherwise the second time, or in other company, is none.
void require_function(const std::string& address, const model::Classifier& classifier, const Options& options) {
  const int count = std::min(options.batch, 8);
  const auto session = classifier.new_session();
  if (options.write_first) options.write_first(classifier.affine(), session->input(), count);
  else write_random(session->input(), count);
  std::vector<Label> first(static_cast<std::size_t>(count)), second = first, alone(1);
  session->classify(first);
  session->classify(second);
  session->classify(alone);
  if (first != second || first[0] != alone[0])
    throw std::runtime_error(fmt::format("{}: the same images got other labels {}: it is no function, and nothing can be certified of it",
                                         address, first != second ? "the second time" : "in a smaller batch"));
}

}  // namespace

bool is_address(std::string_view model) {
  return model.starts_with(exec_prefix) || model.starts_with("http://") || model.starts_with("https://");
}

Opened open(const std::string& address, const Options& options) {
  check(options);
  const bool command = address.starts_with(exec_prefix);
  const auto shared = std::make_shared<Shared>();
  shared->address = command ? Process::short_name(address.substr(exec_prefix.size())) : address;
  shared->options = options;
  shared->peers = command ? commands(address.substr(exec_prefix.size()), options) : servers(address, options);
  auto classifier = std::make_unique<RemoteClassifier>(shared);
  require_function(shared->address, *classifier, options);
  return {std::move(classifier), shared->peers->description()};
}

}  // namespace ballast::remote
