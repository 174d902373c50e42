// SPDX-License-Identifier: Apache-2.0
//
// A network as data: values joined by operations, in an order in which they
// can be run. Loaded from ONNX, built by an architecture, changed by passes,
// run by the engines, saved as ONNX.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ballast::graph {

// Sizes by dimension. A value that is computed has `batch` first.
using Dims = std::vector<std::int64_t>;
inline constexpr std::int64_t batch = -1;

// Elements that dims span; the batch, where there is one, counts as one.
std::int64_t elements(const Dims& dims);

// "batch x 3 x 32 x 32".
std::string to_string(const Dims& dims);

struct Tensor {
  Dims dims;
  std::vector<float> values;  // row-major
};

using ValueId = int;

struct Value {
  std::string name;
  Dims dims;
  std::shared_ptr<const Tensor> constant;  // null: computed, or the network's input
};

// Operations. What follows "in:" are a node's inputs, in order.

// in: x (batch, channels, height, width), weights (out, channels / groups, kernel height, kernel width), bias (out) or nothing.
struct Convolution {
  std::array<std::int64_t, 2> strides{1, 1};
  std::array<std::int64_t, 4> pads{0, 0, 0, 0};  // top, left, bottom, right
  std::array<std::int64_t, 2> dilations{1, 1};
  std::int64_t groups = 1;
};
// x W^T + b on the last dimension. in: x (batch, ..., k), W (out, k), b (out) or nothing.
struct Linear {};
// Matrix products over the last two dimensions, which both inputs have computed. in: a (batch, ..., m, k), b (batch, ..., k, n).
struct MatMul {};
// in: x (batch, channels, ...), scale, bias, mean, variance (channels each).
struct BatchNorm {
  float epsilon = 1e-5f;
};
// (x - mean) / sqrt(variance + epsilon) by the mean and the variance of each group of neighbouring channels of one image,
// then scaled and shifted by channel. in: x (batch, channels, ...), scale, bias (channels each).
struct GroupNorm {
  std::int64_t groups = 1;
  float epsilon = 1e-5f;
};
// Element by element, of one input.
struct Activation {
  enum class Kind { relu, clip, leaky_relu, elu, sigmoid, tanh, gelu, hard_swish };
  Kind kind = Kind::relu;
  float alpha = 0;  // clip: least; leaky_relu, elu: slope
  float beta = 0;   // clip: greatest
};
// Element by element, of two inputs whose shapes are broadcast as in ONNX. One of them may be constant.
struct Binary {
  enum class Kind { add, subtract, multiply, divide };
  Kind kind = Kind::add;
};
// in: x (batch, channels, height, width).
struct Pool {
  enum class Kind { max, average };
  Kind kind = Kind::max;
  std::array<std::int64_t, 2> kernel{1, 1};
  std::array<std::int64_t, 2> strides{1, 1};
  std::array<std::int64_t, 4> pads{0, 0, 0, 0};
  bool count_padding = false;  // average: whether padding counts as zeros
};
// To the output value's height and width. in: x (batch, channels, height, width).
struct Resize {
  enum class Kind {
    nearest,  // enlarged by whole factors: each element repeated
    linear    // between the two nearest in each direction; element i lies at i + 1/2 of the size, and the edge goes on outside
  };
  Kind kind = Kind::nearest;
};
// Mean over axes (none of them the batch).
struct ReduceMean {
  std::vector<std::int64_t> axes;
  bool keep = true;  // the axes stay, with size 1
};
// To the output value's dims, in row-major order within one image.
struct Reshape {};
struct Transpose {
  std::vector<std::int64_t> order;  // output dimension i is input dimension order[i]; order[0] = 0
};
struct Pad {
  std::vector<std::int64_t> before, after;  // one entry a dimension
  float value = 0;
};
struct Slice {
  std::vector<std::int64_t> starts, steps;  // one entry a dimension, steps above 0; sizes are the output value's
};
// Any number of inputs, some of which may be constant (the same for the whole batch).
struct Concat {
  std::int64_t axis = 1;
};
struct Softmax {
  std::int64_t axis = 1;
};

using Operation = std::variant<Convolution, Linear, MatMul, BatchNorm, GroupNorm, Activation, Binary, Pool, Resize, ReduceMean, Reshape,
                               Transpose, Pad, Slice, Concat, Softmax>;

// What a person would call the operation: "Conv", "Relu", ...
std::string_view name_of(const Operation& operation);

struct Node {
  Operation operation;
  std::string name;
  std::vector<ValueId> inputs;
  ValueId output = -1;
};

struct Graph {
  std::vector<Value> values;
  std::vector<Node> nodes;  // in an order in which they can run
  ValueId input = -1;
  ValueId output = -1;
  std::map<std::string, std::string> metadata;  // kept in the ONNX file

  const Value& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  Value& value(ValueId id) { return values[static_cast<std::size_t>(id)]; }
  const Dims& dims(ValueId id) const { return value(id).dims; }
  bool is_constant(ValueId id) const { return value(id).constant != nullptr; }
  const Tensor& tensor(ValueId id) const { return *value(id).constant; }

  ValueId add_input(std::string name, Dims dims);
  ValueId add_constant(std::string name, Tensor tensor);

  // Appends a node and returns its output, whose dims are inferred (or given,
  // where the operation does not determine them: Reshape, Resize, Slice). Throws
  // InputError naming the node where the shapes do not fit.
  ValueId append(Operation operation, std::string name, std::vector<ValueId> inputs, Dims output_dims = {});

  // Classes the network tells apart: the output's only dimension beside the batch.
  int classes() const;
};

// Dims of a node's output from its inputs' dims; throws InputError saying what does not fit.
Dims infer_dims(const Operation& operation, const std::vector<Dims>& inputs, const Dims& output_dims);

// Numbers of a network for people.
struct Cost {
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;  // one image; convolutions and matrix products
};
Cost cost(const Graph& graph);
std::int64_t multiply_adds(const Graph& graph, const Node& node);

}  // namespace ballast::graph
