// SPDX-License-Identifier: Apache-2.0
//
// Values cut, padded and joined.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

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

Operand gathered(OnnxNode& node, const Operand& x, std::size_t axis, std::vector<std::int64_t> indices) {
  node.budget().constant({static_cast<std::int64_t>(indices.size())}, sizeof(std::int64_t));
  return node.append(Gather{static_cast<std::int64_t>(axis), std::move(indices)}, {x});
}

// start, start + step, ...
std::vector<std::int64_t> steps_from(std::int64_t start, std::int64_t step, std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  for (std::int64_t& index : indices) index = std::exchange(start, start + step);
  return indices;
}

// Backwards, elements are gathered; forwards, they are cut out.
Binding import_slice(OnnxNode& node) {
  Range range = range_of(node, node.dims(0));
  if (node.is_constant(0)) return OnnxNode::of(sliced(node.constant(0), range.starts, range.steps, range.sizes, node.budget()));
  Operand x = node.value(0);
  Dims sizes = node.dims(0);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (range.steps[i] > 0) continue;
    node.budget().constant({range.sizes[i]}, sizeof(std::int64_t));
    x = gathered(node, x, i, steps_from(range.starts[i], range.steps[i], range.sizes[i]));
    range.starts[i] = 0, range.steps[i] = 1;
    sizes[i] = range.sizes[i];
  }
  if (sizes == range.sizes && sizes != node.dims(0)) return {node.name(), nullptr, x.id, x.view};
  return node.append(Slice{range.starts, range.steps}, {x}, range.sizes);
}

std::vector<Binding> import_split(OnnxNode& node) {
  const Dims in = node.dims(0);
  const std::size_t axis = node.axis(node.integer("axis", 0), in.size());
  require(in[axis] >= 0, "it splits the batch");
  const auto parts = static_cast<std::int64_t>(node.output_count()), even = (in[axis] + parts - 1) / parts;
  std::vector<std::int64_t> lengths(node.output_count(), even);
  lengths.back() = in[axis] - even * (parts - 1);
  require(node.integer("num_outputs", parts) == parts, fmt::format("its num_outputs are not the {} that it has", parts));
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

std::vector<std::int64_t> places_of(const Constant& indices, std::int64_t size) {
  std::vector<std::int64_t> places = indices.integers();
  require(!places.empty(), "it has no indices");
  for (std::int64_t& index : places) {
    require(index >= -size && index < size, fmt::format("its index {} is outside 0..{}", index, size - 1));
    if (index < 0) index += size;
  }
  return places;
}

Binding import_gather(OnnxNode& node) {
  const std::size_t rank = node.dims(0).size();
  const std::size_t axis = node.axis(node.integer("axis", 0), rank);
  const Constant& indices = node.constant(1);
  if (node.is_constant(0)) return OnnxNode::of(gathered(node.constant(0), indices, static_cast<std::int64_t>(axis), node.budget()));
  const Dims in = node.dims(0);
  require(in[axis] >= 0, "it works along the batch");
  std::vector<std::int64_t> places = places_of(indices, in[axis]);
  // One place is a slice, whose dimension may then go.
  Dims sizes = in;
  sizes[axis] = static_cast<std::int64_t>(places.size());
  Operand picked = node.value(0);
  if (places.size() == 1) {
    Slice slice{std::vector<std::int64_t>(rank, 0), std::vector<std::int64_t>(rank, 1)};
    slice.starts[axis] = places[0];
    picked = node.append(std::move(slice), {picked}, sizes);
  } else {
    picked = gathered(node, picked, axis, std::move(places));
  }
  const auto here = sizes.begin() + static_cast<std::ptrdiff_t>(axis);
  Dims out(sizes.begin(), here);
  out.insert(out.end(), indices.dims.begin(), indices.dims.end());
  out.insert(out.end(), here + 1, sizes.end());
  return node.reshape(picked, out);
}

void require_images(const OnnxNode& node) {
  require(node.is_constant(0) || node.view(0) == View{},
          "its input has the batch elsewhere than first, or several rows for each image of the batch; images are needed");
}

// All elements of one image in a row; a place in it for each position (without the batch) is gathered.
Binding gathered_anywhere(OnnxNode& node, std::vector<std::int64_t> places, const Dims& out) {
  const Binding flat = node.reshape(node.value(0), {batch, elements(node.graph_dims(0))});
  return node.reshape(gathered(node, flat, 1, std::move(places)), out);
}

std::int64_t place_of(std::int64_t index, std::int64_t size) {
  require(index >= -size && index < size, fmt::format("its index {} is outside 0..{}", index, size - 1));
  return index < 0 ? index + size : index;
}

// The same places for every image.
Binding import_gather_elements(OnnxNode& node) {
  require_images(node);
  const Dims in = node.dims(0);
  const Constant& indices = node.constant(1);
  const std::size_t axis = node.axis(node.integer("axis", 0), in.size());
  require(indices.dims.size() == in.size(), fmt::format("its indices are {} for an input of {}", to_string(indices.dims), to_string(in)));
  if (!node.is_constant(0)) require(axis > 0 && indices.dims[0] == 1, "its indices are not the same for every image");
  for (std::size_t i = 0; i < in.size(); ++i) {
    require(i == axis || in[i] < 0 || indices.dims[i] <= in[i], "its indices go beyond its input");
  }
  const auto strides = row_major_strides(in), own = row_major_strides(indices.dims);
  node.budget().constant(indices.dims, sizeof(std::int64_t));
  std::vector<std::int64_t> places;
  for (std::size_t flat = 0; flat < indices.size(); ++flat) {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (in[i] < 0) continue;
      const std::int64_t at = static_cast<std::int64_t>(flat) / own[i] % indices.dims[i];
      place += strides[i] * (i == axis ? place_of(indices.integers()[flat], in[i]) : at);
    }
    places.push_back(place);
  }
  Dims out = indices.dims;
  if (!node.is_constant(0)) {
    out[0] = batch;
    return gathered_anywhere(node, std::move(places), out);
  }
  const Constant flat = reshaped(node.constant(0), {static_cast<std::int64_t>(node.constant(0).size())}, node.budget());
  return OnnxNode::of(reshaped(gathered(flat, integer_vector(std::move(places)), 0, node.budget()), out, node.budget()));
}

// Each row of the indices is a place along the first dimensions, behind those that both have.
Binding import_gather_nd(OnnxNode& node) {
  require_images(node);
  const Dims in = node.dims(0);
  const Constant& indices = node.constant(1);
  const std::int64_t shared = node.integer("batch_dims", 0);
  require(!indices.dims.empty() && shared >= 0 && shared < static_cast<std::int64_t>(std::min(in.size(), indices.dims.size())),
          "its batch_dims do not fit its inputs");
  const auto first = static_cast<std::size_t>(shared), depth = static_cast<std::size_t>(indices.dims.back());
  require(depth >= 1 && first + depth <= in.size(),
          fmt::format("its indices are {} for an input of {}", to_string(indices.dims), to_string(in)));
  if (!node.is_constant(0)) require(first >= 1 && indices.dims[0] == 1, "its indices are not the same for every image");
  for (std::size_t i = 0; i < first; ++i) require(in[i] < 0 || in[i] == indices.dims[i], "its batch_dims do not fit its inputs");
  const auto strides = row_major_strides(in), own = row_major_strides(indices.dims);
  const Dims rest(in.begin() + static_cast<std::ptrdiff_t>(first + depth), in.end());
  const std::int64_t inner = constant_elements(rest);
  Dims out(indices.dims.begin(), indices.dims.end() - 1);
  out.insert(out.end(), rest.begin(), rest.end());
  node.budget().constant(out, sizeof(std::int64_t));
  std::vector<std::int64_t> places;
  for (std::size_t row = 0; row < indices.size(); row += depth) {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < first; ++i) {
      if (in[i] > 0) place += static_cast<std::int64_t>(row) / own[i] % indices.dims[i] * strides[i];
    }
    for (std::size_t i = 0; i < depth; ++i) place += strides[first + i] * place_of(indices.integers()[row + i], in[first + i]);
    for (std::int64_t i = 0; i < inner; ++i) places.push_back(place + i);
  }
  if (!node.is_constant(0)) {
    out[0] = batch;
    return gathered_anywhere(node, std::move(places), out);
  }
  const Constant flat = reshaped(node.constant(0), {static_cast<std::int64_t>(node.constant(0).size())}, node.budget());
  return OnnxNode::of(reshaped(gathered(flat, integer_vector(std::move(places)), 0, node.budget()), out, node.budget()));
}

// Dimensions of size 1 repeated, and new ones in front of a constant.
Binding import_expand(OnnxNode& node) {
  Dims wanted = node.constant(1).integers();
  if (node.is_constant(0)) {
    for (std::int64_t& size : wanted) size = size < 0 ? 1 : size;
    return OnnxNode::of(expanded(node.constant(0), wanted, node.budget()));
  }
  Dims in = node.dims(0);
  node.budget().rank(wanted.size());
  require(wanted.size() <= in.size(), fmt::format("{} cannot become {}: it would move the batch", to_string(in), to_string(wanted)));
  wanted.insert(wanted.begin(), in.size() - wanted.size(), 1);
  Operand x = node.value(0);
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (wanted[i] == in[i] || wanted[i] == 1 || (in[i] < 0 && wanted[i] == -in[i] * node.batch_size())) continue;
    require(in[i] == 1 && wanted[i] > 0, fmt::format("{} cannot become {}", to_string(in), to_string(wanted)));
    node.budget().constant({wanted[i]}, sizeof(std::int64_t));
    x = gathered(node, x, i, std::vector<std::int64_t>(static_cast<std::size_t>(wanted[i]), 0));
  }
  return {node.name(), nullptr, x.id, x.view};
}

Binding import_tile(OnnxNode& node) {
  const std::vector<std::int64_t> repeats = node.constant(1).integers();
  const Dims in = node.dims(0);
  require(repeats.size() == in.size(), fmt::format("it has {} repeats for an input of {}", repeats.size(), to_string(in)));
  Binding x = node.alias(0);
  for (std::size_t i = 0; i < in.size(); ++i) {
    require(repeats[i] >= 0 && repeats[i] < (1 << 30), fmt::format("its repeats hold {}", repeats[i]));
    if (repeats[i] == 1) continue;
    require(in[i] >= 0, "it repeats the images of a batch");
    node.budget().constant({in[i], repeats[i]}, sizeof(std::int64_t));
    std::vector<std::int64_t> indices;
    for (std::int64_t to = 0; to < in[i] * repeats[i]; ++to) indices.push_back(to % in[i]);
    if (x.constant) {
      x = OnnxNode::of(gathered(*x.constant, integer_vector(std::move(indices)), static_cast<std::int64_t>(i), node.budget()));
    } else {
      const Operand repeated = gathered(node, x, i, std::move(indices));
      x = {node.name(), nullptr, repeated.id, repeated.view};
    }
  }
  return x;
}

// Ones on and below a diagonal, or on and above it; elsewhere there are zeros.
Binding import_triangle(OnnxNode& node) {
  const Dims in = node.dims(0);
  const bool upper = node.integer("upper", 1) != 0;
  require(in.size() >= 2 && in[in.size() - 2] >= 0 && in.back() >= 0, fmt::format("its input is {}: no batch of matrices", to_string(in)));
  constexpr std::int64_t far = std::int64_t{1} << 31;
  const std::int64_t k = node.has_input(1) ? node.constant(1).integers().at(0) : 0, rows = in[in.size() - 2], columns = in.back();
  require(k > -far && k < far, fmt::format("its diagonal {} is too far off", k));
  node.budget().constant({rows, columns}, sizeof(std::int64_t));
  std::vector<std::int64_t> kept;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) kept.push_back((upper ? column - row >= k : column - row <= k) ? 1 : 0);
  }
  if (node.is_constant(0)) {
    const bool whole = node.constant(0).is_integer();
    const Constant zero = whole ? Constant{{}, std::vector<std::int64_t>{0}} : Constant{{}, std::vector<float>{0}};
    return OnnxNode::of(chosen({{rows, columns}, std::move(kept)}, node.constant(0), zero, node.budget()));
  }
  const ValueId mask = node.graph().add_constant(node.name() + ".triangle", {{rows, columns}, {kept.begin(), kept.end()}});
  return node.append(Select{}, {mask, node.value(0), node.graph().add_constant(node.name() + ".zero", {{}, {0}})});
}

// Where each element of a padded dimension comes from, in a mode other than constant.
std::vector<std::int64_t> padded_places(const std::string& mode, std::int64_t size, std::int64_t before, std::int64_t after) {
  std::vector<std::int64_t> places;
  const std::int64_t period = mode == "reflect" ? std::max<std::int64_t>(2 * (size - 1), 1) : size;
  for (std::int64_t to = -before; to < size + after; ++to) {
    std::int64_t place = mode == "edge" ? std::clamp<std::int64_t>(to, 0, size - 1) : (to % period + period) % period;
    if (mode == "reflect" && place >= size) place = period - place;
    places.push_back(place);
  }
  return places;
}

struct Padding {
  std::vector<std::int64_t> before, after;
};

float value_of_padding(const OnnxNode& node);

// Gathered along each dimension; a constant beside it where it is padded by one.
Constant padded_constant(OnnxNode& node, const Padding& padding, const Slice& inside, const Dims& sizes, const std::string& mode) {
  LoadBudget& budget = node.budget();
  Constant x = sliced(node.constant(0), inside.starts, inside.steps, sizes, budget);
  const float value = value_of_padding(node);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (padding.before[i] + padding.after[i] == 0) continue;
    const auto axis = static_cast<std::int64_t>(i);
    if (mode != "constant") {
      x = gathered(x, integer_vector(padded_places(mode, sizes[i], padding.before[i], padding.after[i])), axis, budget);
      continue;
    }
    const auto filled = [&](std::int64_t size) {
      Dims dims = x.dims;
      dims[i] = size;
      const std::size_t count = budget.constant(dims, x.element_bytes());
      if (x.is_integer()) return Constant{dims, std::vector<std::int64_t>(count, static_cast<std::int64_t>(value))};
      return Constant{dims, std::vector<float>(count, value)};
    };
    const Constant before = filled(padding.before[i]), after = filled(padding.after[i]);
    x = concatenated({&before, &x, &after}, axis, budget);
  }
  return x;
}

// One entry a dimension of dims.
Padding padding_of(const OnnxNode& node, const Dims& dims) {
  const auto pads = node.integers_or_input("pads", 1, {});
  std::vector<std::int64_t> axes(dims.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has_input(3)) axes = node.constant(3).integers();
  require(pads.size() == 2 * axes.size(),
          fmt::format("its pads have {} entries; one entry for each end of {} dimensions is needed", pads.size(), axes.size()));
  constexpr std::int64_t most = 1 << 20;
  Padding padding{std::vector<std::int64_t>(dims.size(), 0), std::vector<std::int64_t>(dims.size(), 0)};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = node.axis(axes[i], dims.size());
    for (const std::int64_t size : {pads[i], pads[i + axes.size()]}) {
      require(size <= most && size >= -most, fmt::format("its padding {} is too large", size));
    }
    padding.before[axis] = pads[i], padding.after[axis] = pads[i + axes.size()];
  }
  return padding;
}

float value_of_padding(const OnnxNode& node) {
  if (!node.has_input(2)) return node.number("value", 0);
  const Constant& value = node.constant(2);
  require(value.size() == 1, "its value must be a single number");
  return value.is_integer() ? static_cast<float>(value.integers()[0]) : value.floats()[0];
}

// What is padded by less than nothing is cut off first.
Binding import_pad(OnnxNode& node) {
  const std::string mode = node.text("mode", "constant");
  const std::vector<std::string> modes{"constant", "edge", "reflect", "wrap"};
  require(std::count(modes.begin(), modes.end(), mode) > 0, fmt::format("its mode is '{}'; {} are allowed", mode, fmt::join(modes, ", ")));
  Dims dims = node.dims(0);
  Padding padding = padding_of(node, dims);
  Slice inside{std::vector<std::int64_t>(dims.size(), 0), std::vector<std::int64_t>(dims.size(), 1)};
  Dims sizes = dims;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    auto &before = padding.before[i], &after = padding.after[i];
    require(dims[i] >= 0 || (before == 0 && after == 0), "it pads the batch");
    inside.starts[i] = std::max<std::int64_t>(-before, 0);
    sizes[i] += std::min<std::int64_t>(before, 0) + std::min<std::int64_t>(after, 0);
    require(dims[i] < 0 || sizes[i] > 0, "it leaves nothing of its input");
    before = std::max<std::int64_t>(before, 0), after = std::max<std::int64_t>(after, 0);
    require(mode != "reflect" || dims[i] < 0 || std::max(before, after) < std::max<std::int64_t>(sizes[i], 1),
            fmt::format("it reflects more than the {} elements of a dimension", sizes[i]));
  }
  if (node.is_constant(0)) return OnnxNode::of(padded_constant(node, padding, inside, sizes, mode));
  Operand x = node.value(0);
  if (sizes != dims) x = node.append(std::move(inside), {x}, sizes);
  if (mode == "constant") {
    const auto is_none = [](const auto& list) { return std::all_of(list.begin(), list.end(), [](auto size) { return size == 0; }); };
    if (is_none(padding.before) && is_none(padding.after)) return {node.name(), nullptr, x.id, x.view};
    return node.append(Pad{padding.before, padding.after, value_of_padding(node)}, {x});
  }
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (padding.before[i] + padding.after[i] == 0) continue;
    x = gathered(node, x, i, padded_places(mode, sizes[i], padding.before[i], padding.after[i]));
  }
  return {node.name(), nullptr, x.id, x.view};
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
  std::vector<Operand> inputs;
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

Operation in_view(const Slice& slice, const View& view) { return Slice{view.entries(slice.starts, 0), view.entries(slice.steps, 1)}; }

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

Operation in_view(const Pad& pad, const View& view) { return Pad{view.entries(pad.before, 0), view.entries(pad.after, 0), pad.value}; }

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

// A constant is stretched to the batch of what it is joined to.
std::string joined_constant(OnnxWriter& out, std::size_t i, std::size_t computed) {
  const std::string stem = out.input(i);
  const auto named = [&](const char* what) { return out.unique(stem + what); };
  const std::string images = named(".images"), sizes = named(".sizes"), stretched = named(".stretched");
  const Dims& dims = out.input_dims(i);
  out.add("Shape", {out.input(computed)}, images).integer("start", 0).integer("end", 1);
  out.add("Concat", {images, out.constant(stem + ".dims", std::vector<std::int64_t>(dims.begin() + 1, dims.end()))}, sizes)
      .integer("axis", 0);
  out.add("Expand", {stem, sizes}, stretched);
  return stretched;
}

void save(const Concat& concat, OnnxWriter& out) {
  const auto& ids = out.node().inputs;
  const auto computed = std::find_if(ids.begin(), ids.end(), [&](ValueId id) { return !out.graph().is_constant(id); }) - ids.begin();
  require(static_cast<std::size_t>(computed) < ids.size(), "all that it joins is constant");
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < ids.size(); ++i)
    inputs.push_back(out.graph().is_constant(ids[i]) ? joined_constant(out, i, static_cast<std::size_t>(computed)) : out.input(i));
  out.add("Concat", inputs, out.output()).integer("axis", concat.axis);
}

Operation in_view(const Concat& concat, const View& view) { return Concat{view.axis(concat.axis)}; }

Dims dims_of(const Gather& gather, const Shapes& shapes) {
  Dims out = shapes.in[0];
  require_batch_first(out);
  require(gather.axis > 0 && gather.axis < static_cast<std::int64_t>(out.size()), "its axis must not be the batch, and must be there");
  std::int64_t& size = out[static_cast<std::size_t>(gather.axis)];
  for (const std::int64_t index : gather.indices)
    require(index >= 0 && index < size, fmt::format("its index {} is outside 0..{}", index, size - 1));
  size = static_cast<std::int64_t>(gather.indices.size());
  return out;
}

void save(const Gather& gather, OnnxWriter& out) {
  out.add("Gather").input(out.constant(out.output() + ".indices", gather.indices)).integer("axis", gather.axis);
}

Operation in_view(const Gather& gather, const View& view) { return Gather{view.axis(gather.axis), gather.indices}; }

}  // namespace

OnnxTypes slice_types() {
  return {{"Concat", import_concat},      {"Expand", import_expand}, {"Gather", import_gather}, {"GatherElements", import_gather_elements},
          {"GatherND", import_gather_nd}, {"Pad", import_pad},       {"Slice", import_slice},   {"Split", import_split},
          {"Tile", import_tile},          {"Trilu", import_triangle}};
}

Rules<Gather> rules_of(const Gather&) { return {"Gather", dims_of, in_view, save}; }
Rules<Slice> rules_of(const Slice&) { return {"Slice", dims_of, in_view, save}; }
Rules<Pad> rules_of(const Pad&) { return {"Pad", dims_of, in_view, save}; }
Rules<Concat> rules_of(const Concat&) { return {"Concat", dims_of, in_view, save}; }

}  // namespace ballast::graph::operations
