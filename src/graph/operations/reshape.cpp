// SPDX-License-Identifier: Apache-2.0
//
// Importers of the operations that move data or speak of shapes. A batch in a
// shape is the integer -1, which Reshape and its kin then take as "whatever fits";
// so many rows for each image are the integer -rows.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "../onnx_rows.hpp"
#include "../onnx_tensor.hpp"
#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph {
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

struct Range {
  std::vector<std::int64_t> starts, steps;
  Dims sizes;
};

// Slice's parameters for each dimension of dims.
Range range_of(const OnnxNode& node, const Dims& dims) {
  const auto starts = node.integers_or_input("starts", 1, {});
  const auto ends = node.integers_or_input("ends", 2, {});
  std::vector<std::int64_t> axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  axes = node.integers_or_input("axes", 3, axes);
  const auto steps = node.has_input(4) ? node.constant(4).integers() : std::vector<std::int64_t>(starts.size(), 1);
  require(ends.size() == starts.size() && axes.size() == starts.size() && steps.size() == starts.size(),
          "its lists have different lengths");

  Range range{std::vector<std::int64_t>(dims.size(), 0), std::vector<std::int64_t>(dims.size(), 1), dims};
  for (std::size_t k = 0; k < starts.size(); ++k) {
    const std::size_t axis = node.axis(axes[k], dims.size());
    const std::int64_t size = dims[axis], step = steps[k];
    constexpr std::int64_t far = std::numeric_limits<std::int32_t>::max();  // exporters write "to the end" as this or more
    if (size < 0) {
      require(starts[k] == 0 && step == 1 && (ends[k] >= far), "it takes part of the batch");
      continue;
    }
    require(step != 0 && step >= -size && step <= far, "its step is not allowed");
    const auto clamp = [&](std::int64_t at, std::int64_t least, std::int64_t most) {
      if (at < 0) at = at < -size ? -1 - size : at + size;
      return std::clamp(at, least, most);
    };
    if (step > 0) {
      const std::int64_t from = clamp(starts[k], 0, size), to = clamp(ends[k], 0, size);
      range.starts[axis] = from;
      range.sizes[axis] = to > from ? (to - from + step - 1) / step : 0;
    } else {
      const std::int64_t from = clamp(starts[k], -1, size - 1), to = clamp(ends[k], -1, size - 1);
      range.starts[axis] = from;
      range.sizes[axis] = from > to ? (from - to - step - 1) / -step : 0;
    }
    range.steps[axis] = step;
  }
  return range;
}

}  // namespace

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

Binding import_pad(OnnxNode& node) {
  require(node.text("mode", "constant") == "constant", fmt::format("its mode is '{}'; constant is supported", node.text("mode", "")));
  const std::size_t rank = node.dims(0).size();
  const auto pads = node.integers_or_input("pads", 1, {});
  require(pads.size() == 2 * rank && !node.has_input(3), "it pads some of its dimensions; one entry for each end of each is supported");
  Pad pad{{pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank)},
          {pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end()},
          node.number("value", 0)};
  if (node.has_input(2)) {
    require(node.constant(2).size() == 1, "its value must be a single number");
    pad.value = node.constant(2).floats()[0];
  }
  const auto is_huge = [](std::int64_t size) { return size > (1 << 20); };
  require(std::none_of(pads.begin(), pads.end(), is_huge), "its padding is too large");
  if (std::all_of(pads.begin(), pads.end(), [](std::int64_t size) { return size == 0; })) return node.alias(0);
  return node.append(std::move(pad), {node.value(0)});
}

Binding import_slice(OnnxNode& node) {
  Range range = range_of(node, node.dims(0));
  if (node.is_constant(0)) return OnnxNode::of(sliced(node.constant(0), range.starts, range.steps, range.sizes, node.budget()));
  return node.append(Slice{range.starts, range.steps}, {node.value(0)}, range.sizes);
}

std::vector<Binding> import_split(OnnxNode& node) {
  const Dims in = node.dims(0);
  const std::size_t axis = node.axis(node.integer("axis", 0), in.size());
  require(in[axis] >= 0, "it splits the batch");
  const auto parts = static_cast<std::int64_t>(node.output_count()), even = (in[axis] + parts - 1) / parts;
  std::vector<std::int64_t> lengths(node.output_count(), even);
  lengths.back() = in[axis] - even * (parts - 1);
  lengths = node.integers_or_input("split", 1, lengths);
  require(lengths.size() == node.output_count(), fmt::format("it has {} lengths and {} outputs", lengths.size(), parts));
  std::vector<Binding> outputs;
  std::vector<std::int64_t> starts(in.size(), 0);
  const std::vector<std::int64_t> steps(in.size(), 1);
  Dims sizes = in;
  for (const std::int64_t length : lengths) {
    require(length > 0 && length <= in[axis] - starts[axis], fmt::format("its lengths do not add up to {}", in[axis]));
    sizes[axis] = length;
    outputs.push_back(node.is_constant(0) ? OnnxNode::of(sliced(node.constant(0), starts, steps, sizes, node.budget()))
                                          : node.append(Slice{starts, steps}, {node.value(0)}, sizes));
    starts[axis] += length;
  }
  require(starts[axis] == in[axis], fmt::format("its lengths do not add up to {}", in[axis]));
  return outputs;
}

Binding import_concat(OnnxNode& node) {
  require(node.input_count() > 0 && node.has_input(0), "it has no inputs");
  std::size_t rank = node.dims(0).size();
  const auto axis = static_cast<std::int64_t>(node.axis(node.integer("axis", 1), rank));
  if (node.all_constant()) {
    std::vector<const Constant*> parts;
    for (std::size_t i = 0; i < node.input_count(); ++i) parts.push_back(&node.constant(i));
    return OnnxNode::of(concatenated(parts, axis, node.budget()));
  }
  std::vector<ValueId> inputs;
  for (std::size_t i = 0; i < node.input_count(); ++i) inputs.push_back(node.value(i));
  return node.append(Concat{axis}, std::move(inputs));
}

Binding import_gather(OnnxNode& node) {
  const std::size_t rank = node.dims(0).size();
  const std::size_t axis = node.axis(node.integer("axis", 0), rank);
  const Constant& indices = node.constant(1);
  if (node.is_constant(0)) return OnnxNode::of(gathered(node.constant(0), indices, static_cast<std::int64_t>(axis), node.budget()));
  // One place along one dimension: a slice, whose dimension then goes.
  require(indices.size() == 1 && indices.dims.empty() && axis > 0,
          "of a computed value, a single index (not along the batch) is supported");
  const Dims& in = node.dims(0);
  std::int64_t index = indices.integers()[0];
  if (index < 0) index += in[axis];
  require(index >= 0 && index < in[axis], fmt::format("its index is outside 0..{}", in[axis] - 1));
  Slice slice{std::vector<std::int64_t>(rank, 0), std::vector<std::int64_t>(rank, 1)};
  slice.starts[axis] = index;
  Dims sizes = in;
  sizes[axis] = 1;
  const Binding picked = node.append(std::move(slice), {node.value(0)}, sizes);
  sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(axis));
  return node.append(Reshape{}, {picked.value}, sizes);
}

Binding import_shape(OnnxNode& node) {
  require(!node.attribute("start") && !node.attribute("end"), "a part of a shape is not supported");
  return OnnxNode::of(integer_vector(node.dims(0)));
}

Binding import_constant(OnnxNode& node) {
  if (const auto* value = node.attribute("value")) return OnnxNode::of(read_tensor(value->t(), node.budget()));
  if (const auto* value = node.attribute("value_float")) return OnnxNode::of({{}, std::vector<float>{value->f()}});
  if (const auto* value = node.attribute("value_int")) return OnnxNode::of({{}, std::vector<std::int64_t>{value->i()}});
  if (const auto* value = node.attribute("value_ints")) return OnnxNode::of(integer_vector({value->ints().begin(), value->ints().end()}));
  if (const auto* value = node.attribute("value_floats")) {
    return OnnxNode::of({{value->floats_size()}, std::vector<float>(value->floats().begin(), value->floats().end())});
  }
  throw InputError("its value is of a kind that is not supported");
}

Binding import_constant_of_shape(OnnxNode& node) {
  Dims dims = node.constant(0).integers();
  for (std::int64_t& size : dims) size = size < 0 ? 1 : size;  // the same for every image
  Constant value{{1}, std::vector<float>{0}};
  if (const auto* given = node.attribute("value")) value = read_tensor(given->t(), node.budget());
  require(value.size() == 1, "its value must be a single number");
  const std::size_t count = node.budget().constant(dims, value.element_bytes());
  return std::visit(
      [&](const auto& single) {
        return OnnxNode::of({dims, std::decay_t<decltype(single)>(count, single[0])});
      },
      value.values);
}

Binding import_cast(OnnxNode& node) {
  const std::int64_t to = node.integer("to", onnx::TensorProto::FLOAT);
  const bool to_float = to == onnx::TensorProto::FLOAT || to == onnx::TensorProto::DOUBLE;
  const bool to_integer = to == onnx::TensorProto::INT64 || to == onnx::TensorProto::INT32;
  require(to_float || to_integer, "it casts to a type that is not supported");
  if (!node.is_constant(0)) {
    require(to_float, "it makes integers of computed values");
    return node.alias(0);
  }
  const Constant& from = node.constant(0);
  if (from.is_integer() == to_integer) return node.alias(0);
  node.budget().constant(from.dims, to_float ? sizeof(float) : sizeof(std::int64_t));
  if (to_float) return OnnxNode::of({from.dims, std::vector<float>(from.integers().begin(), from.integers().end())});
  const auto& values = from.floats();
  const auto odd = std::find_if(values.begin(), values.end(), [](float value) { return !(std::abs(value) < 9e18f); });
  require(odd == values.end(), fmt::format("it makes an integer of {}", odd == values.end() ? 0 : *odd));
  return OnnxNode::of({from.dims, std::vector<std::int64_t>(from.floats().begin(), from.floats().end())});
}

}  // namespace ballast::graph
