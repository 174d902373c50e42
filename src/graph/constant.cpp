// SPDX-License-Identifier: Apache-2.0

#include "constant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/core/errors.hpp"
#include "ballast/graph/elementwise.hpp"

namespace ballast::graph {
namespace {

constexpr double most_exact = 0x1p53;  // whole numbers up to this are exact in double precision

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
Constant rearranged(const Constant& x, Dims dims, LoadBudget& budget, Read&& read) {
  const std::size_t count = budget.constant(dims, x.element_bytes());
  return std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> out(count);
        for_each_position(dims, [&](std::size_t flat, const auto& position) { out[flat] = values.at(read(position)); });
        return Constant{dims, std::move(out)};
      },
      x.values);
}

Dims broadcast_dims(const Dims& a, const Dims& b) {
  Dims dims(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const auto size_of = [&](const Dims& own) { return i + own.size() < dims.size() ? 1 : own[i + own.size() - dims.size()]; };
    const std::int64_t left = size_of(a), right = size_of(b);
    require(left == right || left == 1 || right == 1, "constants whose shapes do not fit are combined");
    dims[i] = left == 1 ? right : left;
  }
  return dims;
}

// From a position in what a constant of dims is broadcast to, to the constant's element there.
class Broadcast {
 public:
  explicit Broadcast(const Dims& dims) : dims_(dims), strides_(row_major_strides(dims)) {}

  std::size_t operator()(const std::vector<std::int64_t>& position) const {
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < dims_.size(); ++i) {
      if (dims_[i] != 1) flat += position[position.size() - dims_.size() + i] * strides_[i];
    }
    return static_cast<std::size_t>(flat);
  }

 private:
  const Dims& dims_;
  std::vector<std::int64_t> strides_;
};

std::int64_t whole(double value) {
  require(std::abs(value) <= most_exact && value == std::trunc(value), fmt::format("a constant of integers would become {}", value));
  return static_cast<std::int64_t>(value);
}

std::int64_t combine(std::int64_t a, std::int64_t b, Binary::Kind kind) {
  using Kind = Binary::Kind;
  std::int64_t result = 0;
  bool fits = true;
  switch (kind) {
    case Kind::add: fits = !__builtin_add_overflow(a, b, &result); break;
    case Kind::subtract: fits = !__builtin_sub_overflow(a, b, &result); break;
    case Kind::multiply: fits = !__builtin_mul_overflow(a, b, &result); break;
    case Kind::divide:
    case Kind::remainder:
      fits = b != 0 && b != -1;
      if (fits) result = kind == Kind::divide ? a / b : a % b;
      break;
    default:
      if (is_question({kind}) || kind == Kind::minimum || kind == Kind::maximum)
        return with_function(Binary{kind}, [&](auto function) { return static_cast<std::int64_t>(function(a, b)); });
      return whole(with_function(Binary{kind}, [&](auto function) { return function(static_cast<double>(a), static_cast<double>(b)); }));
  }
  if (!fits) throw InputError(fmt::format("constants {} and {} cannot be combined", a, b));
  return result;
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

std::int64_t constant_elements(const Dims& dims) {
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t size : dims) {
    require(size >= 0, fmt::format("a constant has the negative size {}", size));
    require(size < (std::int64_t{1} << 31) && count * std::max<std::int64_t>(size, 1) < (std::int64_t{1} << 31), "a constant is too large");
    count *= std::max<std::int64_t>(size, 1);
    empty = empty || size == 0;
  }
  return empty ? 0 : count;
}

Constant integer_vector(std::vector<std::int64_t> values) { return {{static_cast<std::int64_t>(values.size())}, std::move(values)}; }

std::vector<std::int64_t> row_major_strides(const Dims& dims) {
  std::vector<std::int64_t> strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

Constant transposed(const Constant& x, const std::vector<std::int64_t>& order, LoadBudget& budget) {
  const auto strides = row_major_strides(x.dims);
  Dims dims, steps;
  std::vector<bool> seen(x.dims.size());
  for (const std::int64_t from : order) {
    require(from >= 0 && static_cast<std::size_t>(from) < seen.size() && !seen[static_cast<std::size_t>(from)],
            "its order is no permutation");
    seen[static_cast<std::size_t>(from)] = true;
    dims.push_back(x.dims.at(static_cast<std::size_t>(from)));
    steps.push_back(strides.at(static_cast<std::size_t>(from)));
  }
  require(dims.size() == x.dims.size(), "a constant is transposed by an order of another length");
  return rearranged(x, dims, budget, [&](const auto& position) {
    std::int64_t index = 0;
    for (std::size_t i = 0; i < position.size(); ++i) index += position[i] * steps[i];
    return static_cast<std::size_t>(index);
  });
}

Constant gathered(const Constant& x, const Constant& indices, std::int64_t axis, LoadBudget& budget) {
  const auto at = static_cast<std::size_t>(axis);
  require(at < x.dims.size(), "a constant is gathered along a dimension that it does not have");
  Dims dims(x.dims.begin(), x.dims.begin() + axis);
  dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
  dims.insert(dims.end(), x.dims.begin() + axis + 1, x.dims.end());
  const auto strides = row_major_strides(x.dims), index_strides = row_major_strides(indices.dims);
  const std::size_t index_rank = indices.dims.size();
  return rearranged(x, dims, budget, [&](const auto& position) {
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

Constant concatenated(const std::vector<const Constant*>& parts, std::int64_t axis, LoadBudget& budget) {
  const auto at = static_cast<std::size_t>(axis);
  const Constant& first = *parts.at(0);
  Dims dims = first.dims;
  require(at < dims.size(), "constants are joined along a dimension that they do not have");
  dims[at] = 0;
  for (const Constant* part : parts) {
    require(part->is_integer() == first.is_integer() && part->dims.size() == dims.size(),
            "constants of different types or dimensions are joined");
    for (std::size_t i = 0; i < dims.size(); ++i)
      require(i == at || part->dims[i] == first.dims[i], "constants whose shapes do not fit are joined");
    dims[at] += part->dims[at];
  }
  const std::size_t count = budget.constant(dims, first.element_bytes());
  const auto inner = static_cast<std::size_t>(elements({dims.begin() + axis + 1, dims.end()}));
  const std::size_t row = static_cast<std::size_t>(dims[at]) * inner;  // of the result, for each place along the dimensions before
  return std::visit(
      [&](const auto& of_type) {
        using List = std::decay_t<decltype(of_type)>;
        List values(count);
        std::size_t start = 0;
        for (const Constant* part : parts) {
          const List& own = std::get<List>(part->values);
          const std::size_t own_row = static_cast<std::size_t>(part->dims[at]) * inner;
          if (own.empty()) continue;
          for (std::size_t from = 0, to = start; from < own.size(); from += own_row, to += row)
            std::copy_n(own.begin() + static_cast<std::ptrdiff_t>(from), own_row, values.begin() + static_cast<std::ptrdiff_t>(to));
          start += own_row;
        }
        return Constant{dims, std::move(values)};
      },
      first.values);
}

Constant sliced(const Constant& x, const std::vector<std::int64_t>& starts, const std::vector<std::int64_t>& steps, const Dims& sizes,
                LoadBudget& budget) {
  const auto strides = row_major_strides(x.dims);
  return rearranged(x, sizes, budget, [&](const auto& position) {
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < position.size(); ++i) flat += (starts[i] + position[i] * steps[i]) * strides[i];
    return static_cast<std::size_t>(flat);
  });
}

Constant combined(const Constant& a, const Constant& b, Binary::Kind kind, LoadBudget& budget) {
  require(a.is_integer() == b.is_integer(), "constants of different types are combined");
  const Dims dims = broadcast_dims(a.dims, b.dims);
  const std::size_t count = budget.constant(dims, sizeof(std::int64_t));
  const Broadcast left_index(a.dims), right_index(b.dims);
  const auto filled = [&](auto out, auto&& compute) {
    for_each_position(dims,
                      [&](std::size_t flat, const auto& position) { out[flat] = compute(left_index(position), right_index(position)); });
    return Constant{dims, std::move(out)};
  };
  if (a.is_integer()) {
    const auto &left = a.integers(), &right = b.integers();
    return filled(std::vector<std::int64_t>(count), [&](std::size_t i, std::size_t j) { return combine(left.at(i), right.at(j), kind); });
  }
  const auto &left = a.floats(), &right = b.floats();
  return with_function(Binary{kind}, [&](auto function) {
    if (!is_question({kind}))
      return filled(std::vector<float>(count), [&](std::size_t i, std::size_t j) { return function(left.at(i), right.at(j)); });
    return filled(std::vector<std::int64_t>(count),
                  [&](std::size_t i, std::size_t j) { return static_cast<std::int64_t>(function(left.at(i), right.at(j))); });
  });
}

Constant expanded(const Constant& x, const Dims& dims, LoadBudget& budget) {
  return rearranged(x, broadcast_dims(x.dims, dims), budget, Broadcast(x.dims));
}

Constant chosen(const Constant& condition, const Constant& a, const Constant& b, LoadBudget& budget) {
  require(a.is_integer() == b.is_integer(), "constants of different types are combined");
  const Dims dims = broadcast_dims(condition.dims, broadcast_dims(a.dims, b.dims));
  const Constant second = expanded(b, dims, budget), which = expanded(condition, dims, budget);
  Constant result = expanded(a, dims, budget);
  const std::vector<std::int64_t>& takes_first = which.integers();
  std::visit(
      [&](auto& values) {
        const auto& other = std::get<std::decay_t<decltype(values)>>(second.values);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = takes_first[i] != 0 ? values[i] : other[i];
      },
      result.values);
  return result;
}

Constant multiplied(const Constant& a, const Constant& b, LoadBudget& budget) {
  require(!a.dims.empty() && b.dims.size() == 2 && a.dims.back() == b.dims[0],
          fmt::format("constants {} and {} cannot be multiplied", to_string(a.dims), to_string(b.dims)));
  Dims dims = a.dims;
  dims.back() = b.dims[1];
  const std::vector<float>&left = a.floats(), &right = b.floats();
  const std::size_t count = budget.constant(dims, sizeof(float));
  const auto inner = static_cast<std::size_t>(b.dims[0]), columns = static_cast<std::size_t>(b.dims[1]);
  budget.products(count * inner);
  std::vector<float> out(count);
  for (std::size_t i = 0; i < out.size(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < inner; ++k) {
      sum += static_cast<double>(left[i / columns * inner + k]) * static_cast<double>(right[k * columns + i % columns]);
    }
    out[i] = static_cast<float>(sum);
  }
  return {std::move(dims), std::move(out)};
}

Constant blended(const Constant& x, std::int64_t axis, const Tensor& weights, LoadBudget& budget) {
  const auto at = static_cast<std::size_t>(axis);
  Dims dims = x.dims;
  const std::int64_t terms = dims.at(at);
  require(terms == weights.dims.at(1), "a constant is blended by weights that do not fit");
  dims[at] = weights.dims[0];
  const std::size_t count = budget.constant(dims, sizeof(std::int64_t));
  budget.products(count * static_cast<std::size_t>(terms));
  const auto strides = row_major_strides(x.dims);
  std::vector<double> sums(count);
  std::visit(
      [&](const auto& values) {
        for_each_position(dims, [&](std::size_t flat, const auto& position) {
          std::int64_t start = 0;
          for (std::size_t i = 0; i < position.size(); ++i) start += i == at ? 0 : position[i] * strides[i];
          for (std::int64_t k = 0; k < terms; ++k) {
            const float weight = weights.values[static_cast<std::size_t>(position[at] * terms + k)];
            if (weight != 0)
              sums[flat] += static_cast<double>(weight) * static_cast<double>(values[static_cast<std::size_t>(start + k * strides[at])]);
          }
        });
      },
      x.values);
  if (!x.is_integer()) return {std::move(dims), std::vector<float>(sums.begin(), sums.end())};
  std::vector<std::int64_t> integers;
  for (const double sum : sums) integers.push_back(whole(sum));
  return {std::move(dims), std::move(integers)};
}

Constant reshaped(const Constant& x, Dims dims, LoadBudget& budget) {
  require(budget.constant(dims, x.element_bytes()) == x.size(),
          fmt::format("a constant {} cannot become {}", to_string(x.dims), to_string(dims)));
  return {std::move(dims), x.values};
}

Constant mapped(const Constant& x, const Activation& activation, LoadBudget& budget) {
  budget.constant(x.dims, sizeof(std::int64_t));
  return with_function(activation, [&](auto function) -> Constant {
    const auto of = [&](auto value) { return function(static_cast<double>(value)); };
    if (!x.is_integer() && !is_question(activation)) {
      std::vector<float> values = x.floats();
      for (float& value : values) value = static_cast<float>(of(value));
      return {x.dims, std::move(values)};
    }
    std::vector<std::int64_t> values;
    std::visit(
        [&](const auto& list) {
          for (const auto value : list) values.push_back(whole(of(value)));
        },
        x.values);
    return {x.dims, std::move(values)};
  });
}

Constant reduced(const Constant& x, const std::vector<std::int64_t>& axes, Reduce::Kind kind, LoadBudget& budget) {
  using Kind = Reduce::Kind;
  Dims dims = x.dims;
  for (const std::int64_t axis : axes) dims.at(static_cast<std::size_t>(axis)) = 1;
  const std::size_t count = budget.constant(dims, 2 * sizeof(double));
  require(x.size() > 0, "a constant without elements is reduced");
  constexpr double endless = std::numeric_limits<double>::infinity();
  const double start = kind == Kind::product ? 1 : kind == Kind::max ? -endless : kind == Kind::min ? endless : 0;
  std::vector<double> results(count, start);
  const Broadcast to(dims);
  std::visit(
      [&](const auto& values) {
        for_each_position(x.dims, [&](std::size_t flat, const auto& position) {
          double& result = results[to(position)];
          const auto value = static_cast<double>(values[flat]);
          switch (kind) {
            case Kind::mean:
            case Kind::sum: result += value; break;
            case Kind::product: result *= value; break;
            case Kind::max: result = elementwise::greatest(value, result); break;
            case Kind::min: result = elementwise::least(value, result); break;
          }
        });
      },
      x.values);
  if (kind == Kind::mean) {
    for (double& result : results) result /= static_cast<double>(x.size()) / static_cast<double>(count);
  }
  if (!x.is_integer()) return {std::move(dims), std::vector<float>(results.begin(), results.end())};
  std::vector<std::int64_t> integers;
  for (const double result : results) integers.push_back(whole(kind == Kind::mean ? std::trunc(result) : result));
  return {std::move(dims), std::move(integers)};
}

}  // namespace ballast::graph
