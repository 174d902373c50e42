// SPDX-License-Identifier: Apache-2.0
//
// Other dims or another order for the same elements. A batch in a shape is the integer -1, which Reshape and its kin then take as "whatever
// fits"; so many rows for each image are the integer -rows.

#include <fmt/format.h>

#include <algorithm>
#include <optional>

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
  return node.reshape(node.value(0), dims);
}

// Images in a size of the file that is fixed: a file of a fixed batch has them in it.
std::int64_t images(const OnnxNode& node) { return std::max<std::int64_t>(node.batch_size(), 1); }

// Which of the sizes may be the batch's: of rows, or open, or fixed at that of the file.
std::vector<std::size_t> places(const OnnxNode& node, const std::vector<std::int64_t>& wanted) {
  std::vector<std::size_t> rows, others;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool of_one_image = i == 0 && wanted[0] == 1 && node.view(0) == View{};
    const bool fixed = wanted[i] > 0 && node.batch_size() > 0 && wanted[i] % images(node) == 0;
    if (wanted[i] < -1) rows.push_back(i);
    else if (wanted[i] == -1 || fixed || of_one_image) others.push_back(i);
  }
  return rows.empty() ? others : rows;
}

// With the batch at this place and open sizes worked out; nothing where it does not fit.
std::optional<Dims> with_batch_at(const OnnxNode& node, Dims wanted, std::size_t place) {
  const Dims& from = node.graph_dims(0);
  const auto split = from.begin() + 1 + static_cast<std::ptrdiff_t>(node.view(0).place);
  const std::int64_t before = elements({from.begin() + 1, split}), behind = elements({split, from.end()}), count = before * behind;
  if (wanted[place] < -count) return {};
  std::int64_t rows = wanted[place] < -1 ? -wanted[place] : wanted[place] > 0 ? std::max<std::int64_t>(wanted[place] / images(node), 1) : 0;
  std::size_t open = wanted.size();
  std::int64_t known = 1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i == place) continue;
    if (wanted[i] == -1 && open == wanted.size()) {
      open = i;
      continue;
    }
    if (wanted[i] <= 0 || wanted[i] > count || (known *= wanted[i]) > count) return {};
  }
  if (open < wanted.size()) rows = std::max<std::int64_t>(rows, 1);  // of two open sizes, the batch is alone
  else if (rows == 0) rows = count / known;
  if (rows < 1 || rows > count || count % (known * rows) != 0) return {};
  if (open < wanted.size()) wanted[open] = count / (known * rows);
  else if (known * rows != count) return {};
  wanted[place] = -rows;
  const auto here = wanted.begin() + static_cast<std::ptrdiff_t>(place);
  if (before % elements({wanted.begin(), here}) != 0 || behind % elements({here + 1, wanted.end()}) != 0) return {};
  return wanted;
}

// The wanted dims of a computed value: zeros copied, one size the batch's, and one free size worked out.
Dims resolve(const OnnxNode& node, std::vector<std::int64_t> wanted) {
  const Dims in = node.dims(0);
  require(!wanted.empty(), "it would lose the batch");
  if (node.integer("allowzero", 0) == 0) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] == 0 && i < in.size()) wanted[i] = in[i];
    }
  }
  for (const std::int64_t size : wanted) require(size != 0, fmt::format("its sizes hold 0, which does not fit {}", to_string(in)));
  // The fewest rows for each image, where the file leaves a choice.
  std::optional<Dims> best;
  std::size_t best_place = 0;
  for (const std::size_t place : places(node, wanted)) {
    const auto dims = with_batch_at(node, wanted, place);
    if (dims && (!best || (*dims)[place] > (*best)[best_place])) best = dims, best_place = place;
  }
  require(best.has_value(), fmt::format("{} cannot become {} for any number of images", to_string(in), fmt::join(wanted, " x ")));
  return *best;
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
  const Dims in = node.dims(0);
  const std::int64_t given = node.integer("axis", 1), rank = static_cast<std::int64_t>(in.size());
  require(given >= -rank && given <= rank, fmt::format("its axis {} is outside its input's {} dimensions", given, rank));
  const auto split = in.begin() + (given < 0 ? given + rank : given);
  const auto product = [](Dims dims) {
    std::int64_t count = 1;
    for (const std::int64_t size : dims) count *= size;
    return count;
  };
  return reshaped(node, {product({in.begin(), split}), product({split, in.end()})});
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
  return node.transpose(node.value(0), order);
}

// Blocks of channels become squares of an image, or the reverse.
Binding import_depth_to_space(OnnxNode& node) {
  require_image(node);
  const Dims in = node.dims(0);
  const std::int64_t block = node.integer("blocksize", 0);
  require(block > 0 && block <= in[1] && in[1] % (block * block) == 0, fmt::format("blocks of {} do not fit {}", block, to_string(in)));
  const std::string mode = node.text("mode", "DCR");
  require(mode == "DCR" || mode == "CRD", fmt::format("its mode is '{}'; DCR and CRD are allowed", mode));
  const std::int64_t depth = in[1] / block / block;
  const bool depth_last = mode == "DCR";
  const Dims parts = depth_last ? Dims{in[0], block, block, depth, in[2], in[3]} : Dims{in[0], depth, block, block, in[2], in[3]};
  const std::vector<std::int64_t> order =
      depth_last ? std::vector<std::int64_t>{0, 3, 4, 1, 5, 2} : std::vector<std::int64_t>{0, 1, 4, 2, 5, 3};
  const Binding moved = node.transpose(node.reshape(node.value(0), parts), order);
  return node.reshape(moved, {in[0], depth, in[2] * block, in[3] * block});
}

Binding import_space_to_depth(OnnxNode& node) {
  require_image(node);
  const Dims in = node.dims(0);
  const std::int64_t block = node.integer("blocksize", 0);
  require(block > 0 && block <= in[2] && block <= in[3] && in[2] % block == 0 && in[3] % block == 0,
          fmt::format("blocks of {} do not fit {}", block, to_string(in)));
  const Binding parts = node.reshape(node.value(0), {in[0], in[1], in[2] / block, block, in[3] / block, block});
  const Binding moved = node.transpose(parts, {0, 3, 5, 1, 2, 4});
  return node.reshape(moved, {in[0], in[1] * block * block, in[2] / block, in[3] / block});
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

// What is appended was turned by then.
Operation in_view(const Transpose& transpose, const View&) { return transpose; }

}  // namespace

OnnxTypes reshape_types() {
  return {{"DepthToSpace", import_depth_to_space}, {"Flatten", import_flatten}, {"Reshape", import_reshape},
          {"SpaceToDepth", import_space_to_depth}, {"Squeeze", import_squeeze}, {"Transpose", import_transpose},
          {"Unsqueeze", import_unsqueeze}};
}

Rules<Reshape> rules_of(const Reshape&) { return {"Reshape", dims_of, each_row, save}; }
Rules<Transpose> rules_of(const Transpose&) { return {"Transpose", dims_of, in_view, save}; }

}  // namespace ballast::graph::operations
