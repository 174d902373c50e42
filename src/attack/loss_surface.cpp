// SPDX-License-Identifier: Apache-2.0

#include "loss_surface.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ballast/core/errors.hpp"
#include "single_thread.hpp"

namespace ballast::attack {
namespace {

// The network as the engines have it, without the steps that its affine map does.
graph::Graph prepared(graph::Graph graph, const ImageShape& shape, graph::InputLayout layout) {
  graph::fold_batch_norms(graph);
  graph::fold_biases(graph);
  graph::take_input_affine(graph, shape, layout);
  return graph;
}

at::Tensor by_channel(const std::vector<ChannelAffine>& affine, double ChannelAffine::*value, at::ScalarType type) {
  at::Tensor values = at::empty({static_cast<std::int64_t>(affine.size()), 1, 1}, at::kDouble);
  for (std::size_t c = 0; c < affine.size(); ++c) values.data_ptr<double>()[c] = affine[c].*value;
  return values.to(type);
}

}  // namespace

Slope joined(std::span<const Part> parts, Objective objective, std::uint64_t copies) {
  const double count = static_cast<double>(copies);
  double least = std::numeric_limits<double>::infinity();
  for (const Part& part : parts) least = std::min(least, part.value);
  // mean_loss: the mean. log_mean: -log sum_b exp(-value_b), whose gradient weighs each part by its share of that sum.
  const auto weight = [&](const Part& part) { return objective == Objective::mean_loss ? 1 / count : std::exp(least - part.value); };
  Slope all;
  double total = 0;
  for (const Part& part : parts) {
    all.gradient.resize(part.gradient.size());
    total += weight(part);
    all.value += weight(part) * part.value;
    for (std::size_t i = 0; i < part.gradient.size(); ++i) all.gradient[i] += weight(part) * part.gradient[i];
  }
  if (objective == Objective::mean_loss) return all;
  for (double& slope : all.gradient) slope /= total;
  all.value = least - std::log(total) + std::log(count);
  return all;
}

LossSurface::LossSurface(graph::Graph graph, const ImageShape& shape, std::optional<graph::InputLayout> layout,
                         const std::vector<ChannelAffine>& affine, at::ScalarType type, at::Device device)
    : shape_(shape),
      classes_(graph.classes()),
      layout_(graph::fit_layout(graph, shape, layout)),
      type_(type),
      device_(device),
      scale_(by_channel(affine, &ChannelAffine::scale, type).to(device)),
      offset_(by_channel(affine, &ChannelAffine::offset, type).to(device)),
      network_(prepared(std::move(graph), shape, layout_), at::TensorOptions(type).device(device)) {
  require(affine.size() == static_cast<std::size_t>(shape.channels),
          fmt::format("{} channels are scaled, of {}", affine.size(), shape.channels));
  try {
    part(std::vector<double>(shape.size(), 0.5), 0, Objective::mean_loss);  // what cannot be run is refused here, not in a worker
  } catch (const c10::Error& error) {
    throw InputError(fmt::format("this network has no gradient by ATen: {}", error.what_without_backtrace()));
  }
}

at::Tensor LossSurface::scores(const at::Tensor& images) const {
  at::Tensor scaled = images * scale_ + offset_;
  if (layout_ == graph::InputLayout::hwc) scaled = scaled.permute({0, 2, 3, 1});
  std::vector<std::int64_t> dims = network_.graph().dims(network_.graph().input);
  dims[0] = images.size(0);
  return network_.forward(scaled.reshape(dims));
}

Part LossSurface::part(std::vector<double> images, Label label, Objective objective) const {
  const model::SingleThread single;
  const c10::AutoGradMode gradients(true);
  const std::vector<std::int64_t> dims{static_cast<std::int64_t>(images.size() / shape_.size()), shape_.channels, shape_.height,
                                       shape_.width};
  at::Tensor x =
      at::from_blob(images.data(), at::IntArrayRef(dims), at::TensorOptions(at::kDouble)).to(type_).to(device_).requires_grad_(true);
  const at::Tensor log_probability = at::log_softmax(scores(x), 1).select(1, label);
  const at::Tensor value = objective == Objective::mean_loss ? -log_probability.sum() : -at::logsumexp(log_probability, {0});
  value.backward();
  const at::Tensor gradient = x.grad().to(at::kCPU, at::kDouble).sum(0).contiguous();
  const double* slopes = gradient.data_ptr<double>();
  return {value.item<double>(), {slopes, slopes + gradient.numel()}};
}

}  // namespace ballast::attack
