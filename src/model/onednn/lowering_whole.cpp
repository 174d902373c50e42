// SPDX-License-Identifier: Apache-2.0
//
// Layers in whole numbers: bytes times bytes, summed exactly, then a step's worth of floats, rounded to bytes again where the next layer
// wants them.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/graph/quantise.hpp"
#include "lowering.hpp"
#include "lowering_steps.hpp"
#include "walk.hpp"

namespace ballast::model::onednn {

using graph::ValueId;

namespace {

constexpr std::int64_t most_products = 66'312;  // of 255 and 127, whose sum 31 bits hold

}  // namespace

// Steps from 0 on are unsigned bytes, and those around 0 signed ones; a middle elsewhere has no type.
std::optional<memory::data_type> Lowering::type_of_whole(const graph::Activation& rounding) {
  if (rounding.kind != graph::Activation::Kind::quantise || !std::isnormal(rounding.alpha) || !std::isnormal(1 / rounding.alpha)) return {};
  if (rounding.beta == 0) return memory::data_type::u8;
  return rounding.beta == 128 ? std::optional(memory::data_type::s8) : std::nullopt;
}

namespace {

// Channels of images side by side, or row by row, whichever the layout is; in another type.
memory::desc in_type(const memory::desc& desc, memory::data_type type) {
  const memory::dims dims = sizes_of(desc);
  if (dims.size() == 4 && desc == memory::desc(dims, type_of(desc), memory::format_tag::nhwc))
    return {dims, type, memory::format_tag::nhwc};
  return {dims, type, strides_of(dims)};
}

}  // namespace

Stored Lowering::in_steps(const Stored& from, const memory::desc& desc, float in, float out, const std::string& what) {
  const Stored to = new_buffer(desc);
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const Steps steps = set_steps(attr, in, out);
  const dnnl::reorder::primitive_desc reorder(plan_.engine_, from.desc, plan_.engine_, desc, attr);
  begin_step();
  const memory source = argument(from), target = argument(to);
  std::unordered_map<int, memory> arguments{{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}};
  add_steps(arguments, steps);
  add_with_scratchpad(reorder, std::move(arguments), what);
  return to;
}

void Lowering::add_steps(std::unordered_map<int, memory>& arguments, const Steps& steps) {
  for (const auto& [index, values] : steps) {
    const Dims size{static_cast<std::int64_t>(values.size())};
    const memory::desc desc(size, memory::data_type::f32, memory::format_tag::x);
    arguments.insert({index, kept(size, {1}, values.data(), desc)});
  }
}

void Lowering::widen(ValueId id) {
  if (stored_.count(id) || !whole_.count(id)) return;
  const Whole& whole = whole_.at(id);
  stored_[id] = in_steps(whole.place, in_type(whole.place.desc, type_), whole.step, 1, "  to floats");
}

bool Lowering::in_whole_numbers() {
  if (const auto* conv = std::get_if<graph::Convolution>(&node_->operation)) return in_whole_numbers(*conv);
  if (const auto* linear = std::get_if<graph::Linear>(&node_->operation)) return in_whole_numbers(*linear);
  if (std::holds_alternative<graph::Reshape>(node_->operation)) return reshape_whole_numbers();
  const auto* activation = std::get_if<graph::Activation>(&node_->operation);
  return activation && round(*activation);
}

bool Lowering::reshape_whole_numbers() {
  const ValueId id = node_->inputs[0];
  if (stored_.count(id) || !whole_.count(id)) return false;
  const Whole& whole = whole_.at(id);
  const memory::data_type type = type_of(whole.place.desc);
  const Dims in = dims_of(id), out = dims_of(node_->output);
  Stored same = reorder_to(whole.place, {in, type, strides_of(in)});
  same.desc = {out, type, strides_of(out)};
  whole_[node_->output] = {same, whole.step};
  return true;
}

bool Lowering::round(const graph::Activation& rounding) {
  const auto type = type_of_whole(rounding);
  if (!type) return false;
  const ValueId id = node_->inputs[0];
  widen(id);
  const Dims dims = dims_of(id);
  const bool is_image = dims.size() == 4 && std::any_of(graph_.nodes.begin(), graph_.nodes.end(), [&](const graph::Node& node) {
                          return std::holds_alternative<graph::Convolution>(node.operation) && node.inputs[0] == node_->output;
                        });
  const memory::desc desc = is_image ? memory::desc(dims, *type, memory::format_tag::nhwc) : memory::desc(dims, *type, strides_of(dims));
  const Stored to = in_steps(stored(id), desc, 1, rounding.alpha, std::string(name_of(rounding)));
  whole_[node_->output] = {to, rounding.alpha};
  return true;
}

const std::vector<float>* Lowering::steps_of_weights() {
  const ValueId id = node_->inputs[1];
  auto found = constants_.steps.find(id);
  if (found == constants_.steps.end()) {  // only in the first plan
    const auto whole = graph::whole_weights(graph_.tensor(id));
    found = constants_.steps.emplace(id, whole ? std::optional(whole->steps) : std::nullopt).first;
  }
  return found->second ? &*found->second : nullptr;
}

graph::Tensor Lowering::weights_in_steps() const {
  if (has_constants_) return {};
  const graph::Tensor& weights = graph_.tensor(node_->inputs[1]);
  const auto whole = graph::whole_weights(weights);
  return {weights.dims, {whole->numbers.begin(), whole->numbers.end()}};
}

// A sum stays one of bytes only where its result is.
Lowering::Fused Lowering::look_ahead_in_whole_numbers(bool allow_sum) const {
  Fused fused = look_ahead(index_, allow_sum, true);
  return fused.residual && (!fused.rounding || fused.gate) ? look_ahead(index_, false, true) : fused;
}

LayerSteps Lowering::layer_steps(const Fused& fused, bool grouped) {
  const bool scales = std::all_of(fused.activations.begin(), fused.activations.end(), [](const graph::Activation& activation) {
    return activation.kind == graph::Activation::Kind::relu || activation.kind == graph::Activation::Kind::leaky_relu;
  });
  return {whole_.at(node_->inputs[0]).step, *steps_of_weights(), fused.rounding && !fused.gate ? fused.rounding->alpha : 1, grouped,
          scales};
}

dnnl::primitive_attr Lowering::attributes(const Fused& fused, const LayerSteps& steps, Steps& told) const {
  dnnl::post_ops ops;
  if (fused.residual) {
    const Whole& residual = whole_.at(*fused.residual);
    ops.append_sum(residual.step / unit_of(steps), 0, type_of(residual.place.desc));
  }
  for (const graph::Activation& activation : fused.activations) {
    const auto [algorithm, alpha, beta] = algorithm_of(activation).value();
    append_eltwise(ops, algorithm, alpha, beta);
  }
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  told = set_steps(attr, ops, steps);
  return attr;
}

// Bytes, or floats of the plan's type, or of single precision where there is no kernel for that.
template <typename Describe>
auto Lowering::described_in_whole_numbers(const Fused& fused, Describe describe)
    -> std::optional<std::invoke_result_t<Describe, memory::data_type>> {
  std::vector<memory::data_type> types;
  if (fused.gate) types = {type_};
  else if (fused.rounding) types = {type_of_whole(*fused.rounding).value()};
  else if (fused.output == graph_.output) types = {memory::data_type::f32};
  else types = {type_, memory::data_type::f32};
  for (const memory::data_type type : types) {
    try {
      if (auto desc = describe(type); !is_reference(desc) && !is_misplaced_by_reorders(desc.weights_desc())) return desc;
    } catch (const dnnl::error& error) {  // no kernel at all
      require_memory(error);
    }
  }
  return {};
}

bool Lowering::is_layer_of_whole_numbers() {
  const ValueId weights = node_->inputs[1];
  if (!whole_.count(node_->inputs[0]) || !graph_.is_constant(weights) || !steps_of_weights()) return false;
  const Dims dims = graph_.dims(weights);
  return graph::elements(dims) / dims[0] <= most_products;
}

// Steps so small or so large that products of them are no normal numbers are for floats.
bool Lowering::are_in_range(const LayerSteps& steps) const {
  const std::vector<float> none(steps.weights.size());
  const std::vector<float>& bias = node_->inputs.size() > 2 ? graph_.tensor(node_->inputs[2]).values : none;
  for (std::size_t i = 0; i < steps.weights.size(); ++i) {
    const float product = steps.in * steps.weights[i];
    if (!std::isnormal(product) || !std::isnormal(product / steps.out) || !std::isfinite(bias[i] / product)) return false;
  }
  return true;
}

template <typename PrimitiveDesc>
void Lowering::add_layer_of_whole_numbers(const Fused& fused, const PrimitiveDesc& desc, const LayerSteps& steps, const Steps& told,
                                          const Dims& weight_dims, const Stored& source, const Stored& result) {
  const auto outputs = static_cast<std::int64_t>(steps.weights.size());
  const graph::Tensor bias{
      {outputs},
      bias_of(node_->inputs.size() > 2 ? graph_.tensor(node_->inputs[2]).values : std::vector<float>(steps.weights.size()), steps)};
  const memory::desc bias_desc({outputs}, memory::data_type::f32, memory::format_tag::x);
  const memory src = argument(source), dst = argument(result);
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, src},
                                            {DNNL_ARG_WEIGHTS, constant(weights_in_steps(), weight_dims, desc.weights_desc())},
                                            {DNNL_ARG_BIAS, constant(bias, {outputs}, bias_desc)},
                                            {DNNL_ARG_DST, dst}};
  add_steps(arguments, told);
  operations_ = operations_of_node();
  add_with_scratchpad(desc, std::move(arguments),
                      fmt::format("{} {} -> {}", fused.description, sizes(dims_of(node_->inputs[0])), sizes(dims_of(fused.output))));
}

void Lowering::finish_in_whole_numbers(const Fused& fused, const Stored& result) {
  if (!fused.rounding) return finish(fused, reorder_to(result, fused.output == graph_.output ? result.desc : in_type(result.desc, type_)));
  done_.insert(fused.joined.begin(), fused.joined.end());
  if (!fused.gate) {
    whole_[fused.output] = {result, fused.rounding->alpha};
    return;
  }
  const Stored bytes = new_buffer(in_type(result.desc, type_of_whole(*fused.rounding).value()));
  add_gate(*fused.gate, result, bytes, gate_to_bytes(*fused.gate, bytes.desc.get_size(), *fused.rounding));
  whole_[fused.output] = {bytes, fused.rounding->alpha};
}

bool Lowering::in_whole_numbers(const graph::Convolution& conv) {
  if (!is_layer_of_whole_numbers()) return false;
  const Dims in = dims_of(node_->inputs[0]);
  if (in.size() != 4) return false;
  const Fused fused = look_ahead_in_whole_numbers(true);
  const Dims out = dims_of(fused.output), weight_dims = by_groups(graph_.dims(node_->inputs[1]), conv.groups);
  const LayerSteps steps = layer_steps(fused, conv.groups > 1);
  if (!are_in_range(steps)) return false;
  const memory::desc source(in, type_of(whole_.at(node_->inputs[0]).place.desc), memory::format_tag::nhwc);
  Steps told;
  const auto desc = described_in_whole_numbers(fused, [&](memory::data_type type) {
    return describe_convolution(plan_.engine_, source, {weight_dims, memory::data_type::s8, memory::format_tag::any},
                                {{out[1]}, memory::data_type::f32, memory::format_tag::x}, {out, type, memory::format_tag::nhwc},
                                window_of_layer(conv), attributes(fused, steps, told));
  });
  if (!desc) return false;
  const Stored from = reorder_to(whole_.at(node_->inputs[0]).place, source);
  Stored result;
  if (fused.residual) {
    const Stored& residual = whole_.at(*fused.residual).place;
    result = reorder_to(residual, {out, type_of(residual.desc), memory::format_tag::nhwc});
    result.desc = desc->dst_desc();
  } else {
    result = new_buffer(desc->dst_desc());
  }
  add_layer_of_whole_numbers(fused, *desc, steps, told, weight_dims, from, result);
  finish_in_whole_numbers(fused, result);
  return true;
}

bool Lowering::in_whole_numbers(const graph::Linear&) {
  if (!is_layer_of_whole_numbers()) return false;
  const Fused fused = look_ahead_in_whole_numbers(false);
  const Dims in = dims_of(node_->inputs[0]), out = dims_of(fused.output), weight_dims = graph_.dims(node_->inputs[1]);
  const std::int64_t rows = count_of(in) / in.back();
  const LayerSteps steps = layer_steps(fused, false);
  if (!are_in_range(steps)) return false;
  const memory::data_type type_in = type_of(whole_.at(node_->inputs[0]).place.desc);
  const memory::desc source({rows, in.back()}, type_in, memory::format_tag::ab);
  Steps told;
  const auto desc = described_in_whole_numbers(fused, [&](memory::data_type type) {
    return describe_inner_product(plan_.engine_, source, {weight_dims, memory::data_type::s8, memory::format_tag::any},
                                  {{weight_dims[0]}, memory::data_type::f32, memory::format_tag::x},
                                  {{rows, weight_dims[0]}, type, memory::format_tag::ab}, attributes(fused, steps, told));
  });
  if (!desc) return false;
  Stored from = reorder_to(whole_.at(node_->inputs[0]).place, {in, type_in, strides_of(in)});
  from.desc = source;
  Stored result = new_buffer(desc->dst_desc());
  add_layer_of_whole_numbers(fused, *desc, steps, told, weight_dims, from, result);
  result.desc = {out, type_of(result.desc), strides_of(out)};
  finish_in_whole_numbers(fused, result);
  return true;
}

}  // namespace ballast::model::onednn
