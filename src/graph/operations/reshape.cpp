// SPDX-License-Identifier: Apache-2.0
//
// Other dims or another order for the same elements. A batch in a shape is the integer -1, which Reshape and its kin then take as "whatever
// fits"; so many rows for each image are the integer -rows.

#include <fmt/format.h>

#include <algorithm>

#include "../onnx_rows.hpp"
#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

Binding reshaped(OnnxNode& node, Dims dims) {
  node.budget().rank(dims.size());
  if (node.is_constant(0)) {
    const Constant& constant = node.constant(0);
    const auto free = std::find(dims.begin(), dims.end(), -1);
    if (free != dims.end()) {
      *free = 1;
      const std::int64_t known = constant_elements(dims);
      *free = known == 0 ? 0 : static_cast<std::int64_t>(constant.size()) / known;
    }
    return OnnxNode::of(reshaped(constant, std::move(dims), node.budget()));
  }
  return node.append(Reshape{}, {node.value(0)}, std::move(dims));
}

// The first size of a computed value, where the file says `wanted`: the batch, or -rows.
std::int64_t resolve_first(const OnnxNode& node, std::int64_t wanted) {
  if (wanted == 0) return node.dims(0)[0];
  if (wanted < 0) return wanted;
  if (wanted == 1) return batch;
  require(node.batch_size() == 1, fmt::format("its first size is {}, which fixes the batch", wanted));
  return -wanted;
}

// The wanted dims of a computed value: the batch first, zeros copied, one free size worked out.
Dims resolve(const OnnxNode& node, std::vector<std::int64_t> wanted) {
  const Dims in = node.dims(0);
  require(!wanted.empty(), "it would lose the batch");
  wanted[0] = resolve_first(node, wanted[0]);
  const std::int64_t count = elements(dims_in_graph(in));
  require(wanted[0] >= -count, fmt::format("its first size does not fit {}", to_string(dims_in_graph(in))));
  std::size_t free = 0;
  std::int64_t known = -wanted[0];
  for (std::size_t i = 1; i < wanted.size(); ++i) {
    if (wanted[i] == 0 && i < in.size()) wanted[i] = in[i];
    if (wanted[i] == -1) {
      require(free == 0, "two of its sizes are left open");
      free = i;
    } else {
      require(wanted[i] > 0 && wanted[i] <= count,
              fmt::format("its sizes hold {}, which does not fit {}", wanted[i], to_string(dims_in_graph(in))));
      known *= wanted[i];
      require(known <= count, fmt::format("its sizes do not fit {}", to_string(dims_in_graph(in))));
    }
  }
  if (free > 0) wanted[free] = count / known;
  return wanted;
}

Binding import_reshape(OnnxNode& node) {
  std::vector<std::int64_t> wanted = node.integers_or_input("shape", 1, {});
  node.budget().rank(wanted.size());
  if (!node.is_constant(0)) return reshaped(node, resolve(node, std::move(wanted)));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 0 && i < node.dims(0).size()) wanted[i] = node.dims(0)[i];
    require(wanted[i] >= -1, fmt::format("its sizes hold {}", wanted[i]));
  }
  return reshaped(node, std::move(wanted));
}

Binding import_flatten(OnnxNode& node) {
  const Dims& in = node.dims(0);
  require(node.integer("axis", 1) == 1 || (node.integer("axis", 1) < 0 && node.axis(node.integer("axis", 1), in.size()) == 1),
          "only axis 1 is supported: another one would mix images");
  require(!in.empty(), "its input has no dimensions");
  return reshaped(node, {in[0], elements({in.begin() + 1, in.end()})});
}

Binding import_squeeze(OnnxNode& node) {
  const Dims& in = node.dims(0);
  std::vector<bool> gone(in.size());
  const auto axes = node.integers_or_input("axes", 1, {});
  for (const std::int64_t axis : axes) gone[node.axis(axis, in.size())] = true;
  Dims out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const bool drop = axes.empty() ? in[i] == 1 : gone[i];
    require(!drop || in[i] == 1, fmt::format("it drops a dimension of size {}", in[i]));
    if (!drop) out.push_back(in[i]);
  }
  return reshaped(node, std::move(out));
}

Binding import_unsqueeze(OnnxNode& node) {
  const auto axes = node.integers_or_input("axes", 1, {});
  const std::size_t rank = node.dims(0).size() + axes.size();
  node.budget().rank(rank);
  std::vector<bool> is_new(rank);
  for (const std::int64_t axis : axes) is_new[node.axis(axis, rank)] = true;
  require(static_cast<std::size_t>(std::count(is_new.begin(), is_new.end(), true)) == axes.size(), "its axes repeat");
  Dims out;
  for (std::size_t i = 0, from = 0; i < rank; ++i) out.push_back(is_new[i] ? 1 : node.dims(0)[from++]);
  return reshaped(node, std::move(out));
}

Binding import_transpose(OnnxNode& node) {
  const std::size_t rank = node.dims(0).size();
  std::vector<std::int64_t> reversed(rank);
  for (std::size_t i = 0; i < rank; ++i) reversed[i] = static_cast<std::int64_t>(rank - 1 - i);
  const auto order = node.integers("perm", reversed);
  if (node.is_constant(0)) return OnnxNode::of(transposed(node.constant(0), order, node.budget()));
  return node.append(Transpose{order}, {node.value(0)});
}

Dims dims_of(const Reshape&, const Shapes& shapes) {
  const Dims &in = shapes.in[0], &out = shapes.given;
  require_batch_first(in), require_batch_first(out);
  require(elements(in) == elements(out), fmt::format("{} cannot become {}", to_string(in), to_string(out)));
  return out;
}

void save(const Reshape&, OnnxWriter& out) {
  std::vector<std::int64_t> dims = out.output_dims();
  dims[0] = -1;
  out.add("Reshape").input(out.constant(out.output() + ".shape", dims));
}

Dims dims_of(const Transpose& transpose, const Shapes& shapes) {
  const Dims& in = shapes.in[0];
  const auto rank = in.size();
  Dims out(rank), seen(rank);
  require(transpose.order.size() == rank,
          fmt::format("an order of {} dimensions for an input of {}", transpose.order.size(), to_string(in)));
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t from = transpose.order[i];
    require(from >= 0 && from < static_cast<std::int64_t>(rank) && !seen[static_cast<std::size_t>(from)]++, "its order is no permutation");
    out[i] = in[static_cast<std::size_t>(from)];
  }
  require(transpose.order[0] == 0, "it moves the batch, which must stay first");
  return out;
}

void save(const Transpose& transpose, OnnxWriter& out) { out.add("Transpose").integers("perm", transpose.order); }

Operation over_rows(const Transpose& transpose) {
  require(!transpose.order.empty() && transpose.order[0] == 0, "it moves the batch, which must stay first");
  Transpose result{{0}};
  for (const std::int64_t from : transpose.order) result.order.push_back(from + 1);
  return result;
}

}  // namespace

OnnxTypes reshape_types() {
  return {{"Flatten", import_flatten},
          {"Reshape", import_reshape},
          {"Squeeze", import_squeeze},
          {"Transpose", import_transpose},
          {"Unsqueeze", import_unsqueeze}};
}

Rules<Reshape> rules_of(const Reshape&) { return {"Reshape", dims_of, each_row, save}; }
Rules<Transpose> rules_of(const Transpose&) { return {"Transpose", dims_of, over_rows, save}; }

}  // namespace ballast::graph::operations
