// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/architectures.hpp"

#include <fmt/format.h>

#include <charconv>

#include "ballast/core/errors.hpp"

namespace ballast::graph {
namespace {

class Builder {
 public:
  Builder(const ImageShape& shape, const Normalisation& normalisation) {
    x_ = graph_.add_input("image", {batch, shape.channels, shape.height, shape.width});
    if (normalisation.mean.empty()) return;
    require(normalisation.mean.size() == static_cast<std::size_t>(shape.channels) &&
                normalisation.deviation.size() == normalisation.mean.size(),
            fmt::format("the normalisation has {} means and {} deviations; the images have {} channels", normalisation.mean.size(),
                        normalisation.deviation.size(), shape.channels));
    x_ = graph_.append(Binary{Binary::Kind::subtract}, "normalise.mean", {x_, by_channel("normalise.mean.value", normalisation.mean)});
    x_ = graph_.append(Binary{Binary::Kind::divide}, "normalise.std", {x_, by_channel("normalise.std.value", normalisation.deviation)});
  }

  ValueId value() const { return x_; }
  std::int64_t channels() const { return graph_.dims(x_)[1]; }
  std::int64_t features() const { return elements(graph_.dims(x_)); }

  ValueId convolution_and_norm(const std::string& name, ValueId from, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
    Convolution conv;
    conv.strides = {stride, stride};
    conv.pads.fill(kernel / 2);
    const ValueId weights = constant(name + ".conv.weight", {out, graph_.dims(from)[1], kernel, kernel}, 0);
    const ValueId mixed = graph_.append(conv, name + ".conv", {from, weights});
    return graph_.append(BatchNorm{}, name + ".norm",
                         {mixed, constant(name + ".norm.scale", {out}, 1), constant(name + ".norm.bias", {out}, 0),
                          constant(name + ".norm.mean", {out}, 0), constant(name + ".norm.variance", {out}, 1)});
  }

  ValueId relu(const std::string& name, ValueId from) { return graph_.append(Activation{Activation::Kind::relu}, name, {from}); }

  void stem(std::int64_t out) { x_ = relu("stem.relu", convolution_and_norm("stem", x_, out, 3, 1)); }

  void residual_block(const std::string& name, std::int64_t out, std::int64_t stride) {
    const ValueId shortcut = stride != 1 || channels() != out ? convolution_and_norm(name + ".shortcut", x_, out, 1, stride) : x_;
    const ValueId inner = relu(name + ".relu1", convolution_and_norm(name + ".1", x_, out, 3, stride));
    const ValueId sum =
        graph_.append(Binary{Binary::Kind::add}, name + ".sum", {convolution_and_norm(name + ".2", inner, out, 3, 1), shortcut});
    x_ = relu(name + ".relu2", sum);
  }

  void mean_over_image() { x_ = graph_.append(ReduceMean{{2, 3}, false}, "mean", {x_}); }
  void flatten() { x_ = graph_.append(Reshape{}, "flatten", {x_}, {batch, features()}); }
  void activate(const std::string& name) { x_ = relu(name, x_); }

  void linear(const std::string& name, std::int64_t out) {
    x_ = graph_.append(Linear{}, name, {x_, constant(name + ".weight", {out, features()}, 0), constant(name + ".bias", {out}, 0)});
  }

  Graph finish() {
    graph_.output = x_;
    return std::move(graph_);
  }

 private:
  ValueId constant(const std::string& name, Dims dims, float value) {
    const auto count = static_cast<std::size_t>(elements(dims));
    return graph_.add_constant(name, {std::move(dims), std::vector<float>(count, value)});
  }

  ValueId by_channel(const std::string& name, const std::vector<float>& values) {
    return graph_.add_constant(name, {{1, static_cast<std::int64_t>(values.size()), 1, 1}, values});
  }

  Graph graph_;
  ValueId x_ = -1;
};

Graph residual_network(Builder builder, int blocks, int classes) {
  builder.stem(16);
  for (int stage = 0; stage < 3; ++stage) {
    for (int block = 0; block < blocks; ++block) {
      builder.residual_block(fmt::format("stage{}.block{}", stage + 1, block + 1), 16 << stage, stage > 0 && block == 0 ? 2 : 1);
    }
  }
  builder.mean_over_image();
  builder.linear("classify", classes);
  return builder.finish();
}

Graph perceptron(Builder builder, int classes) {
  builder.flatten();
  for (int layer = 1; layer <= 2; ++layer) {
    builder.linear(fmt::format("hidden{}", layer), 256);
    builder.activate(fmt::format("relu{}", layer));
  }
  builder.linear("classify", classes);
  return builder.finish();
}

}  // namespace

Graph build_architecture(const std::string& name, const ImageShape& shape, int classes, const Normalisation& normalisation) {
  require(classes >= 2, fmt::format("classes = {}: a classifier has at least 2", classes));
  Builder builder(shape, normalisation);
  if (name == "mlp") return perceptron(std::move(builder), classes);
  constexpr std::string_view prefix = "resnet";
  int depth = 0;
  if (name.starts_with(prefix)) {
    const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), depth);
    if (error != std::errc{} || end != name.data() + name.size()) depth = 0;
  }
  require(depth >= 8 && depth <= 1202 && depth % 6 == 2,
          fmt::format(
              "architecture '{}': resnet8, resnet14, resnet20, resnet32, resnet44, resnet56, resnet110 (6k + 2 layers) or mlp are allowed",
              name));
  return residual_network(std::move(builder), (depth - 2) / 6, classes);
}

}  // namespace ballast::graph
