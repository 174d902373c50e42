// SPDX-License-Identifier: Apache-2.0

#include "layer_builder.hpp"

#include <fmt/format.h>

#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::graph {
namespace {

Convolution convolution_of(Window window) {
  Convolution conv;
  conv.strides = {window.stride, window.stride};
  conv.pads.assign(4, window.padding);
  return conv;
}

}  // namespace

LayerBuilder::LayerBuilder(const ImageShape& shape, const Normalisation& normalisation) {
  image_ = graph_.add_input("image", {batch, shape.channels, shape.height, shape.width});
  if (normalisation.mean.empty()) return;
  require(
      normalisation.mean.size() == static_cast<std::size_t>(shape.channels) && normalisation.deviation.size() == normalisation.mean.size(),
      fmt::format("the normalisation has {} means and {} deviations; the images have {} channels", normalisation.mean.size(),
                  normalisation.deviation.size(), shape.channels));
  const ValueId mean = by_channel("normalise.mean.value", normalisation.mean);
  image_ = graph_.append(Binary{Binary::Kind::subtract}, "normalise.mean", {image_, mean});
  const ValueId deviation = by_channel("normalise.std.value", normalisation.deviation);
  image_ = graph_.append(Binary{Binary::Kind::divide}, "normalise.std", {image_, deviation});
}

ValueId LayerBuilder::convolution(const std::string& name, ValueId from, std::int64_t out, Window window) {
  const ValueId weights = constant(name + ".weight", {out, channels(from), window.size, window.size}, 0);
  return graph_.append(convolution_of(window), name, {from, weights});
}

ValueId LayerBuilder::biased_convolution(const std::string& name, ValueId from, std::int64_t out, Window window) {
  const ValueId weights = constant(name + ".weight", {out, channels(from), window.size, window.size}, 0);
  const ValueId bias = constant(name + ".bias", {out}, 0);
  return graph_.append(convolution_of(window), name, {from, weights, bias});
}

ValueId LayerBuilder::norm(const std::string& name, ValueId from) {
  const Dims dims{channels(from)};
  const ValueId scale = constant(name + ".scale", dims, 1), bias = constant(name + ".bias", dims, 0);
  const ValueId mean = constant(name + ".mean", dims, 0), variance = constant(name + ".variance", dims, 1);
  return graph_.append(BatchNorm{}, name, {from, scale, bias, mean, variance});
}

ValueId LayerBuilder::convolution_and_norm(const std::string& name, ValueId from, std::int64_t out, Window window) {
  return norm(name + ".norm", convolution(name + ".conv", from, out, window));
}

ValueId LayerBuilder::relu(const std::string& name, ValueId from) {
  return graph_.append(Activation{Activation::Kind::relu}, name, {from});
}

ValueId LayerBuilder::norm_and_relu(const std::string& name, ValueId from) { return relu(name + ".relu", norm(name + ".norm", from)); }

ValueId LayerBuilder::sum(const std::string& name, ValueId a, ValueId b) { return graph_.append(Binary{Binary::Kind::add}, name, {a, b}); }

ValueId LayerBuilder::max_pool(const std::string& name, ValueId from, Window window) {
  Pool pool{Pool::Kind::max, {window.size, window.size}, {window.stride, window.stride}};
  pool.pads.assign(4, window.padding);
  return graph_.append(pool, name, {from});
}

ValueId LayerBuilder::mean_over_image(ValueId from) { return graph_.append(Reduce{{2, 3}, false}, "mean", {from}); }

ValueId LayerBuilder::flatten(ValueId from) { return graph_.append(Reshape{}, "flatten", {from}, {batch, elements(graph_.dims(from))}); }

ValueId LayerBuilder::linear(const std::string& name, ValueId from, std::int64_t out) {
  const ValueId weights = constant(name + ".weight", {out, channels(from)}, 0);
  const ValueId bias = constant(name + ".bias", {out}, 0);
  return graph_.append(Linear{}, name, {from, weights, bias});
}

Graph LayerBuilder::finish(ValueId output) {
  graph_.output = output;
  return std::move(graph_);
}

ValueId LayerBuilder::constant(const std::string& name, Dims dims, float value) {
  const auto count = static_cast<std::size_t>(elements(dims));
  return graph_.add_constant(name, {std::move(dims), std::vector<float>(count, value)});
}

ValueId LayerBuilder::by_channel(const std::string& name, const std::vector<float>& values) {
  return graph_.add_constant(name, {{1, static_cast<std::int64_t>(values.size()), 1, 1}, values});
}

}  // namespace ballast::graph
