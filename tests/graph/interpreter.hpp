// SPDX-License-Identifier: Apache-2.0
//
// What a network means: every operation written as its definition, in double
// precision, with no thought of speed.

#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::graph::testing {

struct Array {
  Dims dims;  // the batch, too, has its true size
  std::vector<double> values;
};

inline std::size_t index_of(const Dims& dims, const Dims& position) {
  std::size_t index = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) index = index * static_cast<std::size_t>(dims[i]) + static_cast<std::size_t>(position[i]);
  return index;
}

// An array whose element at each position is compute(position).
template <typename Compute>
Array filled(const Dims& dims, Compute&& compute) {
  Array out{dims, std::vector<double>(static_cast<std::size_t>(elements(dims)))};
  Dims position(dims.size());
  for (double& value : out.values) {
    value = compute(const_cast<const Dims&>(position));
    for (std::size_t i = dims.size(); i-- > 0;) {
      if (++position[i] < dims[i]) break;
      position[i] = 0;
    }
  }
  return out;
}

class Interpreter {
 public:
  // stored: what becomes of a value that a node has computed.
  using Stored = std::function<double(double)>;

  Interpreter(const Graph& graph, const Array& input, const Stored& stored = {}) : graph_(graph), batch_size_(input.dims.at(0)) {
    arrays_[graph.input] = input;
    for (const Node& node : graph.nodes) {
      in_.clear();
      for (const ValueId id : node.inputs) in_.push_back(&array(id));
      out_ = graph.dims(node.output);
      out_.at(0) = batch_size_;
      Array result = std::visit(*this, node.operation);
      if (result.dims != out_)
        throw std::logic_error("node '" + node.name + "' gives " + to_string(result.dims) + ", not " + to_string(out_));
      if (stored) std::transform(result.values.begin(), result.values.end(), result.values.begin(), stored);
      arrays_[node.output] = std::move(result);
    }
  }

  const Array& output() { return array(graph_.output); }

  Array operator()(const Convolution& conv) const {
    const Array &x = *in_[0], &w = *in_[1];
    const std::int64_t outputs_per_group = w.dims[0] / conv.groups;
    const std::size_t directions = conv.strides.size();
    return filled(out_, [&](const Dims& at) {
      double sum = in_.size() > 2 ? in_[2]->values[static_cast<std::size_t>(at[1])] : 0;
      Dims taps = w.dims;
      taps[0] = 1;
      filled(taps, [&](const Dims& tap) {
        Dims from{at[0], at[1] / outputs_per_group * w.dims[1] + tap[1]}, weight = tap;
        weight[0] = at[1];
        for (std::size_t i = 0; i < directions; ++i) {
          from.push_back(at[i + 2] * conv.strides[i] - conv.pads[i] + tap[i + 2] * conv.dilations[i]);
          if (from.back() < 0 || from.back() >= x.dims[i + 2]) return 0.0;
        }
        return sum += x.values[index_of(x.dims, from)] * w.values[index_of(w.dims, weight)];
      });
      return sum;
    });
  }

  // As the adjoint of a convolution: every output gathers what the convolution of these weights would take from it.
  Array operator()(const TransposedConvolution& conv) const {
    const Array &x = *in_[0], &w = *in_[1];
    const std::int64_t ins_per_group = x.dims[1] / conv.groups;
    return filled(out_, [&](const Dims& at) {
      double sum = in_.size() > 2 ? in_[2]->values[static_cast<std::size_t>(at[1])] : 0;
      Dims sources = x.dims;
      sources[0] = 1, sources[1] = ins_per_group;
      filled(sources, [&](const Dims& source) {
        Dims from = source, weight{at[1] / w.dims[1] * ins_per_group + source[1], at[1] % w.dims[1]};
        from[0] = at[0], from[1] = weight[0];
        for (std::size_t i = 0; i < conv.strides.size(); ++i) {
          const std::int64_t reach = at[i + 2] + conv.pads[i] - source[i + 2] * conv.strides[i];
          if (reach < 0 || reach % conv.dilations[i] != 0 || reach / conv.dilations[i] >= w.dims[i + 2]) return 0.0;
          weight.push_back(reach / conv.dilations[i]);
        }
        return sum += x.values[index_of(x.dims, from)] * w.values[index_of(w.dims, weight)];
      });
      return sum;
    });
  }

  Array operator()(const Linear&) const {
    const Array &x = *in_[0], &w = *in_[1];
    return filled(out_, [&](const Dims& at) {
      double sum = in_.size() > 2 ? in_[2]->values[static_cast<std::size_t>(at.back())] : 0;
      Dims from = at;
      for (from.back() = 0; from.back() < w.dims[1]; ++from.back()) {
        sum += x.values[index_of(x.dims, from)] * w.values[index_of(w.dims, {at.back(), from.back()})];
      }
      return sum;
    });
  }

  Array operator()(const MatMul&) const {
    const Array &a = *in_[0], &b = *in_[1];
    return filled(out_, [&](const Dims& at) {
      double sum = 0;
      Dims left = at, right = at;
      for (std::int64_t k = 0; k < a.dims.back(); ++k) {
        left.back() = right[right.size() - 2] = k;
        sum += broadcast(a, left) * broadcast(b, right);
      }
      return sum;
    });
  }

  Array operator()(const Attention& attention) const {
    const Array &q = *in_[0], &k = *in_[1], &v = *in_[2];
    const std::size_t rank = q.dims.size();
    const auto keys = k.dims[rank - 2];
    return filled(out_, [&](const Dims& at) {
      double sum = 0, weights = 0;
      for (std::int64_t key = 0; key < keys; ++key) {
        Dims score = at, left = at, right = at, value = at;
        score.back() = right[rank - 2] = value[rank - 2] = key;
        double product = 0;
        for (left.back() = 0; left.back() < q.dims.back(); ++left.back()) {
          right.back() = left.back();
          product += q.values[index_of(q.dims, left)] * k.values[index_of(k.dims, right)];
        }
        const double weight = std::exp(product * static_cast<double>(attention.scale) + (in_.size() > 3 ? broadcast(*in_[3], score) : 0));
        weights += weight;
        sum += weight * v.values[index_of(v.dims, value)];
      }
      return sum / weights;
    });
  }

  Array operator()(const LayerNorm& norm) const {
    const Array& x = *in_[0];
    const auto axis = static_cast<std::ptrdiff_t>(norm.axis);
    const auto size = static_cast<std::size_t>(elements({x.dims.begin() + axis, x.dims.end()}));
    Array out = x;
    for (std::size_t row = 0; row < x.values.size(); row += size) {
      double sum = 0, squares = 0;
      for (std::size_t i = row; i < row + size; ++i) sum += x.values[i];
      const double mean = norm.centred ? sum / static_cast<double>(size) : 0;
      for (std::size_t i = row; i < row + size; ++i) squares += (x.values[i] - mean) * (x.values[i] - mean);
      const double root = std::sqrt(squares / static_cast<double>(size) + static_cast<double>(norm.epsilon));
      for (std::size_t i = 0; i < size; ++i) {
        out.values[row + i] = (x.values[row + i] - mean) / root * in_[1]->values[i] + (in_.size() > 2 ? in_[2]->values[i] : 0);
      }
    }
    return out;
  }

  Array operator()(const Select&) const {
    return filled(out_, [&](const Dims& at) { return broadcast(*in_[0], at) != 0 ? broadcast(*in_[1], at) : broadcast(*in_[2], at); });
  }

  Array operator()(const Blend& blend) const {
    const Array &x = *in_[0], &w = *in_[1];
    const auto axis = static_cast<std::size_t>(blend.axis);
    return filled(out_, [&](const Dims& at) {
      double sum = 0;
      Dims from = at;
      for (from[axis] = 0; from[axis] < w.dims[1]; ++from[axis])
        sum += w.values[index_of(w.dims, {at[axis], from[axis]})] * x.values[index_of(x.dims, from)];
      return sum;
    });
  }

  Array operator()(const Gather& gather) const {
    return filled(out_, [&](const Dims& at) {
      Dims from = at;
      std::int64_t& place = from[static_cast<std::size_t>(gather.axis)];
      place = gather.indices[static_cast<std::size_t>(place)];
      return in_[0]->values[index_of(in_[0]->dims, from)];
    });
  }

  Array operator()(const BatchNorm& norm) const {
    return filled(out_, [&](const Dims& at) {
      const auto of = [&](std::size_t input) { return in_[input]->values[static_cast<std::size_t>(at[1])]; };
      return (in_[0]->values[index_of(in_[0]->dims, at)] - of(3)) / std::sqrt(of(4) + static_cast<double>(norm.epsilon)) * of(1) + of(2);
    });
  }

  Array operator()(const GroupNorm& norm) const {
    const Array& x = *in_[0];
    const std::int64_t group_size = x.dims[1] / norm.groups;
    const auto group_of = [&](const Dims& at) { return std::pair{at[0], at[1] / group_size}; };
    std::map<std::pair<std::int64_t, std::int64_t>, double> means, variances;
    const double count = static_cast<double>(x.values.size()) / static_cast<double>(x.dims[0] * norm.groups);
    filled(x.dims, [&](const Dims& at) { return means[group_of(at)] += x.values[index_of(x.dims, at)] / count; });
    filled(x.dims, [&](const Dims& at) {
      const double off = x.values[index_of(x.dims, at)] - means[group_of(at)];
      return variances[group_of(at)] += off * off / count;
    });
    return filled(out_, [&](const Dims& at) {
      const double normal =
          (x.values[index_of(x.dims, at)] - means[group_of(at)]) / std::sqrt(variances[group_of(at)] + static_cast<double>(norm.epsilon));
      const auto channel = static_cast<std::size_t>(at[1]);
      return normal * in_[1]->values[channel] + in_[2]->values[channel];
    });
  }

  Array operator()(const Activation& activation) const {
    Array out = *in_[0];
    for (double& value : out.values) value = activated(activation, value);
    return out;
  }

  Array operator()(const Binary& binary) const {
    return filled(out_, [&](const Dims& at) -> double {
      const double a = broadcast(*in_[0], at), b = broadcast(*in_[1], at);
      switch (binary.kind) {
        case Binary::Kind::add: return a + b;
        case Binary::Kind::subtract: return a - b;
        case Binary::Kind::multiply: return a * b;
        case Binary::Kind::divide: return a / b;
        case Binary::Kind::power: return std::exp(b * std::log(a));
        case Binary::Kind::minimum: return std::min(a, b);
        case Binary::Kind::maximum: return std::max(a, b);
        case Binary::Kind::remainder: return a - b * std::trunc(a / b);
        case Binary::Kind::prelu: return std::max(a, 0.0) + b * std::min(a, 0.0);
        case Binary::Kind::less: return a < b;
        case Binary::Kind::less_or_equal: return a <= b;
        case Binary::Kind::greater: return a > b;
        case Binary::Kind::greater_or_equal: return a >= b;
        case Binary::Kind::equal: return a == b;
        case Binary::Kind::logical_and: return a != 0 && b != 0;
        case Binary::Kind::logical_or: return a != 0 || b != 0;
        case Binary::Kind::logical_xor: return (a != 0) != (b != 0);
      }
      return a;
    });
  }

  // Beyond the padding, nothing counts.
  Array operator()(const Pool& pool) const {
    const Array& x = *in_[0];
    const std::size_t directions = pool.kernel.size();
    Dims window{1, 1};
    window.insert(window.end(), pool.kernel.begin(), pool.kernel.end());
    return filled(out_, [&](const Dims& at) {
      double sum = 0, most = -INFINITY;
      int inside = 0, with_padding = 0;
      filled(window, [&](const Dims& tap) {
        Dims from{at[0], at[1]};
        bool is_inside = true, is_padded = true;
        for (std::size_t i = 0; i < directions; ++i) {
          from.push_back(at[i + 2] * pool.strides[i] - pool.pads[i] + tap[i + 2] * pool.dilations[i]);
          is_inside = is_inside && from.back() >= 0 && from.back() < x.dims[i + 2];
          is_padded = is_padded && from.back() < x.dims[i + 2] + pool.pads[i + directions];
        }
        with_padding += is_padded ? 1 : 0;
        if (!is_inside) return 0.0;
        const double value = x.values[index_of(x.dims, from)];
        sum += value, most = std::max(most, value), ++inside;
        return value;
      });
      if (pool.kind == Pool::Kind::max) return most;
      return sum / (pool.count_padding ? with_padding : inside);
    });
  }

  Array operator()(const Resize& resize) const {
    const Array& x = *in_[0];
    return filled(out_, [&](const Dims& at) {
      Dims lower = at, upper = at;
      double weight_up[4] = {};
      for (const std::size_t i : {std::size_t{2}, std::size_t{3}}) {
        const double size = static_cast<double>(x.dims[i]), scale = static_cast<double>(out_[i]) / size;
        const double place = std::clamp((static_cast<double>(at[i]) + 0.5) / scale - 0.5, 0.0, size - 1);
        const bool nearest = resize.kind == Resize::Kind::nearest;
        lower[i] = static_cast<std::int64_t>(nearest ? std::floor(static_cast<double>(at[i]) / scale) : std::floor(place));
        upper[i] = nearest ? lower[i] : std::min(lower[i] + 1, x.dims[i] - 1);
        weight_up[i] = nearest ? 0 : place - static_cast<double>(lower[i]);
      }
      double sum = 0;
      for (const auto& [row, down] : {std::pair{lower[2], 1 - weight_up[2]}, std::pair{upper[2], weight_up[2]}}) {
        for (const auto& [column, across] : {std::pair{lower[3], 1 - weight_up[3]}, std::pair{upper[3], weight_up[3]}})
          sum += down * across * x.values[index_of(x.dims, {at[0], at[1], row, column})];
      }
      return sum;
    });
  }

  Array operator()(const Reduce& reduce) const {
    using Kind = Reduce::Kind;
    const Array& x = *in_[0];
    Dims kept = x.dims;
    for (const std::int64_t axis : reduce.axes) kept.at(static_cast<std::size_t>(axis)) = 1;
    std::vector<std::vector<double>> parts(static_cast<std::size_t>(elements(kept)));
    filled(x.dims, [&](const Dims& at) {
      Dims to = at;
      for (const std::int64_t axis : reduce.axes) to[static_cast<std::size_t>(axis)] = 0;
      parts[index_of(kept, to)].push_back(x.values[index_of(x.dims, at)]);
      return 0.0;
    });
    Array result{kept, {}};
    for (const std::vector<double>& part : parts) {
      double sum = 0, product = 1;
      for (const double value : part) sum += value, product *= value;
      switch (reduce.kind) {
        case Kind::mean: result.values.push_back(sum / static_cast<double>(part.size())); break;
        case Kind::sum: result.values.push_back(sum); break;
        case Kind::product: result.values.push_back(product); break;
        case Kind::max: result.values.push_back(*std::max_element(part.begin(), part.end())); break;
        case Kind::min: result.values.push_back(*std::min_element(part.begin(), part.end())); break;
      }
    }
    result.dims = out_;
    return result;
  }

  Array operator()(const Reshape&) const { return {out_, in_[0]->values}; }

  Array operator()(const Transpose& transpose) const {
    return filled(out_, [&](const Dims& at) {
      Dims from(at.size());
      for (std::size_t i = 0; i < at.size(); ++i) from[static_cast<std::size_t>(transpose.order[i])] = at[i];
      return in_[0]->values[index_of(in_[0]->dims, from)];
    });
  }

  Array operator()(const Pad& pad) const {
    const Array& x = *in_[0];
    return filled(out_, [&](const Dims& at) {
      Dims from = at;
      for (std::size_t i = 0; i < at.size(); ++i) {
        from[i] -= pad.before[i];
        if (from[i] < 0 || from[i] >= x.dims[i]) return static_cast<double>(pad.value);
      }
      return x.values[index_of(x.dims, from)];
    });
  }

  Array operator()(const Slice& slice) const {
    return filled(out_, [&](const Dims& at) {
      Dims from = at;
      for (std::size_t i = 1; i < at.size(); ++i) from[i] = slice.starts[i] + at[i] * slice.steps[i];
      return in_[0]->values[index_of(in_[0]->dims, from)];
    });
  }

  Array operator()(const Concat& concat) const {
    const auto axis = static_cast<std::size_t>(concat.axis);
    return filled(out_, [&](const Dims& at) {
      Dims from = at;
      for (const Array* part : in_) {
        if (from[axis] < part->dims[axis]) return broadcast(*part, from);
        from[axis] -= part->dims[axis];
      }
      return static_cast<double>(NAN);
    });
  }

  Array operator()(const Softmax& softmax) const {
    const Array& x = *in_[0];
    return filled(out_, [&](const Dims& at) {
      const double own = x.values[index_of(x.dims, at)];
      Dims other = at;
      double sum = 0;
      std::int64_t& along = other[static_cast<std::size_t>(softmax.axis)];
      for (along = 0; along < x.dims[static_cast<std::size_t>(softmax.axis)]; ++along)
        sum += std::exp(x.values[index_of(x.dims, other)] - own);
      return softmax.log ? -std::log(sum) : 1 / sum;
    });
  }

 private:
  const Array& array(ValueId id) {
    const auto found = arrays_.find(id);
    if (found != arrays_.end()) return found->second;
    if (!graph_.is_constant(id)) throw std::logic_error("'" + graph_.value(id).name + "' is read before it is computed");
    const Tensor& tensor = graph_.tensor(id);
    if (static_cast<std::int64_t>(tensor.values.size()) != elements(tensor.dims)) throw std::logic_error("a constant has too few values");
    return arrays_[id] = {tensor.dims, {tensor.values.begin(), tensor.values.end()}};
  }

  static double broadcast(const Array& array, const Dims& at) {
    Dims from(at.end() - static_cast<std::ptrdiff_t>(array.dims.size()), at.end());
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (array.dims[i] == 1) from[i] = 0;
    }
    return array.values[index_of(array.dims, from)];
  }

  static double activated(const Activation& activation, double x) {
    const double alpha = static_cast<double>(activation.alpha), beta = static_cast<double>(activation.beta);
    switch (activation.kind) {
      case Activation::Kind::relu: return std::max(x, 0.0);
      case Activation::Kind::clip: return std::min(std::max(x, alpha), beta);
      case Activation::Kind::leaky_relu: return x < 0 ? alpha * x : x;
      case Activation::Kind::elu: return x < 0 ? alpha * std::expm1(x) : x;
      case Activation::Kind::sigmoid: return 1 / (1 + std::exp(-x));
      case Activation::Kind::tanh: return std::tanh(x);
      case Activation::Kind::gelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
      case Activation::Kind::hard_swish: return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
      case Activation::Kind::gelu_tanh: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
      case Activation::Kind::swish: return x / (1 + std::exp(-alpha * x));
      case Activation::Kind::hard_sigmoid: return std::clamp(alpha * x + beta, 0.0, 1.0);
      case Activation::Kind::softplus: return std::log(1 + std::exp(x));
      case Activation::Kind::softsign: return x / (1 + std::abs(x));
      case Activation::Kind::selu: return beta * (std::max(x, 0.0) + std::min(alpha * (std::exp(x) - 1), 0.0));
      case Activation::Kind::celu: return std::max(x, 0.0) + std::min(alpha * (std::exp(x / alpha) - 1), 0.0);
      case Activation::Kind::thresholded_relu: return x > alpha ? x : 0;
      case Activation::Kind::mish: return x * std::tanh(std::log(1 + std::exp(x)));
      case Activation::Kind::power: return std::pow(x, alpha);
      case Activation::Kind::exp: return std::exp(x);
      case Activation::Kind::log: return std::log(x);
      case Activation::Kind::sqrt: return std::sqrt(x);
      case Activation::Kind::reciprocal: return 1 / x;
      case Activation::Kind::erf: return std::erf(x);
      case Activation::Kind::sin: return std::sin(x);
      case Activation::Kind::cos: return std::cos(x);
      case Activation::Kind::abs: return std::abs(x);
      case Activation::Kind::negative: return -x;
      case Activation::Kind::sign: return (x > 0) - (x < 0);
      case Activation::Kind::round: return std::remainder(x, 1.0) == 0 ? x : x - std::remainder(x, 1.0);
      case Activation::Kind::floor: return std::floor(x);
      case Activation::Kind::ceil: return std::ceil(x);
      case Activation::Kind::quantise: {
        const double steps = x / alpha, whole = steps - std::remainder(steps, 1.0);
        return std::isnan(x) ? x : std::min(std::max(whole, -beta), 255 - beta) * alpha;
      }
      case Activation::Kind::logical_not: return x == 0;
      case Activation::Kind::is_nan: return std::isnan(x);
    }
    return x;
  }

  const Graph& graph_;
  std::int64_t batch_size_;
  std::map<ValueId, Array> arrays_;
  std::vector<const Array*> in_;
  Dims out_;
};

// The network's output on a batch of images, one after another in `input`.
inline std::vector<double> run(const Graph& graph, const std::vector<double>& input, const Interpreter::Stored& stored = {}) {
  Dims dims = graph.dims(graph.input);
  dims.at(0) = static_cast<std::int64_t>(input.size()) / elements(dims);
  return Interpreter(graph, {dims, input}, stored).output().values;
}

// Inputs of `count` images that differ from each other, from 0 to 1.
inline std::vector<double> sample_images(const Graph& graph, std::int64_t count) {
  std::vector<double> images(static_cast<std::size_t>(count * elements(graph.dims(graph.input))));
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<double>((i * 40503 + 77) % 65521) / 65521;
  return images;
}

}  // namespace ballast::graph::testing
