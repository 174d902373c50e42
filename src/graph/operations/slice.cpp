// SPDX-License-Identifier: Apache-2.0
//
// Values cut, padded and joined.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "../onnx_rows.hpp"
#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph::operations {
namespace {

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

Dims dims_of(const Slice& slice, const Shapes& shapes) {
  const Dims &in = shapes.in[0], &out = shapes.given;
  require_batch_first(in), require_batch_first(out);
  require(slice.starts.size() == in.size() && slice.steps.size() == in.size() && out.size() == in.size(),
          "it slices another number of dimensions than its input has");
  for (std::size_t i = 1; i < out.size(); ++i) {
    require(slice.steps[i] > 0 && out[i] > 0 && slice.starts[i] >= 0 && slice.starts[i] + (out[i] - 1) * slice.steps[i] < in[i],
            "it takes what its input does not have (or nothing at all)");
  }
  return out;
}

void save(const Slice& slice, OnnxWriter& out) {
  std::vector<std::int64_t> starts, ends, axes, steps;
  const Dims& sizes = out.output_dims();
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    axes.push_back(static_cast<std::int64_t>(i));
    starts.push_back(slice.starts[i]);
    steps.push_back(slice.steps[i]);
    ends.push_back(slice.starts[i] + (sizes[i] - 1) * slice.steps[i] + 1);
  }
  WrittenNode node = out.add("Slice");
  const std::string stem = out.output();
  node.input(out.constant(stem + ".starts", starts)).input(out.constant(stem + ".ends", ends));
  node.input(out.constant(stem + ".axes", axes)).input(out.constant(stem + ".steps", steps));
}

Operation over_rows(const Slice& slice) { return Slice{entries_with_rows(slice.starts, 0), entries_with_rows(slice.steps, 1)}; }

Dims dims_of(const Pad& pad, const Shapes& shapes) {
  Dims out = shapes.in[0];
  require(pad.before.size() == out.size() && pad.after.size() == out.size(), "it pads another number of dimensions than its input has");
  require_batch_first(out);
  require(pad.before[0] == 0 && pad.after[0] == 0, "it pads the batch");
  for (std::size_t i = 1; i < out.size(); ++i) {
    require(pad.before[i] >= 0 && pad.after[i] >= 0, "negative padding is not supported");
    out[i] += pad.before[i] + pad.after[i];
  }
  return out;
}

void save(const Pad& pad, OnnxWriter& out) {
  std::vector<std::int64_t> pads = pad.before;
  pads.insert(pads.end(), pad.after.begin(), pad.after.end());
  WrittenNode node = out.add("Pad");
  node.input(out.constant(out.output() + ".pads", pads)).input(out.constant(out.output() + ".value", Tensor{{}, {pad.value}}));
}

Operation over_rows(const Pad& pad) { return Pad{entries_with_rows(pad.before, 0), entries_with_rows(pad.after, 0), pad.value}; }

Dims dims_of(const Concat& concat, const Shapes& shapes) {
  Dims out;
  for (const Dims& dims : shapes.in) {
    if (out.empty() && !dims.empty() && dims[0] == batch) out = dims;
  }
  require_batch_first(out);
  require(concat.axis > 0 && concat.axis < static_cast<std::int64_t>(out.size()), "its axis must not be the batch, and must be there");
  const auto axis = static_cast<std::size_t>(concat.axis);
  out[axis] = 0;
  for (const Dims& dims : shapes.in) {
    require(dims.size() == out.size(), "its inputs have different numbers of dimensions");
    require(dims[0] == batch || dims[0] == 1, fmt::format("its constant {} is not the same for every image", to_string(dims)));
    for (std::size_t i = 1; i < out.size(); ++i) require(i == axis || dims[i] == out[i], "its inputs' shapes do not fit");
    out[axis] += dims[axis];
  }
  return out;
}

void save(const Concat& concat, OnnxWriter& out) {
  const Node& node = out.node();
  for (const ValueId id : node.inputs) {
    require(!out.graph().is_constant(id),
            fmt::format("node '{}': a constant joined to every image cannot be written with a free batch", node.name));
  }
  out.add("Concat").integer("axis", concat.axis);
}

Operation over_rows(const Concat& concat) { return Concat{axis_behind_rows(concat.axis)}; }

}  // namespace

OnnxTypes slice_types() {
  return {{"Concat", import_concat}, {"Gather", import_gather}, {"Pad", import_pad}, {"Slice", import_slice}, {"Split", import_split}};
}

Rules<Slice> rules_of(const Slice&) { return {"Slice", dims_of, over_rows, save}; }
Rules<Pad> rules_of(const Pad&) { return {"Pad", dims_of, over_rows, save}; }
Rules<Concat> rules_of(const Concat&) { return {"Concat", dims_of, over_rows, save}; }

}  // namespace ballast::graph::operations
