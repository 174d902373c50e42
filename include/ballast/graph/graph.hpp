// SPDX-License-Identifier: Apache-2.0
//
// A network as data: values joined by operations, in an order in which they
// can be run. Loaded from ONNX, built by an architecture, changed by passes,
// run by the engines, saved as ONNX.

#pragma once

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

// A window's size, step and the like: one entry a direction (rows and columns, or depth, rows and columns).
using Sides = std::vector<std::int64_t>;

// in: x (batch, channels, height, width) or (batch, channels, depth, height, width), weights (out, channels / groups, kernel ...),
// bias (out) or nothing.
struct Convolution {
  Sides strides{1, 1};
  Sides pads{0, 0, 0, 0};  // top, left, bottom, right: of all directions before, then of all behind
  Sides dilations{1, 1};
  std::int64_t groups = 1;
};
// The adjoint of a convolution: every element of x is spread over a window of the output. in: x as of a convolution, weights
// (channels, out / groups, kernel ...), bias (out) or nothing.
struct TransposedConvolution {
  Sides strides{1, 1};
  Sides pads{0, 0, 0, 0};  // cut off the output
  Sides dilations{1, 1};
  std::int64_t groups = 1;
  Sides added{0, 0};  // zeros behind the output, before pads are cut off
};
// x W^T + b on the last dimension. in: x (batch, ..., k), W (out, k), b (out) or nothing.
struct Linear {};
// Matrix products over the last two dimensions; those before are broadcast. in: a (batch, ..., m, k), b (batch, ..., k, n), one of
// which may be constant (the same for every image, with 1 for the batch).
struct MatMul {};
// softmax(scale q k^T + mask) v over the last two dimensions. in: q (batch, ..., m, d), k (batch, ..., n, d), v (batch, ..., n, e),
// mask (broadcast to batch, ..., m, n) or nothing.
struct Attention {
  float scale = 1;
};
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
// (x - mean) / sqrt(variance + epsilon) by the mean and the variance of all elements from an axis on; without centring, x divided by the
// root of the mean square plus epsilon. Then scaled and shifted by element. in: x (batch, ...), scale (dims from the axis on), bias
// (the same) or nothing.
struct LayerNorm {
  std::int64_t axis = 1;
  float epsilon = 1e-5f;
  bool centred = true;
};
// Element by element, of one input. Answers of yes and no are 1 and 0, and whatever is not 0 is a yes.
struct Activation {
  enum class Kind {
    relu,
    clip,        // alpha: least, beta: greatest
    leaky_relu,  // alpha: slope
    elu,         // alpha: slope
    sigmoid,
    tanh,
    gelu,              // x times the normal distribution at x
    hard_swish,        // x times hard_sigmoid of 1/6 and 1/2
    gelu_tanh,         // its approximation by tanh
    swish,             // x sigmoid(alpha x)
    hard_sigmoid,      // alpha x + beta, cut to [0, 1]
    softplus,          // log(1 + e^x)
    softsign,          // x / (1 + |x|)
    selu,              // beta (x, or alpha (e^x - 1) below 0)
    celu,              // x, or alpha (e^(x / alpha) - 1) below 0
    thresholded_relu,  // x above alpha, else 0
    mish,              // x tanh(softplus(x))
    power,             // x^alpha
    exp,
    log,
    sqrt,
    reciprocal,
    erf,
    sin,
    cos,
    abs,
    negative,
    sign,   // 0 of 0
    round,  // halves to the even
    floor,
    ceil,
    quantise,  // to the nearest whole multiple of alpha, of which there are 256: from -beta to 255 - beta, a whole number from 0 to 255
    logical_not,
    is_nan
  };
  Kind kind = Kind::relu;
  float alpha = 0;
  float beta = 0;
};
inline constexpr int activation_kinds = static_cast<int>(Activation::Kind::is_nan) + 1;
// Element by element, of two inputs whose shapes are broadcast as in ONNX. One of them may be constant.
struct Binary {
  enum class Kind {
    add,
    subtract,
    multiply,
    divide,
    power,
    minimum,
    maximum,
    remainder,  // with the sign of the first
    prelu,      // the first, times the second where it is below 0
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    equal,
    logical_and,
    logical_or,
    logical_xor
  };
  Kind kind = Kind::add;
};
inline constexpr int binary_kinds = static_cast<int>(Binary::Kind::logical_xor) + 1;
// Element by element: a where the condition is not 0, else b, shapes broadcast as in ONNX. in: condition, a, b, some of which may be
// constant.
struct Select {};
// Windows over all directions behind the channels: two, or three. in: x (batch, channels, ...).
struct Pool {
  enum class Kind { max, average };
  Kind kind = Kind::max;
  Sides kernel{1, 1};
  Sides strides{1, 1};
  Sides pads{0, 0, 0, 0};      // as of a convolution
  bool count_padding = false;  // average: whether padding counts as zeros
  Sides dilations{1, 1};
  bool ceil = false;  // a last window may go beyond the padding, where nothing counts; it begins within the input or the padding before it
};
// To the output value's height and width. in: x (batch, channels, height, width).
struct Resize {
  enum class Kind {
    nearest,  // enlarged by whole factors: each element repeated
    linear    // between the two nearest in each direction; element i lies at i + 1/2 of the size, and the edge goes on outside
  };
  Kind kind = Kind::nearest;
};
// A linear map along one axis, a blend of elements for each. in: x, weights (size of the output, size of the input).
struct Blend {
  std::int64_t axis = 1;
};
// Over axes (none of them the batch).
struct Reduce {
  std::vector<std::int64_t> axes;
  bool keep = true;  // the axes stay, with size 1
  enum class Kind { mean, sum, product, max, min };
  Kind kind = Kind::mean;
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
// Elements along one axis, which may repeat.
struct Gather {
  std::int64_t axis = 1;
  std::vector<std::int64_t> indices;
};
// Any number of inputs, some of which may be constant (the same for the whole batch).
struct Concat {
  std::int64_t axis = 1;
};
struct Softmax {
  std::int64_t axis = 1;
  bool log = false;  // its logarithm
};

using Operation = std::variant<Convolution, Linear, MatMul, BatchNorm, GroupNorm, Activation, Binary, Pool, Resize, Reduce, Reshape,
                               Transpose, Pad, Slice, Concat, Softmax, TransposedConvolution, Attention, LayerNorm, Select, Blend, Gather>;

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
  std::map<std::string, std::string>
      reading;  // how the file was taken where it leaves a choice: entries of a manifest, beginning with "model_"

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
