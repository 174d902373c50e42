// SPDX-License-Identifier: Apache-2.0
//
// How each operation of a graph becomes primitives.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "lowering.hpp"
#include "lowering_steps.hpp"
#include "stretched.hpp"

namespace ballast::model::onednn {
namespace {

using graph::ValueId;

bool multiplies_tiles() { return uses(dnnl::cpu_isa::avx512_core_amx); }

// The products of oneDNN 2.6 for processors without AVX-512 take six rows at a time and sum what is left behind them in another order: an
// image's scores would depend on its place. So rows are filled up to whole tiles, whose last ones are nobody's.
constexpr std::int64_t rows_of_a_tile = 6;
bool sums_last_rows_otherwise(std::string_view implementation) {
  return implementation.find("gemm:jit") != std::string_view::npos && !uses(dnnl::cpu_isa::avx512_core);
}

// By Winograd's minimal filtering, which takes a quarter of the multiplications, oneDNN 2 has kernels in single precision with AVX-512.
// With fewer channels its transformations take longer than they save.
constexpr std::int64_t least_transformed = 32;  // channels
bool has_winograd() { return DNNL_VERSION_MAJOR < 3 && uses(dnnl::cpu_isa::avx512_core); }

std::int64_t product(const memory::dims& dims, std::size_t from, std::size_t to) {
  std::int64_t result = 1;
  for (std::size_t i = from; i < to; ++i) result *= dims[i];
  return result;
}

}  // namespace

// Left to itself, oneDNN 2.6 takes channels-last kernels; where channels come in whole registers, its kernels for channels in
// blocks of 16 are faster (in bf16 by 2 to 12 % on a ResNet-110; in fp32 Winograd's have no others). But not in bf16 where the processor
// multiplies tiles: only the channels-last kernels do, and are 3 to 6 times as fast.
memory::format_tag Lowering::convolution_layout(std::int64_t channels) const {
  const bool in_blocks = type_ == memory::data_type::bf16 ? !multiplies_tiles() : has_winograd();
  return in_blocks && channels % 16 == 0 ? memory::format_tag::nChw16c : memory::format_tag::any;
}

bool Lowering::may_be_transformed(const graph::Convolution& conv) const {
  const graph::Dims& weights = graph_.dims(node_->inputs[1]);
  const graph::Sides ones{1, 1};
  return type_ == memory::data_type::f32 && has_winograd() && conv.groups == 1 && conv.strides == ones && conv.dilations == ones &&
         weights[2] == 3 && weights[3] == 3 && std::min(weights[0], weights[1]) >= least_transformed;
}

void Lowering::operator()(const graph::Convolution& conv) {
  Fused fused = look_ahead(index_, true);
  const Dims out = dims_of(fused.output);
  const Dims weight_dims = by_groups(graph_.dims(node_->inputs[1]), conv.groups);
  const bool is_output = fused.output == graph_.output;
  const memory::desc any_weights(weight_dims, type_, memory::format_tag::any);
  const memory::desc bias_desc({out[1]}, memory::data_type::f32, memory::format_tag::x);
  const Dims in = dims_of(node_->inputs[0]);
  const auto out_type = is_output ? memory::data_type::f32 : type_;
  const auto described = [&](memory::format_tag in_layout, const memory::desc& to,
                             dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct) {
    return describe_convolution(plan_.engine_, desc_of(in, in_layout), any_weights, bias_desc, to, window_of_layer(conv), attributes(fused),
                                algorithm);
  };
  const memory::format_tag any = memory::format_tag::any;
  const memory::desc wanted =
      fused.residual ? stored(*fused.residual).desc : memory::desc(out, out_type, out.size() == 4 ? convolution_layout(out[1]) : any);
  auto desc = described(in.size() == 4 ? convolution_layout(in[1]) : any, wanted);
  // Not every layout has a kernel. Then the library chooses all of them, and a residual is brought to its choice.
  if (is_reference(desc)) desc = described(any, memory::desc(out, out_type, any));
  if (may_be_transformed(conv)) {
    try {
      desc = described(convolution_layout(in[1]), wanted, dnnl::algorithm::convolution_winograd);
    } catch (const dnnl::error& error) {  // not for these sizes
      require_memory(error);
    }
  }

  const Stored source = reorder_to(stored(node_->inputs[0]), desc.src_desc());
  const Stored result = fused.residual ? reorder_to(stored(*fused.residual), desc.dst_desc()) : new_buffer(desc.dst_desc());
  const graph::Tensor no_bias{{out[1]}, std::vector<float>(static_cast<std::size_t>(out[1]))};
  const graph::Tensor& bias = node_->inputs.size() > 2 ? graph_.tensor(node_->inputs[2]) : no_bias;
  const memory src = argument(source), dst = argument(result);
  operations_ = operations_of_node();
  add_with_scratchpad(desc,
                      {{DNNL_ARG_SRC, src},
                       {DNNL_ARG_WEIGHTS, constant(graph_.tensor(node_->inputs[1]), weight_dims, desc.weights_desc())},
                       {DNNL_ARG_BIAS, constant(bias, {out[1]}, bias_desc)},
                       {DNNL_ARG_DST, dst}},
                      fmt::format("{} {} -> {}", fused.description, sizes(dims_of(node_->inputs[0])), sizes(out)));
  finish(fused, result);
}

void Lowering::operator()(const graph::Linear&) {
  const Fused fused = look_ahead(index_, false);
  const Dims in = dims_of(node_->inputs[0]), out = dims_of(fused.output);
  const std::int64_t rows = product(in, 0, in.size() - 1);
  const Dims weight_dims = graph_.dims(node_->inputs[1]);
  const auto out_type = fused.output == graph_.output ? memory::data_type::f32 : type_;
  const memory::desc bias_desc({weight_dims[0]}, memory::data_type::f32, memory::format_tag::x);
  const auto described = [&](std::int64_t count) {
    const Dims to{count, weight_dims[0]};
    return describe_inner_product(plan_.engine_, row_major_desc({count, in.back()}), desc_of(weight_dims), bias_desc,
                                  {to, out_type, strides_of(to)}, attributes(fused));
  };
  Stored source = row_major(node_->inputs[0]);
  source.desc = row_major_desc({rows, in.back()});
  auto desc = described(rows);
  if (const std::int64_t whole = (rows + rows_of_a_tile - 1) / rows_of_a_tile * rows_of_a_tile;
      whole != rows && sums_last_rows_otherwise(desc.impl_info_str())) {
    desc = described(whole);
    Stored wide = new_buffer(desc.src_desc());
    wide.desc = source.desc;
    copy(source, wide, "  whole tiles");
    wide.desc = desc.src_desc();
    source = wide;
  }
  Stored result = new_buffer(desc.dst_desc());
  const graph::Tensor no_bias{{weight_dims[0]}, std::vector<float>(static_cast<std::size_t>(weight_dims[0]))};
  const graph::Tensor& bias = node_->inputs.size() > 2 ? graph_.tensor(node_->inputs[2]) : no_bias;
  const memory src = argument(source), dst = argument(result);
  operations_ = operations_of_node();
  add_with_scratchpad(desc,
                      {{DNNL_ARG_SRC, src},
                       {DNNL_ARG_WEIGHTS, constant(graph_.tensor(node_->inputs[1]), weight_dims, desc.weights_desc())},
                       {DNNL_ARG_BIAS, constant(bias, {weight_dims[0]}, bias_desc)},
                       {DNNL_ARG_DST, dst}},
                      fmt::format("{} {} -> {}", fused.description, sizes(in), sizes(out)));
  result.desc = {out, out_type, strides_of(out)};
  finish(fused, result);
}

// Both with as many dimensions as the result.
void Lowering::operator()(const graph::MatMul&) {
  const Dims out = dims_of(node_->output);
  struct Factor {
    memory::desc desc;
    Stored place;
    memory held;  // of a constant
  };
  const auto factor = [&](std::size_t i) {
    const ValueId id = node_->inputs[i];
    Dims dims = dims_of(id);
    dims.insert(dims.begin(), out.size() - dims.size(), 1);
    const memory::desc desc = row_major_desc(dims);
    if (graph_.is_constant(id)) return Factor{desc, {}, constant(graph_.tensor(id), dims, desc)};
    Stored place = row_major(id);
    place.desc = desc;
    return Factor{desc, place, {}};
  };
  const Factor left = factor(0), right = factor(1);
  const Stored result = new_buffer(row_major_desc(out));
  const auto desc = describe_matmul(plan_.engine_, left.desc, right.desc, result.desc, attributes({}));
  const auto read = [&](const Factor& from) { return from.held ? from.held : argument(from.place); };
  const memory a = read(left), b = read(right), dst = argument(result);
  operations_ = operations_of_node();
  add_with_scratchpad(desc, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, dst}}, fmt::format("MatMul -> {}", sizes(out)));
  stored_[node_->output] = result;
}

void Lowering::operator()(const graph::BatchNorm&) { refuse("a batch normalisation is left that should have become a scale and a shift"); }

void Lowering::by_channel(const Stored& value, dnnl::algorithm algorithm, const graph::Tensor& vector) {
  Dims dims(graph_.dims(node_->output).size(), 1);
  dims[1] = vector.dims[0];
  const memory::desc constant_desc(dims, memory::data_type::f32, strides_of(dims));
  const auto desc = describe_binary(plan_.engine_, algorithm, value.desc, constant_desc, value.desc, attributes({}));
  const memory data = argument(value), entries = constant(vector, dims, constant_desc);
  add_with_scratchpad(desc, {{DNNL_ARG_SRC_0, data}, {DNNL_ARG_SRC_1, entries}, {DNNL_ARG_DST, data}}, "  by channel");
}

// A group of an image is a row of neighbouring elements, which are normalised as a layer's are.
void Lowering::operator()(const graph::GroupNorm& norm) {
  const Dims out = dims_of(node_->output);
  const std::int64_t rows = out[0] * norm.groups;
  Stored source = row_major(node_->inputs[0]);
  source.desc = row_major_desc({rows, product(out, 0, out.size()) / rows});
  Stored result = new_buffer(source.desc);
  const auto desc = describe_layer_norm(plan_.engine_, source.desc, norm.epsilon, attributes({}));
  const memory src = argument(source), dst = argument(result);
  add_with_scratchpad(desc, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}}, fmt::format("GroupNormalization {}", sizes(out)));
  result.desc = row_major_desc(out);
  const graph::Tensor &scale = graph_.tensor(node_->inputs[1]), &bias = graph_.tensor(node_->inputs[2]);
  const auto all = [](const graph::Tensor& vector, float value) {
    return std::all_of(vector.values.begin(), vector.values.end(), [&](float own) { return own == value; });
  };
  if (!all(scale, 1)) by_channel(result, dnnl::algorithm::binary_mul, scale);
  if (!all(bias, 0)) by_channel(result, dnnl::algorithm::binary_add, bias);
  stored_[node_->output] = result;
}

void Lowering::operator()(const graph::Activation& activation) {
  if (activation.kind == graph::Activation::Kind::quantise && type_ == memory::data_type::f32) return round_where_it_lies(activation);
  if (gates_here(activation) && type_of(stored(node_->inputs[0]).desc) == type_ && node_->output != graph_.output) {
    const Stored source = stored(node_->inputs[0]), result = new_buffer(source.desc);
    add_gate(activation, source, result, gate_kernel(activation, number(), elements_of(source)));
    stored_[node_->output] = result;
    return;
  }
  const auto eltwise = algorithm_of(activation);
  if (!eltwise)
    return on_host(unary_kernel(activation, product(dims_of(node_->output), 0, dims_of(node_->output).size())),
                   std::string(name_of(activation)));
  const Stored source = stored(node_->inputs[0]), result = new_buffer(source.desc);
  const auto desc = describe_eltwise(plan_.engine_, eltwise->algorithm, source.desc, eltwise->alpha, eltwise->beta, attributes({}));
  const memory src = argument(source), dst = argument(result);
  add_with_scratchpad(desc, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}}, std::string(name_of(activation)));
  stored_[node_->output] = result;
}

// As it lies: what fills blocks up is 0, and stays so.
void Lowering::round_where_it_lies(const graph::Activation& rounding) {
  const Stored source = stored(node_->inputs[0]), result = new_buffer(source.desc);
  const auto count = static_cast<std::int64_t>(source.desc.get_size() / sizeof(float));
  const auto work = [plan = &plan_, source, result, kernel = unary_kernel(rounding, count), in = std::vector<const float*>(1)]() mutable {
    in[0] = reinterpret_cast<const float*>(plan->arena_.at(source.buffer) + source.offset);
    kernel(in, reinterpret_cast<float*>(plan->arena_.at(result.buffer) + result.offset));
  };
  add_host(work, {source, result}, std::string(name_of(rounding)));
  stored_[node_->output] = result;
}

Stored Lowering::pooled(Stored from, const Window& window, dnnl::algorithm algorithm, const memory::desc& wanted) {
  const auto described = [&](const memory::desc& in) {
    return describe_pooling(plan_.engine_, algorithm, in, wanted, window, attributes({}));
  };
  auto desc = described(from.desc);
  if (is_reference(desc) && window.kernel.size() == 2) {
    const memory::desc channels_last(sizes_of(from.desc), type_of(from.desc), memory::format_tag::nhwc);
    if (const auto other = described(channels_last); !is_reference(other)) from = reorder_to(from, channels_last), desc = other;
  }
  const Stored result = new_buffer(desc.dst_desc());
  const memory src = argument(from), dst = argument(result);
  add_with_scratchpad(desc, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}},
                      fmt::format("{} {}", name_of(node_->operation), fmt::join(window.kernel, "x")));
  return result;
}

// As oneDNN has it; nothing where it has no such pool.
std::optional<Window> Lowering::window_of(const graph::Pool& pool) const {
  const Dims in = dims_of(node_->inputs[0]), out = dims_of(node_->output);
  const std::size_t directions = pool.kernel.size();
  Window window{pool.strides, Dims(directions, 0), pool.kernel, {}, {}};
  for (std::size_t i = 0; i < directions; ++i) {
    const std::int64_t before = pool.pads[i], after = pool.pads[i + directions];
    const std::int64_t reached = (out[i + 2] - 1) * pool.strides[i] + pool.kernel[i] - in[i + 2] - before;
    const bool counts_beyond = pool.kind == graph::Pool::Kind::average && pool.count_padding && reached > after;
    const std::int64_t end = pool.ceil ? reached : after;
    if (pool.dilations[i] != 1 || counts_beyond || end < 0 || end >= pool.kernel[i]) return {};
    window.pad_begin.push_back(before);
    window.pad_end.push_back(end);
  }
  return window;
}

void Lowering::operator()(const graph::Pool& pool) {
  const auto window = window_of(pool);
  if (!window) return on_host(pool_kernel(pool, dims_of(node_->inputs[0]), dims_of(node_->output)), std::string(name_of(pool)));
  const auto algorithm = pool.kind == graph::Pool::Kind::max ? dnnl::algorithm::pooling_max
                         : pool.count_padding                ? dnnl::algorithm::pooling_avg_include_padding
                                                             : dnnl::algorithm::pooling_avg_exclude_padding;
  stored_[node_->output] = pooled(stored(node_->inputs[0]), *window, algorithm, desc_of(dims_of(node_->output)));
}

void Lowering::operator()(const graph::Resize& resize) {
  const auto algorithm =
      resize.kind == graph::Resize::Kind::nearest ? dnnl::algorithm::resampling_nearest : dnnl::algorithm::resampling_linear;
  const Dims out = dims_of(node_->output);
  const Stored source = row_major(node_->inputs[0]), result = new_buffer(row_major_desc(out));
  const auto desc = describe_resampling(plan_.engine_, algorithm, source.desc, result.desc, attributes({}));
  const memory src = argument(source), dst = argument(result);
  add_with_scratchpad(desc, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}}, fmt::format("Resize -> {}", sizes(out)));
  stored_[node_->output] = result;
}

bool Lowering::mean_is_a_pool(const graph::Reduce& reduce) const {
  if (reduce.kind != graph::Reduce::Kind::mean || reduce.axes.empty()) return false;
  const auto [first, last] = std::minmax_element(reduce.axes.begin(), reduce.axes.end());
  return *last - *first + 1 == static_cast<std::int64_t>(reduce.axes.size());
}

// A mean over neighbouring axes is pooling by a window that covers them.
void Lowering::operator()(const graph::Reduce& mean) {
  const Dims in = dims_of(node_->inputs[0]);
  if (!mean_is_a_pool(mean)) return on_host(reduce_kernel(mean, in), std::string(name_of(mean)));
  auto axes = mean.axes;
  std::sort(axes.begin(), axes.end());
  const auto first = static_cast<std::size_t>(axes.front()), last = static_cast<std::size_t>(axes.back()) + 1;

  const bool over_image = in.size() == 4 && first == 2 && last == 4;
  const Dims view = over_image ? in : Dims{in[0], product(in, 1, first), product(in, first, last), product(in, last, in.size())};
  Window window;
  window.kernel = over_image ? Dims{in[2], in[3]} : Dims{view[2], 1};
  window.strides = window.kernel;
  window.dilations = window.pad_begin = window.pad_end = {0, 0};
  Stored source = over_image ? stored(node_->inputs[0]) : row_major(node_->inputs[0]);
  if (!over_image) source.desc = row_major_desc(view);
  const Dims out_view{view[0], view[1], 1, over_image ? 1 : view[3]};
  Stored result = pooled(source, window, dnnl::algorithm::pooling_avg_exclude_padding, desc_of(out_view));
  result = reorder_to(result, row_major_desc(out_view));
  result.desc = row_major_desc(dims_of(node_->output));
  stored_[node_->output] = result;
}

void Lowering::operator()(const graph::Reshape&) {
  Stored same = row_major(node_->inputs[0]);
  const Dims dims = dims_of(node_->output);
  same.desc = {dims, type_of(same.desc), strides_of(dims)};
  stored_[node_->output] = same;
}

void Lowering::copy(const Stored& from, const Stored& to, const std::string& what) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::reorder::primitive_desc desc(plan_.engine_, from.desc, plan_.engine_, to.desc, attr);
  begin_step();
  const memory source = argument(from), target = argument(to);
  add_with_scratchpad(desc, {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}}, what);
}

void Lowering::operator()(const graph::Transpose& transpose) {
  Stored source = stored(node_->inputs[0]);
  const Dims out = dims_of(node_->output);
  std::vector<int> places(transpose.order.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[static_cast<std::size_t>(transpose.order[i])] = static_cast<int>(i);
  source.desc = source.desc.permute_axes(places);
  // Images whose channels lie side by side are rows already, and the other way round.
  const bool is_image = out.size() == 4 && source.desc == desc_of(out, memory::format_tag::nhwc);
  if (is_image || source.desc == row_major_desc(out)) {
    stored_[node_->output] = source;
    return;
  }
  const Stored result = new_buffer(row_major_desc(out));
  copy(source, result, fmt::format("Transpose -> {}", sizes(out)));
  stored_[node_->output] = result;
}

void Lowering::operator()(const graph::Slice& slice) {
  Stored source = row_major(node_->inputs[0]);
  Dims strides = strides_of(dims_of(node_->inputs[0]));
  const Dims out = dims_of(node_->output);
  std::int64_t start = 0;
  for (std::size_t i = 1; i < out.size(); ++i) {
    start += slice.starts[i] * strides[i];
    strides[i] *= slice.steps[i];
  }
  const Stored result = new_buffer(row_major_desc(out));
  stored_[node_->output] = result;
  const std::string what = fmt::format("Slice -> {}", sizes(out));
  // A last step may go beyond the end, which no memory of oneDNN does.
  bool goes_beyond = false;
  for (std::size_t i = 1; i < out.size(); ++i) goes_beyond = goes_beyond || out[i] * strides[i] > strides[i - 1];
  if (goes_beyond) return copy_each(source, start, strides, result, what);
  source.desc = {out, type_, strides};
  source.offset += static_cast<std::size_t>(start) * memory::data_type_size(type_);
  copy(source, result, what);
}

// Elements that lie these strides apart in a source, from one on.
void Lowering::copy_each(const Stored& source, std::int64_t start, const Dims& strides, const Stored& result, const std::string& what) {
  const Dims out = dims_of(node_->output), own = strides_of(out);
  std::vector<std::size_t> places;  // of an image's elements
  for (std::int64_t flat = 0; flat < own[0]; ++flat) {
    std::int64_t place = start;
    for (std::size_t i = 1; i < out.size(); ++i) place += flat / own[i] % out[i] * strides[i];
    places.push_back(static_cast<std::size_t>(place));
  }
  const std::size_t width = memory::data_type_size(type_), image = static_cast<std::size_t>(strides[0]) * width;
  const auto work = [plan = &plan_, source, result, places = std::move(places), image, width, count = out[0]] {
    const std::byte* from = plan->arena_.at(source.buffer) + source.offset;
    std::byte* to = plan->arena_.at(result.buffer) + result.offset;
    for (std::int64_t i = 0; i < count; ++i, from += image) {
      for (const std::size_t place : places) {
        std::memcpy(to, from + place * width, width);
        to += width;
      }
    }
  };
  add_host(work, {source, result}, what);
}

void Lowering::operator()(const graph::Pad& pad) {
  const Stored source = row_major(node_->inputs[0]);
  const Dims out = dims_of(node_->output), strides = strides_of(out);
  const Stored result = new_buffer(row_major_desc(out));
  const graph::Tensor value{{1}, {pad.value}};
  const memory filled = broadcast_constant(value, out);
  Plan* plan = &plan_;
  add_host([plan, filled, result] { std::memcpy(plan->arena_.at(result.buffer), filled.get_data_handle(), filled.get_desc().get_size()); },
           {result}, "Pad");
  Stored inside = result;
  std::int64_t start = 0;
  for (std::size_t i = 1; i < out.size(); ++i) start += pad.before[i] * strides[i];
  inside.offset += static_cast<std::size_t>(start) * memory::data_type_size(type_);
  inside.desc = {dims_of(node_->inputs[0]), type_, strides};
  copy(source, inside, "  copy");
  stored_[node_->output] = result;
}

// Channels of images lie side by side in the layout that the first part has; else all is row by row.
memory::desc Lowering::layout_for(const graph::Concat& concat) const {
  const Dims out = dims_of(node_->output);
  const ValueId first = node_->inputs[0];
  if (out.size() != 4 || concat.axis != 1 || graph_.is_constant(first)) return row_major_desc(out);
  const auto lies_as = [&](memory::format_tag tag) { return stored(first).desc == desc_of(dims_of(first), tag); };
  if (lies_as(memory::format_tag::nhwc)) return desc_of(out, memory::format_tag::nhwc);
  const bool whole_blocks =
      std::all_of(node_->inputs.begin(), node_->inputs.end(), [&](ValueId id) { return graph_.dims(id)[1] % 16 == 0; });
  if (whole_blocks && lies_as(memory::format_tag::nChw16c)) return desc_of(out, memory::format_tag::nChw16c);
  return row_major_desc(out);
}

void Lowering::operator()(const graph::Concat& concat) {
  const Dims out = dims_of(node_->output);
  const auto axis = static_cast<std::size_t>(concat.axis);
  const Stored result = new_buffer(layout_for(concat));
  Dims start(out.size(), 0);
  for (const ValueId id : node_->inputs) {
    Dims part = dims_of(id);
    part[0] = micro_batch_;
    Stored place = result;
    place.desc = result.desc.submemory_desc(part, start);
    start[axis] += part[axis];
    if (!graph_.is_constant(id)) {
      copy(stored(id), place, fmt::format("Concat {}", sizes(part)));
      continue;
    }
    const memory same_for_all = broadcast_constant(graph_.tensor(id), part), target = argument(place);
    add(make_reorder(same_for_all, memory(place.desc, plan_.engine_, DNNL_MEMORY_NONE)),
        {{DNNL_ARG_FROM, same_for_all}, {DNNL_ARG_TO, target}}, fmt::format("Concat constant {}", sizes(part)));
  }
  stored_[node_->output] = result;
}

void Lowering::operator()(const graph::Softmax& softmax) {
  const Stored source = row_major(node_->inputs[0]), result = new_buffer(source.desc);
  const auto algorithm = softmax.log ? dnnl::algorithm::softmax_log : dnnl::algorithm::softmax_accurate;
  const auto desc = describe_softmax(plan_.engine_, algorithm, source.desc, static_cast<int>(softmax.axis), attributes({}));
  const memory src = argument(source), dst = argument(result);
  add_with_scratchpad(desc, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}}, std::string(name_of(softmax)));
  stored_[node_->output] = result;
}

// Weights as (groups, out / groups, in / groups, kernel), which lie in the file as (groups, in / groups, out / groups, kernel).
void Lowering::operator()(const graph::TransposedConvolution& conv) {
  const Dims in = dims_of(node_->inputs[0]), out = dims_of(node_->output);
  const Dims own = graph_.dims(node_->inputs[1]);
  Window window = window_of_layer(conv);
  for (std::size_t i = 0; i < conv.added.size(); ++i) {
    window.pad_end[i] -= conv.added[i];
    if (window.pad_end[i] < 0) return on_host(transposed_convolution_kernel(conv, in, own, out, node_->inputs.size() > 2), "ConvTranspose");
  }
  Dims grouped{conv.groups, own[0] / conv.groups, own[1]};
  grouped.insert(grouped.end(), own.begin() + 2, own.end());
  Dims strides = strides_of(grouped), weight_dims = grouped;
  std::swap(weight_dims[1], weight_dims[2]), std::swap(strides[1], strides[2]);
  if (conv.groups == 1) weight_dims.erase(weight_dims.begin()), strides.erase(strides.begin());
  const memory::desc any_weights(weight_dims, type_, memory::format_tag::any);
  const memory::desc bias_desc({out[1]}, memory::data_type::f32, memory::format_tag::x);
  const auto desc = describe_deconvolution(plan_.engine_, desc_of(in), any_weights, bias_desc, desc_of(out), window, attributes({}));

  const memory weights = kept(weight_dims, strides, graph_.tensor(node_->inputs[1]).values.data(), desc.weights_desc());
  const Stored source = reorder_to(stored(node_->inputs[0]), desc.src_desc()), result = new_buffer(desc.dst_desc());
  const graph::Tensor no_bias{{out[1]}, std::vector<float>(static_cast<std::size_t>(out[1]))};
  const graph::Tensor& bias = node_->inputs.size() > 2 ? graph_.tensor(node_->inputs[2]) : no_bias;
  const memory src = argument(source), dst = argument(result);
  operations_ = operations_of_node();
  add_with_scratchpad(
      desc, {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, constant(bias, {out[1]}, bias_desc)}, {DNNL_ARG_DST, dst}},
      fmt::format("ConvTranspose {} -> {}", sizes(in), sizes(out)));
  stored_[node_->output] = result;
}

// Keys are read in the order of a transposed matrix, so nothing is moved.
void Lowering::operator()(const graph::Attention& attention) {
  const Stored q = row_major(node_->inputs[0]), k = row_major(node_->inputs[1]), v = row_major(node_->inputs[2]);
  const Dims out = dims_of(node_->output);
  const std::size_t rank = out.size();
  Dims keys = dims_of(node_->inputs[1]), key_strides = strides_of(keys), scores_dims = out;
  std::swap(keys[rank - 2], keys[rank - 1]), std::swap(key_strides[rank - 2], key_strides[rank - 1]);
  scores_dims.back() = keys.back();
  Stored turned = k;
  turned.desc = {keys, type_, key_strides};

  dnnl::post_ops ops;
  append_eltwise(ops, dnnl::algorithm::eltwise_linear, attention.scale, 0);
  dnnl::primitive_attr attr = attributes({});
  attr.set_post_ops(ops);
  const Stored scores = new_buffer(row_major_desc(scores_dims)), result = new_buffer(row_major_desc(out));
  const auto products = describe_matmul(plan_.engine_, q.desc, turned.desc, scores.desc, attr);
  const memory queries = argument(q), keys_read = argument(turned), products_written = argument(scores);
  operations_ = operations_of_node() / 2;
  add_with_scratchpad(products, {{DNNL_ARG_SRC, queries}, {DNNL_ARG_WEIGHTS, keys_read}, {DNNL_ARG_DST, products_written}},
                      fmt::format("Attention scores {}", sizes(scores_dims)));
  if (node_->inputs.size() > 3) {
    const ValueId id = node_->inputs[3];
    Dims dims = dims_of(id);
    dims.insert(dims.begin(), rank - dims.size(), 1);
    const bool is_constant = graph_.is_constant(id);
    Stored place = is_constant ? Stored{} : row_major(id);
    place.desc = is_constant ? memory::desc(dims, memory::data_type::f32, strides_of(dims)) : row_major_desc(dims);
    const auto sum = stretched_kernel(graph::Binary::Kind::add, scores_dims, number(), dims, is_constant ? Number::f32 : number());
    const memory held = is_constant ? constant(graph_.tensor(id), dims, place.desc) : memory();
    const auto work = [plan = &plan_, sum, held, place, scores] {
      std::byte* both = plan->arena_.at(scores.buffer) + scores.offset;
      sum(both, held ? static_cast<const std::byte*>(held.get_data_handle()) : plan->arena_.at(place.buffer) + place.offset, both);
    };
    add_host(work, is_constant ? std::vector{scores} : std::vector{scores, place}, "  mask");
  }
  const auto softmax =
      describe_softmax(plan_.engine_, dnnl::algorithm::softmax_accurate, scores.desc, static_cast<int>(rank) - 1, attributes({}));
  const memory weights = argument(scores);
  add_with_scratchpad(softmax, {{DNNL_ARG_SRC, weights}, {DNNL_ARG_DST, weights}}, "  softmax");
  const auto sums = describe_matmul(plan_.engine_, scores.desc, v.desc, result.desc, attributes({}));
  const memory left = argument(scores), right = argument(v), dst = argument(result);
  operations_ = operations_of_node() / 2;
  add_with_scratchpad(sums, {{DNNL_ARG_SRC, left}, {DNNL_ARG_WEIGHTS, right}, {DNNL_ARG_DST, dst}},
                      fmt::format("  values -> {}", sizes(out)));
  stored_[node_->output] = result;
}

void Lowering::operator()(const graph::LayerNorm& norm) {
  const Dims out = dims_of(node_->output);
  const auto axis = static_cast<std::size_t>(norm.axis);
  const std::int64_t rows = product(out, 0, axis), size = product(out, axis, out.size());
  const bool biased = node_->inputs.size() > 2;
  const std::string what = fmt::format("{} {}", name_of(norm), sizes(out));
  if (!norm.centred) return on_host(rms_norm_kernel(norm.epsilon, rows, size, biased), what);
  Stored source = row_major(node_->inputs[0]);
  source.desc = row_major_desc({rows, size});
  Stored result = new_buffer(source.desc);
  const auto desc = describe_scaled_layer_norm(plan_.engine_, source.desc, norm.epsilon, attributes({}));
  const graph::Tensor no_bias{{size}, std::vector<float>(static_cast<std::size_t>(size))};
  const memory::desc vector({size}, memory::data_type::f32, memory::format_tag::x);
  const memory src = argument(source), dst = argument(result);
  add_with_scratchpad(desc,
                      {{DNNL_ARG_SRC, src},
                       {DNNL_ARG_DST, dst},
                       {DNNL_ARG_SCALE, constant(graph_.tensor(node_->inputs[1]), {size}, vector)},
                       {DNNL_ARG_SHIFT, constant(biased ? graph_.tensor(node_->inputs[2]) : no_bias, {size}, vector)}},
                      what);
  result.desc = row_major_desc(out);
  stored_[node_->output] = result;
}

void Lowering::operator()(const graph::Select&) {
  on_host(select_kernel(dims_of(node_->inputs[0]), dims_of(node_->inputs[1]), dims_of(node_->inputs[2]), dims_of(node_->output)), "Where");
}

void Lowering::operator()(const graph::Blend& blend) {
  on_host(blend_kernel(blend.axis, dims_of(node_->inputs[0]), graph_.tensor(node_->inputs[1])),
          fmt::format("Blend -> {}", sizes(dims_of(node_->output))));
}

void Lowering::operator()(const graph::Gather& gather) {
  const Stored source = row_major(node_->inputs[0]), result = new_buffer(row_major_desc(dims_of(node_->output)));
  const Dims in = dims_of(node_->inputs[0]);
  const auto axis = static_cast<std::size_t>(gather.axis);
  const std::size_t inner = static_cast<std::size_t>(product(in, axis + 1, in.size())) * memory::data_type_size(type_);
  const auto outer = static_cast<std::size_t>(product(in, 0, axis)), size = static_cast<std::size_t>(in[axis]);
  const auto work = [plan = &plan_, source, result, indices = gather.indices, outer, size, inner] {
    const std::byte* from = plan->arena_.at(source.buffer) + source.offset;
    std::byte* to = plan->arena_.at(result.buffer);
    for (std::size_t i = 0; i < outer; ++i, from += size * inner) {
      for (const std::int64_t index : indices) {
        std::memcpy(to, from + static_cast<std::size_t>(index) * inner, inner);
        to += inner;
      }
    }
  };
  add_host(work, {source, result}, fmt::format("Gather -> {}", sizes(dims_of(node_->output))));
  stored_[node_->output] = result;
}

}  // namespace ballast::model::onednn
