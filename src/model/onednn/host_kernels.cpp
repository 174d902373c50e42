// SPDX-License-Identifier: Apache-2.0

#include "host_kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "ballast/graph/elementwise.hpp"
#include "walk.hpp"

namespace ballast::model::onednn {
namespace {

using graph::Dims;
using In = std::span<const float* const>;

}  // namespace

HostKernel unary_kernel(const graph::Activation& activation, std::int64_t count) {
  using Kind = graph::Activation::Kind;
  if (activation.kind == Kind::power && activation.alpha == 2) {
    return [count](In in, float* out) {
      for (std::int64_t i = 0; i < count; ++i) out[i] = in[0][i] * in[0][i];
    };
  }
  if (activation.kind == Kind::quantise) {
    // Cut first, then rounded by what a float of this size can hold, which every processor does several at a time.
    constexpr float whole_from = 0x1.8p23f;
    return [step = activation.alpha, least = -activation.beta, greatest = 255 - activation.beta, count](In in, float* out) {
      for (std::int64_t i = 0; i < count; ++i) {
        float steps = in[0][i] / step;
        steps = steps < least ? least : steps;
        steps = steps > greatest ? greatest : steps;
        out[i] = ((steps + whole_from) - whole_from) * step;
      }
    };
  }
  return graph::with_function(activation, [&](auto function) -> HostKernel {
    return [function, count](In in, float* out) {
      for (std::int64_t i = 0; i < count; ++i) out[i] = function(in[0][i]);
    };
  });
}

HostKernel binary_kernel(const graph::Binary& binary, const Dims& a, const Dims& b, const Dims& out) {
  const Walk<2> walk(out, {a, b});
  return graph::with_function(binary, [&](auto function) -> HostKernel {
    return [walk, function](In in, float* result) {
      const std::int64_t size = walk.row_size(), left_step = walk.row_step(0), right_step = walk.row_step(1);
      walk.rows([&](std::int64_t start, const std::array<std::int64_t, 2>& at) {
        const float *left = in[0] + at[0], *right = in[1] + at[1];
        float* to = result + start;
        if (left_step == 1 && right_step == 1) {
          for (std::int64_t i = 0; i < size; ++i) to[i] = function(left[i], right[i]);
        } else {
          for (std::int64_t i = 0; i < size; ++i) to[i] = function(left[i * left_step], right[i * right_step]);
        }
      });
    };
  });
}

HostKernel select_kernel(const Dims& condition, const Dims& a, const Dims& b, const Dims& out) {
  return [walk = Walk<3>(out, {condition, a, b})](In in, float* result) {
    const std::array<std::int64_t, 3> step{walk.row_step(0), walk.row_step(1), walk.row_step(2)};
    walk.rows([&](std::int64_t start, const std::array<std::int64_t, 3>& at) {
      for (std::int64_t i = 0; i < walk.row_size(); ++i) {
        const bool first = in[0][at[0] + i * step[0]] != 0;
        result[start + i] = first ? in[1][at[1] + i * step[1]] : in[2][at[2] + i * step[2]];
      }
    });
  };
}

HostKernel reduce_kernel(const graph::Reduce& reduce, const Dims& in) {
  using Kind = graph::Reduce::Kind;
  Dims kept = in;
  for (const std::int64_t axis : reduce.axes) kept[static_cast<std::size_t>(axis)] = 1;
  constexpr double endless = std::numeric_limits<double>::infinity();
  const Kind kind = reduce.kind;
  const double start = kind == Kind::product ? 1 : kind == Kind::max ? -endless : kind == Kind::min ? endless : 0;
  const auto count = static_cast<std::size_t>(count_of(kept));
  const double share = kind == Kind::mean ? static_cast<double>(count) / static_cast<double>(count_of(in)) : 1;
  const auto with = [&](auto join) -> HostKernel {
    return [walk = Walk<1>(in, {kept}), join, start, share, results = std::vector<double>(count)](In from, float* out) mutable {
      std::fill(results.begin(), results.end(), start);
      const std::int64_t size = walk.row_size(), step = walk.row_step(0);
      walk.rows([&](std::int64_t first, const std::array<std::int64_t, 1>& at) {
        const float* row = from[0] + first;
        double* to = results.data() + at[0];
        for (std::int64_t i = 0; i < size; ++i) to[i * step] = join(to[i * step], static_cast<double>(row[i]));
      });
      for (std::size_t i = 0; i < results.size(); ++i) out[i] = static_cast<float>(results[i] * share);
    };
  };
  switch (kind) {
    case Kind::product: return with([](double a, double b) { return a * b; });
    case Kind::max: return with([](double a, double b) { return graph::elementwise::greatest(a, b); });
    case Kind::min: return with([](double a, double b) { return graph::elementwise::least(a, b); });
    default: return with([](double a, double b) { return a + b; });
  }
}

namespace {

// Windows of one direction, or of one that is missing: taps of each output that lie in the input, and how many count.
struct Taps {
  std::int64_t size = 1;  // of the input
  std::vector<std::vector<std::int64_t>> inside{{0}};
  std::vector<std::int64_t> counted{1};
};

Taps taps_of(const graph::Pool& pool, std::size_t i, std::int64_t in, std::int64_t out) {
  const std::int64_t before = pool.pads[i], after = pool.pads[i + pool.kernel.size()];
  Taps taps{in, {}, {}};
  for (std::int64_t to = 0; to < out; ++to) {
    std::vector<std::int64_t> inside;
    std::int64_t counted = 0;
    for (std::int64_t k = 0; k < pool.kernel[i]; ++k) {
      const std::int64_t at = to * pool.strides[i] - before + k * pool.dilations[i];
      if (at >= 0 && at < in) inside.push_back(at);
      if (at < in + after) ++counted;
    }
    taps.counted.push_back(pool.count_padding ? counted : static_cast<std::int64_t>(inside.size()));
    taps.inside.push_back(std::move(inside));
  }
  return taps;
}

}  // namespace

HostKernel pool_kernel(const graph::Pool& pool, const Dims& in, const Dims& out) {
  std::array<Taps, 3> taps;  // depth, rows, columns
  const std::size_t directions = pool.kernel.size();
  for (std::size_t i = 0; i < directions; ++i) taps[3 - directions + i] = taps_of(pool, i, in[i + 2], out[i + 2]);
  const bool max = pool.kind == graph::Pool::Kind::max;
  return [taps, max, planes = in[0] * in[1]](In from, float* to) {
    const auto& [depth, down, across] = taps;
    const float* plane = from[0];
    for (std::int64_t p = 0; p < planes; ++p, plane += depth.size * down.size * across.size) {
      for (std::size_t d = 0; d < depth.inside.size(); ++d) {
        for (std::size_t r = 0; r < down.inside.size(); ++r) {
          for (std::size_t c = 0; c < across.inside.size(); ++c) {
            float most = -std::numeric_limits<float>::infinity();
            double sum = 0;
            for (const std::int64_t z : depth.inside[d]) {
              for (const std::int64_t y : down.inside[r]) {
                const float* row = plane + (z * down.size + y) * across.size;
                for (const std::int64_t x : across.inside[c])
                  most = graph::elementwise::greatest(row[x], most), sum += static_cast<double>(row[x]);
              }
            }
            const auto counted = static_cast<double>(depth.counted[d] * down.counted[r] * across.counted[c]);
            *to++ = max ? most : static_cast<float>(sum / counted);
          }
        }
      }
    }
  };
}

HostKernel transposed_convolution_kernel(const graph::TransposedConvolution& conv, const Dims& in, const Dims& weights, const Dims& out,
                                         bool biased) {
  // Missing directions are of size 1.
  const auto three = [&](const Dims& sizes, std::size_t from, std::int64_t otherwise) {
    std::array<std::int64_t, 3> result{otherwise, otherwise, otherwise};
    const std::size_t directions = conv.strides.size();
    for (std::size_t i = 0; i < directions; ++i) result[3 - directions + i] = sizes[from + i];
    return result;
  };
  const auto x = three(in, 2, 1), y = three(out, 2, 1), k = three(weights, 2, 1);
  const auto stride = three(conv.strides, 0, 1), dilation = three(conv.dilations, 0, 1), pad = three(conv.pads, 0, 0);
  const std::int64_t images = in[0], channels = in[1], outs = out[1], per_group = weights[1], ins_per_group = channels / conv.groups;
  const auto size = static_cast<std::size_t>(count_of(out));
  return [=, sums = std::vector<double>(size)](In from, float* to) mutable {
    const std::int64_t plane_in = x[0] * x[1] * x[2], plane_out = y[0] * y[1] * y[2], taps = k[0] * k[1] * k[2];
    for (std::int64_t i = 0; i < images * outs * plane_out; ++i)
      sums[static_cast<std::size_t>(i)] = biased ? static_cast<double>(from[2][i / plane_out % outs]) : 0;
    for (std::int64_t image = 0; image < images; ++image) {
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::int64_t o = 0; o < per_group; ++o) {
          const float* source = from[0] + (image * channels + c) * plane_in;
          const float* kernel = from[1] + (c * per_group + o) * taps;
          double* target = sums.data() + (image * outs + c / ins_per_group * per_group + o) * plane_out;
          for (std::int64_t at = 0; at < plane_in; ++at) {
            const std::array<std::int64_t, 3> p{at / (x[1] * x[2]), at / x[2] % x[1], at % x[2]};
            for (std::int64_t tap = 0; tap < taps; ++tap) {
              const std::array<std::int64_t, 3> t{tap / (k[1] * k[2]), tap / k[2] % k[1], tap % k[2]};
              std::array<std::int64_t, 3> q;
              bool inside = true;
              for (std::size_t i = 0; i < 3; ++i) {
                q[i] = p[i] * stride[i] + t[i] * dilation[i] - pad[i];
                inside = inside && q[i] >= 0 && q[i] < y[i];
              }
              if (inside) target[(q[0] * y[1] + q[1]) * y[2] + q[2]] += static_cast<double>(source[at]) * static_cast<double>(kernel[tap]);
            }
          }
        }
      }
    }
    std::transform(sums.begin(), sums.end(), to, [](double sum) { return static_cast<float>(sum); });
  };
}

HostKernel rms_norm_kernel(float epsilon, std::int64_t rows, std::int64_t size, bool biased) {
  return [=](In in, float* out) {
    const float* x = in[0];
    for (std::int64_t row = 0; row < rows; ++row, x += size, out += size) {
      double squares = 0;
      for (std::int64_t i = 0; i < size; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
      const auto factor = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(size) + static_cast<double>(epsilon)));
      for (std::int64_t i = 0; i < size; ++i) out[i] = x[i] * factor * in[1][i] + (biased ? in[2][i] : 0.0f);
    }
  };
}

HostKernel blend_kernel(std::int64_t axis, const Dims& in, const graph::Tensor& weights) {
  struct Share {
    std::int64_t from;
    float weight;
  };
  const std::int64_t size = weights.dims[1];
  std::vector<std::vector<Share>> shares(static_cast<std::size_t>(weights.dims[0]));
  for (std::size_t to = 0; to < shares.size(); ++to) {
    for (std::int64_t from = 0; from < size; ++from) {
      const float weight = weights.values[to * static_cast<std::size_t>(size) + static_cast<std::size_t>(from)];
      if (weight != 0) shares[to].push_back({from, weight});
    }
  }
  const auto split = in.begin() + axis;
  const std::int64_t outer = count_of({in.begin(), split}), inner = count_of({split + 1, in.end()});
  return [=](In from, float* out) {
    const float* x = from[0];
    for (std::int64_t i = 0; i < outer; ++i, x += size * inner) {
      for (const auto& row : shares) {
        std::fill_n(out, inner, 0.0f);
        for (const auto& [place, weight] : row) {
          const float* source = x + place * inner;
          for (std::int64_t k = 0; k < inner; ++k) out[k] += weight * source[k];
        }
        out += inner;
      }
    }
  };
}

}  // namespace ballast::model::onednn
