// SPDX-License-Identifier: Apache-2.0
//
// Einstein sums of two computed values that are products of matrices, as attention has them.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

struct Equation {
  std::string left, right, out;  // a letter for each dimension
};

// With dimensions in the order of a product of matrices: rows by sum times sum by columns, batches in front of all.
using Product = Equation;

bool has(const std::string& letters, char letter) { return letters.find(letter) != std::string::npos; }

bool is_set_of_letters(const std::string& letters) {
  return std::all_of(letters.begin(), letters.end(), [&](char letter) {
    return std::isalpha(static_cast<unsigned char>(letter)) && std::count(letters.begin(), letters.end(), letter) == 1;
  });
}

// Letters of `from` that are in each of `in` and in none of `out`.
std::string letters(const std::string& from, const std::vector<std::string>& in, const std::vector<std::string>& out) {
  std::string kept;
  for (const char letter : from) {
    const auto holds = [&](const std::string& other) { return has(other, letter); };
    if (std::all_of(in.begin(), in.end(), holds) && std::none_of(out.begin(), out.end(), holds)) kept += letter;
  }
  return kept;
}

[[noreturn]] void refuse(const std::string& text) {
  throw InputError(
      fmt::format("its equation '{}' is not supported; allowed are products of matrices such as 'bct,bcs->bts': the batch and "
                  "perhaps others first, then one letter for rows, one for columns and one for the sum",
                  text));
}

Equation parse(const std::string& text) {
  std::string packed = text;
  packed.erase(std::remove(packed.begin(), packed.end(), ' '), packed.end());
  const std::size_t comma = packed.find(','), arrow = packed.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || comma > arrow) refuse(text);
  Equation equation{packed.substr(0, comma), packed.substr(comma + 1, arrow - comma - 1), packed.substr(arrow + 2)};
  for (const std::string& part : {equation.left, equation.right, equation.out}) {
    if (part.empty() || !is_set_of_letters(part)) refuse(text);
  }
  return equation;
}

Product product_of(const Equation& e, const std::string& text) {
  const std::string batches = letters(e.left, {e.right, e.out}, {}), sum = letters(e.left, {e.right}, {e.out});
  const std::string rows = letters(e.left, {e.out}, {e.right}), columns = letters(e.right, {e.out}, {e.left});
  const std::size_t rank = batches.size() + 2;
  const bool whole = e.left.size() == rank && e.right.size() == rank && e.out.size() == rank;
  const bool in_order = batches == letters(e.right, {e.left, e.out}, {}) && batches == letters(e.out, {e.left, e.right}, {});
  const bool batch_first = e.left[0] == e.right[0] && e.left[0] == e.out[0];
  if (!batch_first || sum.size() != 1 || rows.size() != 1 || columns.size() != 1 || !whole || !in_order) refuse(text);
  return {batches + rows + sum, batches + sum + columns, batches + rows + columns};
}

std::vector<std::int64_t> order_of(const std::string& from, const std::string& to) {
  std::vector<std::int64_t> order;
  for (const char letter : to) order.push_back(static_cast<std::int64_t>(from.find(letter)));
  return order;
}

Operand turned(OnnxNode& node, const Operand& x, const std::string& from, const std::string& to) {
  if (from == to) return x;
  return node.transpose(x, order_of(from, to));
}

Binding import_einsum(OnnxNode& node) {
  const std::string text = node.text("equation", "");
  const Equation equation = parse(text);
  const Product product = product_of(equation, text);
  require(node.input_count() == 2 && !node.is_constant(0) && !node.is_constant(1), "two computed inputs are supported");
  for (const auto& [input, part] : {std::pair{0, equation.left}, std::pair{1, equation.right}}) {
    const Dims dims = node.dims(static_cast<std::size_t>(input));
    require(dims.size() == part.size(), fmt::format("its input {} has {} dimensions, and '{}' {}", input, dims.size(), part, part.size()));
  }
  const Operand left = turned(node, node.value(0), equation.left, product.left);
  const Operand right = turned(node, node.value(1), equation.right, product.right);
  const std::size_t batches = product.left.size() - 2;
  require(left.view.first < batches && right.view.first < batches, "it would mix the images of a batch");
  const Binding result = node.append(MatMul{}, {left, right});
  if (equation.out == product.out) return result;
  return node.transpose(result, order_of(product.out, equation.out));
}

}  // namespace

OnnxTypes einsum_types() { return {{"Einsum", import_einsum}}; }

}  // namespace ballast::graph::operations
