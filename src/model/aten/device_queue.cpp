// SPDX-License-Identifier: Apache-2.0

#include "device_queue.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Event.h>
#include <c10/core/GradMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <optional>
#include <thread>

#include "cuda.hpp"

namespace ballast::model {
namespace {

// One that is written, one that is copied, one that waits for the device.
constexpr int buffers_of_each = 3;

// The order of work on a device: copies beside computing, each batch computed when it is there, its place written again when it was
// computed. A processor does everything at once, in the order in which it is asked.
class Order {
 public:
  explicit Order(const at::Device& device) {
    if (device.is_cpu()) return;
    const c10::impl::VirtualGuardImpl streams(device.type());
    copying_.emplace(streams.getStreamFromGlobalPool(device, false));
    computing_.emplace(streams.getStreamFromGlobalPool(device, false));
    for (int i = 0; i < buffers_of_each; ++i) {
      copied_.emplace_back(device.type());
      computed_.emplace_back(device.type());
    }
  }

  template <typename Body>
  void copy(int place, Body body) {
    if (!copying_) return body();
    const c10::StreamGuard guard(*copying_);
    event(computed_, place).block(*copying_);
    body();
    event(copied_, place).record(*copying_);
  }

  template <typename Body>
  void compute(int place, Body body) {
    if (!computing_) return body();
    const c10::StreamGuard guard(*computing_);
    event(copied_, place).block(*computing_);
    body();
    event(computed_, place).record(*computing_);
  }

  // Behind all that was computed.
  template <typename Body>
  void compute(Body body) {
    std::optional<c10::StreamGuard> guard;
    if (computing_) guard.emplace(*computing_);
    body();
  }

  void wait_for_copy(int place) const {
    constexpr std::chrono::microseconds pause(20);
    while (copying_ && !copied_[static_cast<std::size_t>(place)].query()) std::this_thread::sleep_for(pause);
  }

 private:
  static c10::Event& event(std::vector<c10::Event>& events, int place) { return events[static_cast<std::size_t>(place)]; }

  std::optional<c10::Stream> copying_, computing_;
  std::vector<c10::Event> copied_, computed_;
};

// One device with its part of the batches.
class Lane {
 public:
  Lane(const Placed& placed, const BatchLayout& layout, ElementType type, int batch, int classes) : placed_(placed), order_(placed.device) {
    const c10::NoGradGuard no_gradients;
    for (int i = 0; i < buffers_of_each; ++i) host_.emplace_back(layout, batch, type, true);
    order_.compute([&] {
      const at::Tensor like = host_.front().tensor.to(placed_.device);
      for (int i = 0; i < buffers_of_each; ++i) staged_.push_back(at::empty_like(like));
      input_ = like.to(placed_.type);
      classes_ = at::arange(classes + 1, at::TensorOptions(at::kLong).device(placed_.device));
      votes_ = at::zeros({classes + 1}, classes_.options());
      const auto body = [&] { labels_ = labels_of(placed_.scores(input_)); };
      if (placed_.device.is_cuda()) {
        recording_ = record(placed_.device, body);
      } else {
        body();  // what cannot be run is found before the first batch
      }
    });
  }

  const InputBuffer& buffer(int place) const { return at(place).buffer; }

  void start(int place, int count) {
    const c10::NoGradGuard no_gradients;
    at::Tensor& staged = staged_[static_cast<std::size_t>(place)];
    order_.copy(place, [&] { staged.copy_(at(place).tensor, true); });
    order_.compute(place, [&] {
      input_.copy_(staged);
      if (recording_) {
        recording_->play();
      } else {
        labels_ = labels_of(placed_.scores(input_));
      }
      votes_ += labels_.narrow(0, 0, count).unsqueeze(1).eq(classes_).sum(0);
    });
  }

  void wait(int place) const { order_.wait_for_copy(place); }

  void finish(std::span<std::uint64_t> votes) {
    const c10::NoGradGuard no_gradients;
    at::Tensor counted;
    order_.compute([&] {
      counted = votes_.to(at::kCPU, at::kLong, false, true);
      votes_.zero_();
    });
    const std::int64_t* count = counted.data_ptr<std::int64_t>();
    for (std::size_t c = 0; c < votes.size(); ++c) votes[c] += static_cast<std::uint64_t>(count[c]);
  }

 private:
  const HostBatch& at(int place) const { return host_[static_cast<std::size_t>(place)]; }

  Placed placed_;
  Order order_;
  std::vector<HostBatch> host_;
  std::vector<at::Tensor> staged_;
  at::Tensor input_, labels_, classes_, votes_;
  std::unique_ptr<Recording> recording_;
};

class Queue : public DeviceQueue {
 public:
  Queue(const std::vector<Placed>& devices, const BatchLayout& layout, ElementType type, int batch, int classes) : batch_(batch) {
    for (const Placed& placed : devices) lanes_.emplace_back(std::make_unique<Lane>(placed, layout, type, batch, classes));
  }

  int batch() const override { return batch_; }
  int devices() const override { return static_cast<int>(lanes_.size()); }
  int buffers() const override { return devices() * buffers_of_each; }
  InputBuffer buffer(int number) override { return lane(number).buffer(place(number)); }
  void start(int number, int count) override { lane(number).start(place(number), count); }
  void wait(int number) override { lane(number).wait(place(number)); }
  void finish(std::span<std::uint64_t> votes) override {
    for (const auto& each : lanes_) each->finish(votes);
  }

 private:
  Lane& lane(int number) { return *lanes_[static_cast<std::size_t>(number % devices())]; }
  int place(int number) const { return number / devices(); }

  int batch_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace

at::Tensor labels_of(const at::Tensor& scores) {
  const at::Tensor plain = scores.to(at::kFloat);
  const std::int64_t classes = plain.size(1);
  const at::Tensor numbers = at::arange(classes, at::TensorOptions(at::kLong).device(plain.device()));
  const at::Tensor none = at::full({1}, classes, numbers.options());
  // Nothing equals NaN, which is the greatest of all scores.
  return at::where(plain.eq(at::amax(plain, {1}, true)), numbers, none).amin(1);
}

std::unique_ptr<DeviceQueue> device_queue(const std::vector<Placed>& devices, const BatchLayout& layout, ElementType type, int batch,
                                          int classes) {
  return std::make_unique<Queue>(devices, layout, type, batch, classes);
}

}  // namespace ballast::model
