// SPDX-License-Identifier: Apache-2.0
//
// Arrays that are stretched to another's dims, walked through together with it.

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "ballast/graph/graph.hpp"

namespace ballast::model::onednn {

using graph::Dims;

inline std::int64_t count_of(const Dims& dims) {
  std::int64_t count = 1;
  for (const std::int64_t size : dims) count *= size;
  return count;
}

inline Dims strides_of(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

// A walk over all elements of an array together with arrays that are stretched to it, which step by 0 where they are. Neighbouring
// dimensions along which all step evenly are one.
template <std::size_t N>
class Walk {
 public:
  Walk(const Dims& whole, const std::array<Dims, N>& parts) {
    std::array<Dims, N> aligned, strides;
    for (std::size_t k = 0; k < N; ++k) {
      aligned[k] = parts[k];
      aligned[k].insert(aligned[k].begin(), whole.size() - parts[k].size(), 1);
      strides[k] = strides_of(aligned[k]);
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
      if (whole[i] == 1 && !sizes_.empty()) continue;
      std::array<std::int64_t, N> step;
      for (std::size_t k = 0; k < N; ++k) step[k] = aligned[k][i] == 1 ? 0 : strides[k][i];
      bool even = !sizes_.empty();
      for (std::size_t k = 0; even && k < N; ++k) even = steps_.back()[k] == step[k] * whole[i];
      if (even) sizes_.back() *= whole[i], steps_.back() = step;
      else sizes_.push_back(whole[i]), steps_.push_back(step);
    }
    if (sizes_.empty()) sizes_.push_back(1), steps_.push_back({});
  }

  // visit(start of the row, start in each part) for rows of row_size() elements, in which part k steps by row_step(k).
  template <typename Visit>
  void rows(Visit&& visit) const {
    std::int64_t count = 1;
    for (std::size_t i = 0; i + 1 < sizes_.size(); ++i) count *= sizes_[i];
    std::array<std::int64_t, N> at{};
    std::array<std::int64_t, 16> position{};
    for (std::int64_t row = 0; row < count; ++row) {
      visit(row * sizes_.back(), at);
      for (std::size_t i = sizes_.size() - 1; i-- > 0;) {
        for (std::size_t k = 0; k < N; ++k) at[k] += steps_[i][k];
        if (++position[i] < sizes_[i]) break;
        for (std::size_t k = 0; k < N; ++k) at[k] -= steps_[i][k] * sizes_[i];
        position[i] = 0;
      }
    }
  }
  std::int64_t row_size() const { return sizes_.back(); }
  std::int64_t row_step(std::size_t k) const { return steps_.back()[k]; }

 private:
  Dims sizes_;
  std::vector<std::array<std::int64_t, N>> steps_;
};

}  // namespace ballast::model::onednn
