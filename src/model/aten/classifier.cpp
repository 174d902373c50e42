// SPDX-License-Identifier: Apache-2.0
//
// The ATen engine as a classifier: on a processor slower than oneDNN and the one that has gradients; on devices the only one.

#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "../prepared.hpp"
#include "../scoring_session.hpp"
#include "../single_thread.hpp"
#include "aten_classifier.hpp"
#include "ballast/core/errors.hpp"
#include "device_queue.hpp"
#include "network.hpp"
#include "without_onednn.hpp"

namespace ballast::model {
namespace {

constexpr int default_micro_batch = 32;

// On a device: enough values to fill it, in a few milliseconds of work.
int batch_for_device(const ImageShape& shape) {
  constexpr std::size_t values = std::size_t{1} << 24, least = 32, most = 1024;
  return static_cast<int>(std::clamp(values / shape.size() / least * least, least, most));
}

class AtenSession : public ScoringSession {
 public:
  AtenSession(const Placed& placed, const BatchLayout& layout, ElementType type, int micro_batch, int classes)
      : ScoringSession(micro_batch, classes), placed_(placed), host_(layout, micro_batch, type, !placed.device.is_cpu()) {}

  InputBuffer input() override { return host_.buffer; }

  std::span<const float> scores(int count) override {
    const SingleThread single;
    const c10::NoGradGuard no_gradients;
    scores_ = placed_.scores(host_.tensor.to(placed_.device).to(placed_.type)).to(at::kCPU).to(at::kFloat).contiguous();
    return first_scores(scores_.data_ptr<float>(), count);
  }

 private:
  Placed placed_;
  HostBatch host_;
  at::Tensor scores_;
};

at::ScalarType type_of(Precision precision) {
  if (precision == Precision::bf16) return at::kBFloat16;
  return precision == Precision::fp16 ? at::kHalf : at::kFloat;
}

Precision precision_of(const ModelOptions& options, const graph::Graph& graph) {
  if (options.device == "cpu") {
    require(options.precision == Precision::automatic || options.precision == Precision::fp32,
            fmt::format("precision {}: on a processor the ATen engine runs in fp32; use --engine onednn",
                        precision_names.of(options.precision)));
    return Precision::fp32;
  }
  require(options.precision != Precision::int8, "precision int8: is for the onednn engine; use bf16, fp16, fp32 or auto");
  if (options.precision != Precision::automatic) return options.precision;
  return graph::rounds(graph) ? Precision::fp32 : Precision::bf16;
}

}  // namespace

AtenClassifier::AtenClassifier(Description description, std::vector<Placed> devices, Precision precision, const ModelOptions& options)
    : description_(std::move(description)),
      devices_(std::move(devices)),
      precision_(precision),
      micro_batch_(micro_batch_of(options, has_devices() ? batch_for_device(description_.layout.shape) : default_micro_batch)) {
  std::vector<at::Device> places;
  for (const Placed& placed : devices_) places.push_back(placed.device);
  arithmetic_ = arithmetic_of(places);
  if (has_devices()) arithmetic_ += fmt::format(", batches of {}", micro_batch_);  // on which its choice of kernels depends
}

// Of buffers: fp16 is made of fp32 where the network is.
ElementType AtenClassifier::buffer_type() const { return precision_ == Precision::bf16 ? ElementType::bf16 : ElementType::f32; }

std::unique_ptr<Session> AtenClassifier::new_session() const {
  return std::make_unique<AtenSession>(devices_.front(), description_.layout, buffer_type(), micro_batch_, description_.classes);
}

std::unique_ptr<DeviceQueue> AtenClassifier::new_queue() const {
  if (!has_devices()) return {};
  return device_queue(devices_, description_.layout, buffer_type(), micro_batch_, description_.classes);
}

bool has_aten() { return true; }

std::vector<std::pair<at::Device, at::ScalarType>> places_of(const ModelOptions& options, Precision precision) {
  std::vector<std::pair<at::Device, at::ScalarType>> places;
  for (const at::Device& device : devices_from(options.device)) places.emplace_back(device, type_of(precision));
  if (!places.front().first.is_cpu()) use_deterministic_algorithms();
  return places;
}

void require_runs(const AtenClassifier& classifier) {
  try {
    classifier.new_session()->scores(1);
  } catch (const c10::Error& error) {
    const std::string why = error.what_without_backtrace();
    const bool full = why.find("out of memory") != std::string::npos;
    throw InputError(full ? fmt::format("the device has not memory enough for {} images at a time; use a smaller --micro-batch",
                                        classifier.micro_batch())
                          : fmt::format("the ATen engine cannot run this network: {}", why));
  }
}

std::unique_ptr<Classifier> aten_classifier(Prepared model, const ModelOptions& options) {
  const Precision precision = precision_of(options, model.graph);
  const graph::Dims& dims = model.graph.dims(model.graph.input);
  AtenClassifier::Description description{
      "aten " + aten_version(), {model.shape, model.layout, {dims.begin() + 1, dims.end()}}, std::move(model.affine), model.classes};
  std::vector<Placed> devices;
  for (const auto& [device, type] : places_of(options, precision)) {
    const auto network = std::make_shared<const Network>(model.graph, at::TensorOptions(type).device(device));
    devices.push_back({device, type, [network](const at::Tensor& x) { return network->forward(x); }});
  }
  auto classifier = std::make_unique<AtenClassifier>(std::move(description), std::move(devices), precision, options);
  require_runs(*classifier);  // what cannot be run is refused here, not in a worker
  return classifier;
}

}  // namespace ballast::model
