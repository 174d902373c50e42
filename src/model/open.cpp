// SPDX-License-Identifier: Apache-2.0

#include "ballast/model/open.hpp"

#include <fmt/format.h>

#include <cmath>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"
#include "prepared.hpp"

namespace ballast::model {
namespace {

// The images' shape as the model itself states it: channels first where that is plausible.
ImageShape shape_of(const graph::Graph& graph, std::optional<graph::InputLayout> layout) {
  const graph::Dims& dims = graph.dims(graph.input);
  if (dims.size() == 4) {
    const bool last = layout == graph::InputLayout::hwc || (!layout && dims[1] > 4 && dims[3] <= 4);
    const auto at = [&](std::size_t i) { return static_cast<int>(dims[i]); };
    return last ? ImageShape{at(3), at(1), at(2)} : ImageShape{at(1), at(2), at(3)};
  }
  const std::int64_t size = graph::elements(dims);
  const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(size))));
  if (std::int64_t{side} * side == size) return {1, side, side};
  return {1, 1, static_cast<int>(size)};
}

std::vector<double> by_channel(std::vector<double> values, int channels, double otherwise, std::string_view what) {
  if (values.empty()) values = {otherwise};
  if (values.size() == 1) values.resize(static_cast<std::size_t>(channels), values[0]);
  require(static_cast<int>(values.size()) == channels,
          fmt::format("{} has {} values; the images have {} channels", what, values.size(), channels));
  for (const double value : values) require(std::isfinite(value), fmt::format("{} holds {}", what, value));
  return values;
}

}  // namespace

std::vector<ChannelAffine> affine_of(const ModelOptions& options, int channels, const std::vector<ChannelAffine>& own) {
  require(std::isfinite(options.input_scale) && options.input_scale > 0,
          fmt::format("input scale = {}: must be above 0", options.input_scale));
  const auto mean = by_channel(options.mean, channels, 0, "mean");
  const auto deviation = by_channel(options.deviation, channels, 1, "std");
  std::vector<ChannelAffine> affine;
  for (std::size_t c = 0; c < own.size(); ++c) {
    require(deviation[c] > 0, fmt::format("std = {}: must be above 0", deviation[c]));
    const ChannelAffine given{options.input_scale / deviation[c], -mean[c] / deviation[c]};
    affine.push_back({given.scale * own[c].scale, given.offset * own[c].scale + own[c].offset});
  }
  return affine;
}

int micro_batch_of(const ModelOptions& options, int choice) {
  require(options.micro_batch >= 0 && options.micro_batch <= 4096,
          fmt::format("micro-batch = {}: 1 to 4096 are allowed, or 0 for the engine's choice", options.micro_batch));
  return options.micro_batch == 0 ? choice : options.micro_batch;
}

InputBuffer row_major_input(const Prepared& model) {
  const auto channels = static_cast<std::size_t>(model.shape.channels);
  const std::size_t positions = model.shape.size() / channels;
  const bool last = model.layout == graph::InputLayout::hwc;
  return {nullptr, ElementType::f32, model.shape, model.shape.size(), last ? 1 : positions, last ? channels : 1};
}

graph::OnnxOptions reading(const ModelOptions& options) {
  graph::OnnxOptions reading;
  if (options.shape != ImageShape{}) reading.shape = options.shape;
  reading.layout = options.layout;
  reading.output = options.output;
  reading.threshold = options.threshold;
  return reading;
}

std::unique_ptr<Classifier> classifier_from(graph::Graph graph, const ModelOptions& options) {
  require(!graph.reading.count("model_input") || (options.input_scale == 1 && options.mean.empty() && options.deviation.empty()),
          "the model takes bytes, which are made of pixels without more: --input-scale, --mean and --std are not for it");
  Prepared model;
  model.shape = options.shape == ImageShape{} ? shape_of(graph, options.layout) : options.shape;
  model.layout = graph::fit_layout(graph, model.shape, options.layout);
  model.classes = graph.classes();
  graph::simplify(graph);
  const auto own = graph::take_input_affine(graph, model.shape, model.layout);
  model.affine = affine_of(options, model.shape.channels, own);
  model.graph = std::move(graph);
  if (options.engine == Engine::aten || options.device != "cpu") return aten_classifier(std::move(model), options);
  return onednn_classifier(std::move(model), options);
}

std::unique_ptr<Classifier> open_classifier(const std::filesystem::path& file, const ModelOptions& options) {
  graph::Graph graph = graph::load_onnx(file, reading(options));
  try {
    return classifier_from(std::move(graph), options);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace ballast::model
