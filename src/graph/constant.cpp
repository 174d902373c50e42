// SPDX-License-Identifier: Apache-2.0

#include "constant.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"

namespace ballast::graph {
namespace {

// Calls visit(flat index in row-major order, position by dimension) for every element of dims.
template <typename Visit>
void for_each_position(const Dims& dims, Visit&& visit) {
  std::vector<std::int64_t> position(dims.size());
  const auto count = static_cast<std::size_t>(elements(dims));
  for (std::size_t flat = 0; flat < count; ++flat) {
    visit(flat, position);
    for (std::size_t i = dims.size(); i-- > 0;) {
      if (++position[i] < dims[i]) break;
      position[i] = 0;
    }
  }
}

// A constant of the same type whose element at each position is read(values, position).
template <typename Read>
Constant rearranged(const Constant& x, Dims dims, Read&& read) {
  for (const std::int64_t size : dims) require(size >= 0, "a constant would get a negative size");
  return std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> out(static_cast<std::size_t>(elements(dims)));
        for_each_position(dims, [&](std::size_t flat, const auto& position) { out[flat] = values.at(read(position)); });
        return Constant{dims, std::move(out)};
      },
      x.values);
}

template <typename T>
T combine(T a, T b, Binary::Kind kind) {
  switch (kind) {
    case Binary::Kind::add: return a + b;
    case Binary::Kind::subtract: return a - b;
    case Binary::Kind::multiply: return a * b;
    case Binary::Kind::divide:
      if constexpr (std::is_integral_v<T>) require(b != 0 && b != -1, fmt::format("a constant is divided by {}", b));
      return a / b;
  }
  return a;
}

}  // namespace

std::size_t Constant::size() const {
  return std::visit([](const auto& list) { return list.size(); }, values);
}

const std::vector<float>& Constant::floats() const {
  require(!is_integer(), "a constant holds integers where numbers with a fraction are needed");
  return std::get<0>(values);
}

const std::vector<std::int64_t>& Constant::integers() const {
  require(is_integer(), "a constant holds numbers with a fraction where integers are needed");
  return std::get<1>(values);
}

Constant integer_vector(std::vector<std::int64_t> values) { return {{static_cast<std::int64_t>(values.size())}, std::move(values)}; }

std::vector<std::int64_t> row_major_strides(const Dims& dims) {
  std::vector<std::int64_t> strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

Constant transposed(const Constant& x, const std::vector<std::int64_t>& order) {
  const auto strides = row_major_strides(x.dims);
  Dims dims, steps;
  for (const std::int64_t from : order) {
    dims.push_back(x.dims.at(static_cast<std::size_t>(from)));
    steps.push_back(strides.at(static_cast<std::size_t>(from)));
  }
  require(dims.size() == x.dims.size(), "a constant is transposed by an order of another length");
  return rearranged(x, dims, [&](const auto& position) {
    std::int64_t index = 0;
    for (std::size_t i = 0; i < position.size(); ++i) index += position[i] * steps[i];
    return static_cast<std::size_t>(index);
  });
}

Constant gathered(const Constant& x, const Constant& indices, std::int64_t axis) {
  const auto at = static_cast<std::size_t>(axis);
  require(at < x.dims.size(), "a constant is gathered along a dimension that it does not have");
  Dims dims(x.dims.begin(), x.dims.begin() + axis);
  dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
  dims.insert(dims.end(), x.dims.begin() + axis + 1, x.dims.end());
  const auto strides = row_major_strides(x.dims), index_strides = row_major_strides(indices.dims);
  const std::size_t index_rank = indices.dims.size();
  return rearranged(x, dims, [&](const auto& position) {
    std::int64_t index = 0, flat = 0;
    for (std::size_t i = 0; i < index_rank; ++i) index += position[at + i] * index_strides[i];
    std::int64_t picked = indices.integers().at(static_cast<std::size_t>(index));
    if (picked < 0) picked += x.dims[at];
    require(picked >= 0 && picked < x.dims[at], "a constant is gathered outside its range");
    for (std::size_t i = 0; i < at; ++i) flat += position[i] * strides[i];
    flat += picked * strides[at];
    for (std::size_t i = at + 1; i < x.dims.size(); ++i) flat += position[i + index_rank - 1] * strides[i];
    return static_cast<std::size_t>(flat);
  });
}

Constant concatenated(const std::vector<const Constant*>& parts, std::int64_t axis) {
  const auto at = static_cast<std::size_t>(axis);
  Constant result = *parts.at(0);
  for (std::size_t k = 1; k < parts.size(); ++k) {
    const Constant& next = *parts[k];
    require(next.is_integer() == result.is_integer() && next.dims.size() == result.dims.size() && at < result.dims.size(),
            "constants of different types or dimensions are joined");
    Dims dims = result.dims;
    dims[at] += next.dims[at];
    const std::int64_t border = result.dims[at];
    const auto left = row_major_strides(result.dims), right = row_major_strides(next.dims);
    const auto index = [&](const auto& position, const auto& strides, std::int64_t shift) {
      std::int64_t flat = -shift * strides[at];
      for (std::size_t i = 0; i < position.size(); ++i) flat += position[i] * strides[i];
      return static_cast<std::size_t>(flat);
    };
    Constant joined = result;
    std::visit(
        [&](auto& values) {
          using List = std::decay_t<decltype(values)>;
          const List& a = std::get<List>(result.values);
          const List& b = std::get<List>(next.values);
          values.assign(static_cast<std::size_t>(elements(dims)), {});
          for_each_position(dims, [&](std::size_t flat, const auto& position) {
            values[flat] = position[at] < border ? a.at(index(position, left, 0)) : b.at(index(position, right, border));
          });
        },
        joined.values);
    joined.dims = dims;
    result = std::move(joined);
  }
  return result;
}

Constant sliced(const Constant& x, const std::vector<std::int64_t>& starts, const std::vector<std::int64_t>& steps, const Dims& sizes) {
  const auto strides = row_major_strides(x.dims);
  return rearranged(x, sizes, [&](const auto& position) {
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < position.size(); ++i) flat += (starts[i] + position[i] * steps[i]) * strides[i];
    return static_cast<std::size_t>(flat);
  });
}

Constant combined(const Constant& a, const Constant& b, Binary::Kind kind) {
  require(a.is_integer() == b.is_integer(), "constants of different types are combined");
  const std::size_t rank = std::max(a.dims.size(), b.dims.size());
  const auto size_of = [&](const Dims& dims, std::size_t i) { return i + dims.size() < rank ? 1 : dims[i + dims.size() - rank]; };
  Dims dims(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t left = size_of(a.dims, i), right = size_of(b.dims, i);
    require(left == right || left == 1 || right == 1, "constants whose shapes do not fit are combined");
    dims[i] = left == 1 ? right : left;
  }
  const auto index = [&](const Dims& own, const auto& position) {
    const auto strides = row_major_strides(own);
    std::int64_t flat = 0;
    for (std::size_t i = rank - own.size(); i < rank; ++i) {
      const std::size_t j = i + own.size() - rank;
      if (own[j] != 1) flat += position[i] * strides[j];
    }
    return static_cast<std::size_t>(flat);
  };
  return std::visit(
      [&](const auto& left) {
        using List = std::decay_t<decltype(left)>;
        const List& right = std::get<List>(b.values);
        List out(static_cast<std::size_t>(elements(dims)));
        for_each_position(dims, [&](std::size_t flat, const auto& position) {
          out[flat] = combine(left.at(index(a.dims, position)), right.at(index(b.dims, position)), kind);
        });
        return Constant{dims, std::move(out)};
      },
      a.values);
}

}  // namespace ballast::graph
