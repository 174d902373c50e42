// SPDX-License-Identifier: Apache-2.0
//
// Puts layers behind one another, by name: what architectures are written with.
// Weights are 0, norms do nothing. The order of values is part of an
// architecture: initial weights are drawn by their numbers.

#pragma once

#include <cstdint>
#include <string>

#include "ballast/core/image.hpp"
#include "ballast/graph/architectures.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::graph {

// A square window of a convolution or a pool.
struct Window {
  std::int64_t size = 1, stride = 1, padding = 0;
};

// Every layer is appended behind the value `from`, and its output is returned.
class LayerBuilder {
 public:
  // The network's input and its normalisation. Throws InputError where the images have another number of channels.
  LayerBuilder(const ImageShape& shape, const Normalisation& normalisation);

  // The normalised image.
  ValueId image() const { return image_; }
  std::int64_t channels(ValueId id) const { return graph_.dims(id)[1]; }

  ValueId convolution(const std::string& name, ValueId from, std::int64_t out, Window window);  // without a bias
  ValueId biased_convolution(const std::string& name, ValueId from, std::int64_t out, Window window);
  ValueId norm(const std::string& name, ValueId from);
  ValueId convolution_and_norm(const std::string& name, ValueId from, std::int64_t out, Window window);
  ValueId relu(const std::string& name, ValueId from);
  ValueId norm_and_relu(const std::string& name, ValueId from);
  ValueId sum(const std::string& name, ValueId a, ValueId b);
  ValueId max_pool(const std::string& name, ValueId from, Window window);
  ValueId mean_over_image(ValueId from);
  ValueId flatten(ValueId from);
  ValueId linear(const std::string& name, ValueId from, std::int64_t out);

  // The network that gives this value. Nothing is to be added afterwards.
  Graph finish(ValueId output);

 private:
  ValueId constant(const std::string& name, Dims dims, float value);
  ValueId by_channel(const std::string& name, const std::vector<float>& values);

  Graph graph_;
  ValueId image_ = -1;
};

}  // namespace ballast::graph
