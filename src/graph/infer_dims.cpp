// SPDX-License-Identifier: Apache-2.0
//
// Shape inference: one function an operation.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ballast/core/errors.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::graph {
namespace {

constexpr std::int64_t most_elements = std::int64_t{1} << 31;

void expect(bool condition, const std::string& what) { require(condition, what); }

void expect_rank(const Dims& dims, std::size_t rank) {
  expect(dims.size() == rank, fmt::format("its input is {}, and {} dimensions are allowed", to_string(dims), rank));
}

void expect_batch_first(const Dims& dims) {
  expect(!dims.empty() && dims[0] == batch, fmt::format("its input is {}: the first dimension must be the batch", to_string(dims)));
}

void expect_vector(const Dims& dims, std::int64_t size, std::string_view what) {
  expect(dims == Dims{size}, fmt::format("its {} is {}, and {} is needed", what, to_string(dims), size));
}

std::int64_t window_count(std::int64_t size, std::int64_t kernel, std::int64_t dilation, std::int64_t stride, std::int64_t padding) {
  const std::int64_t span = (kernel - 1) * dilation + 1;
  expect(size + padding >= span, fmt::format("a window of {} does not fit into {} elements", span, size + padding));
  return (size + padding - span) / stride + 1;
}

// Broadcast of one dimension: equal, or one of them 1.
std::int64_t joined(std::int64_t a, std::int64_t b) {
  expect(a == b || a == 1 || b == 1, fmt::format("sizes {} and {} cannot be joined", to_string({a}), to_string({b})));
  return a == 1 ? b : a;
}

Dims broadcast(const Dims& a, const Dims& b) {
  Dims result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto from_end = [&](const Dims& dims) { return i < dims.size() ? dims[dims.size() - 1 - i] : 1; };
    result[result.size() - 1 - i] = joined(from_end(a), from_end(b));
  }
  return result;
}

struct Inference {
  const std::vector<Dims>& in;
  const Dims& given;

  Dims operator()(const Convolution& conv) const {
    expect_rank(in[0], 4), expect_rank(in[1], 4);
    expect_batch_first(in[0]);
    const Dims &x = in[0], &w = in[1];
    expect(conv.groups > 0 && x[1] % conv.groups == 0 && w[1] == x[1] / conv.groups && w[0] % conv.groups == 0,
           fmt::format("weights {} in {} groups do not fit an input of {}", to_string(w), conv.groups, to_string(x)));
    if (in.size() > 2) expect_vector(in[2], w[0], "bias");
    return {batch, w[0], window_count(x[2], w[2], conv.dilations[0], conv.strides[0], conv.pads[0] + conv.pads[2]),
            window_count(x[3], w[3], conv.dilations[1], conv.strides[1], conv.pads[1] + conv.pads[3])};
  }

  Dims operator()(const Linear&) const {
    expect_rank(in[1], 2);
    expect_batch_first(in[0]);
    expect(in[0].size() >= 2 && in[0].back() == in[1][1],
           fmt::format("weights {} do not fit an input of {}", to_string(in[1]), to_string(in[0])));
    if (in.size() > 2) expect_vector(in[2], in[1][0], "bias");
    Dims out = in[0];
    out.back() = in[1][0];
    return out;
  }

  Dims operator()(const MatMul&) const {
    const Dims &a = in[0], &b = in[1];
    expect(a.size() >= 3 && a.size() == b.size(),
           fmt::format("{} times {} is not a product of batches of matrices", to_string(a), to_string(b)));
    expect_batch_first(a), expect_batch_first(b);
    const std::size_t rank = a.size();
    expect(std::equal(a.begin(), a.end() - 2, b.begin()) && a[rank - 1] == b[rank - 2],
           fmt::format("{} times {} does not fit", to_string(a), to_string(b)));
    Dims out = a;
    out.back() = b.back();
    return out;
  }

  Dims operator()(const BatchNorm&) const {
    expect(in[0].size() >= 2, fmt::format("its input is {}, which has no channels", to_string(in[0])));
    expect_batch_first(in[0]);
    for (std::size_t i = 1; i < 5; ++i) expect_vector(in[i], in[0][1], "statistics");
    return in[0];
  }

  Dims operator()(const GroupNorm& norm) const {
    expect(in[0].size() >= 2, fmt::format("its input is {}, which has no channels", to_string(in[0])));
    expect_batch_first(in[0]);
    expect(norm.groups > 0 && in[0][1] % norm.groups == 0,
           fmt::format("{} groups do not fit an input of {}", norm.groups, to_string(in[0])));
    expect_vector(in[1], in[0][1], "scale"), expect_vector(in[2], in[0][1], "bias");
    return in[0];
  }

  Dims operator()(const Activation&) const {
    expect_batch_first(in[0]);
    return in[0];
  }

  Dims operator()(const Binary&) const {
    const Dims out = broadcast(in[0], in[1]);
    expect_batch_first(out);
    return out;
  }

  Dims operator()(const Pool& pool) const {
    expect_rank(in[0], 4);
    expect_batch_first(in[0]);
    return {batch, in[0][1], window_count(in[0][2], pool.kernel[0], 1, pool.strides[0], pool.pads[0] + pool.pads[2]),
            window_count(in[0][3], pool.kernel[1], 1, pool.strides[1], pool.pads[1] + pool.pads[3])};
  }

  Dims operator()(const Resize& resize) const {
    expect_rank(in[0], 4), expect_rank(given, 4);
    expect_batch_first(in[0]), expect_batch_first(given);
    expect(given[1] == in[0][1], fmt::format("it makes {} of {}: only height and width may change", to_string(given), to_string(in[0])));
    const bool repeats = given[2] % in[0][2] == 0 && given[3] % in[0][3] == 0;
    expect(resize.kind != Resize::Kind::nearest || repeats,
           fmt::format("by its nearest elements it makes {} of {}: only whole factors are allowed", to_string(given), to_string(in[0])));
    return given;
  }

  Dims operator()(const ReduceMean& mean) const {
    expect_batch_first(in[0]);
    Dims out;
    for (std::size_t i = 0; i < in[0].size(); ++i) {
      const bool reduced = std::count(mean.axes.begin(), mean.axes.end(), static_cast<std::int64_t>(i)) > 0;
      expect(!(reduced && i == 0), "a mean over the batch makes one image depend on another");
      if (!reduced) out.push_back(in[0][i]);
      else if (mean.keep) out.push_back(1);
    }
    return out;
  }

  Dims operator()(const Reshape&) const {
    expect_batch_first(in[0]), expect_batch_first(given);
    expect(elements(in[0]) == elements(given), fmt::format("{} cannot become {}", to_string(in[0]), to_string(given)));
    return given;
  }

  Dims operator()(const Transpose& transpose) const {
    const auto rank = in[0].size();
    Dims out(rank), seen(rank);
    expect(transpose.order.size() == rank,
           fmt::format("an order of {} dimensions for an input of {}", transpose.order.size(), to_string(in[0])));
    for (std::size_t i = 0; i < rank; ++i) {
      const std::int64_t from = transpose.order[i];
      expect(from >= 0 && from < static_cast<std::int64_t>(rank) && !seen[static_cast<std::size_t>(from)]++, "its order is no permutation");
      out[i] = in[0][static_cast<std::size_t>(from)];
    }
    expect(transpose.order[0] == 0, "it moves the batch, which must stay first");
    return out;
  }

  Dims operator()(const Pad& pad) const {
    expect(pad.before.size() == in[0].size() && pad.after.size() == in[0].size(),
           "it pads another number of dimensions than its input has");
    expect_batch_first(in[0]);
    expect(pad.before[0] == 0 && pad.after[0] == 0, "it pads the batch");
    Dims out = in[0];
    for (std::size_t i = 1; i < out.size(); ++i) {
      expect(pad.before[i] >= 0 && pad.after[i] >= 0, "negative padding is not supported");
      out[i] += pad.before[i] + pad.after[i];
    }
    return out;
  }

  Dims operator()(const Slice& slice) const {
    expect_batch_first(in[0]), expect_batch_first(given);
    expect(slice.starts.size() == in[0].size() && slice.steps.size() == in[0].size() && given.size() == in[0].size(),
           "it slices another number of dimensions than its input has");
    for (std::size_t i = 1; i < given.size(); ++i) {
      expect(slice.steps[i] > 0 && given[i] > 0 && slice.starts[i] >= 0 && slice.starts[i] + (given[i] - 1) * slice.steps[i] < in[0][i],
             "it takes what its input does not have (or nothing at all)");
    }
    return given;
  }

  Dims operator()(const Concat& concat) const {
    Dims out;
    for (const Dims& dims : in) {
      if (out.empty() && !dims.empty() && dims[0] == batch) out = dims;
    }
    expect_batch_first(out);
    expect(concat.axis > 0 && concat.axis < static_cast<std::int64_t>(out.size()), "its axis must not be the batch, and must be there");
    const auto axis = static_cast<std::size_t>(concat.axis);
    out[axis] = 0;
    for (const Dims& dims : in) {
      expect(dims.size() == out.size(), "its inputs have different numbers of dimensions");
      expect(dims[0] == batch || dims[0] == 1, fmt::format("its constant {} is not the same for every image", to_string(dims)));
      for (std::size_t i = 1; i < out.size(); ++i) expect(i == axis || dims[i] == out[i], "its inputs' shapes do not fit");
      out[axis] += dims[axis];
    }
    return out;
  }

  Dims operator()(const Softmax& softmax) const {
    expect_batch_first(in[0]);
    expect(softmax.axis > 0 && softmax.axis < static_cast<std::int64_t>(in[0].size()), "its axis must not be the batch, and must be there");
    return in[0];
  }
};

}  // namespace

Dims infer_dims(const Operation& operation, const std::vector<Dims>& inputs, const Dims& output_dims) {
  const Dims out = std::visit(Inference{inputs, output_dims}, operation);
  expect_batch_first(out);
  double count = 1;
  for (std::size_t i = 1; i < out.size(); ++i) {
    expect(out[i] > 0, fmt::format("its output would be {}", to_string(out)));
    count *= static_cast<double>(out[i]);
  }
  expect(count < static_cast<double>(most_elements), fmt::format("its output would be {}: too large", to_string(out)));
  return out;
}

}  // namespace ballast::graph
