// SPDX-License-Identifier: Apache-2.0
//
// The bookkeeping of a plan under construction; the operations are in lowering_operations.cpp.

#include "lowering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "ballast/core/errors.hpp"
#include "lowering_steps.hpp"

namespace ballast::model::onednn {
namespace {

using graph::ValueId;

InputBuffer buffer_for(const Prepared& model, memory::data_type type, bool channels_last) {
  InputBuffer buffer = row_major_input(model);
  buffer.type = type == memory::data_type::bf16 ? ElementType::bf16 : ElementType::f32;
  if (channels_last) {
    buffer.channel_stride = 1;
    buffer.position_stride = static_cast<std::size_t>(model.shape.channels);
  }
  return buffer;
}

// Where an image has one place, its channels lie one behind the other whatever the layout is called.
bool lie_alike(const memory::desc& a, const memory::desc& b) {
  const memory::dims dims = sizes_of(a);
  if (sizes_of(b) != dims || type_of(a) != type_of(b) || dims.size() != 4 || dims[1] % 16 != 0 || dims[2] != 1 || dims[3] != 1)
    return false;
  const auto is_dense = [&](const memory::desc& desc) {
    return desc == memory::desc(dims, type_of(a), memory::format_tag::nchw) ||
           desc == memory::desc(dims, type_of(a), memory::format_tag::nhwc) ||
           desc == memory::desc(dims, type_of(a), memory::format_tag::nChw16c);
  };
  return is_dense(a) && is_dense(b);
}

}  // namespace

Lowering::Lowering(Plan& plan, const Prepared& model, Arithmetic arithmetic, int micro_batch, Constants& constants)
    : plan_(plan),
      model_(model),
      graph_(model.graph),
      type_(arithmetic.type),
      whole_numbers_(arithmetic.whole),
      micro_batch_(micro_batch),
      constants_(constants),
      has_constants_(!constants.forms.empty()) {}

void Lowering::lower() {
  const auto only_convolutions_read = [&](ValueId id) {
    return std::all_of(graph_.nodes.begin(), graph_.nodes.end(), [&](const graph::Node& node) {
      return !std::count(node.inputs.begin(), node.inputs.end(), id) || std::holds_alternative<graph::Convolution>(node.operation);
    });
  };
  const bool channels_last = model_.layout == graph::InputLayout::chw && only_convolutions_read(graph_.input);
  const Dims dims = dims_of(graph_.input);
  const Stored input = new_buffer(channels_last ? desc_of(dims, memory::format_tag::nhwc) : row_major_desc(dims));
  plan_.arena_.keep(input.buffer);
  plan_.stored_input_ = input;
  plan_.input_ = buffer_for(model_, type_, channels_last);
  stored_[graph_.input] = input;

  for (index_ = 0; index_ < graph_.nodes.size(); ++index_) {
    if (done_.count(index_)) continue;
    node_ = &graph_.nodes[index_];
    try {
      if (whole_numbers_ && in_whole_numbers()) continue;
      for (const ValueId id : node_->inputs) widen(id);
      std::visit(*this, node_->operation);
    } catch (const dnnl::error& error) {
      require_memory(error);
      refuse(fmt::format("oneDNN says: {}", error.what()));
    }
  }

  widen(graph_.output);
  const Dims scores{micro_batch_, model_.classes};
  Stored last = row_major(graph_.output);
  if (type_of(stored(graph_.output).desc) != memory::data_type::f32) {
    last.desc = {scores, type_, strides_of(scores)};
    last = reorder_to(last, {scores, memory::data_type::f32, strides_of(scores)});
  }
  plan_.scores_ = last;
  plan_.arena_.keep(last.buffer);

  scratch_buffer_ = plan_.arena_.add(scratch_bytes_);
  plan_.arena_.keep(scratch_buffer_);
  plan_.arena_.allocate();
  for (memory& scratch : scratchpads_) scratch.set_data_handle(plan_.arena_.at(scratch_buffer_));
  for (auto& [place, where] : placed_) place.set_data_handle(plan_.arena_.at(where.buffer) + where.offset);
  plan_.input_.data = plan_.arena_.at(input.buffer);
}

memory::dims Lowering::strides_of(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

memory::dims Lowering::dims_of(ValueId id) const {
  Dims dims = graph_.dims(id);
  if (!dims.empty() && dims[0] == graph::batch) dims[0] = micro_batch_;
  return dims;
}

Stored Lowering::new_buffer(const memory::desc& desc) { return {plan_.arena_.add(desc.get_size()), 0, desc}; }

Stored Lowering::row_major(ValueId id) {
  const Dims dims = dims_of(id);
  return reorder_to(stored(id), {dims, type_of(stored(id).desc), strides_of(dims)});
}

Stored Lowering::reorder_to(const Stored& from, const memory::desc& desc) {
  if (from.desc == desc) return from;
  if (lie_alike(from.desc, desc)) return {from.buffer, from.offset, desc};
  begin_step();
  const Stored to = new_buffer(desc);
  memory source = argument(from), target = argument(to);
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::reorder::primitive_desc reorder(plan_.engine_, from.desc, plan_.engine_, desc, attr);
  add_with_scratchpad(reorder, {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}}, "  reorder");
  return to;
}

memory Lowering::constant(const graph::Tensor& tensor, const Dims& dims, const memory::desc& wanted) {
  return kept(dims, strides_of(dims), tensor.values.data(), wanted);
}

memory Lowering::kept(const Dims& dims, const Dims& strides, const float* values, const memory::desc& wanted) {
  if (has_constants_) {
    const memory& form = constants_.forms.at(constants_asked_for_++);
    if (!wanted.is_zero() && form.get_desc() != wanted)
      throw std::bad_alloc();  // another kernel than in the first plan, for want of memory
    return form;
  }
  memory source({dims, memory::data_type::f32, strides}, plan_.engine_, const_cast<float*>(values));
  memory form(wanted, plan_.engine_);
  if (!is_misplaced_by_reorders(wanted) || !place(values, strides, form)) {
    make_reorder(source, form).execute(plan_.stream_, source, form);
    plan_.stream_.wait();
  }
  constants_.forms.push_back(form);
  return form;
}

memory Lowering::broadcast_constant(const graph::Tensor& tensor, const Dims& full) {
  Dims own = tensor.dims;
  while (own.size() < full.size()) own.insert(own.begin(), 1);
  const Dims from = strides_of(own), to = strides_of(full);
  if (has_constants_) return kept({}, {}, nullptr, {});
  graph::Tensor wide;
  std::int64_t count = 1;
  for (const std::int64_t size : full) count *= size;
  wide.values.resize(static_cast<std::size_t>(count));
  for (std::int64_t flat = 0; flat < count; ++flat) {
    std::int64_t index = 0;
    for (std::size_t i = 0; i < full.size(); ++i) index += own[i] == 1 ? 0 : flat / to[i] % full[i] * from[i];
    wide.values[static_cast<std::size_t>(flat)] = tensor.values[static_cast<std::size_t>(index)];
  }
  return constant(wide, full, row_major_desc(full));
}

memory Lowering::argument(const Stored& place) {
  memory made(place.desc, plan_.engine_, DNNL_MEMORY_NONE);
  placed_.push_back({made, place});
  touched_.push_back(place.buffer);
  return made;
}

void Lowering::add(dnnl::primitive primitive, std::unordered_map<int, memory> arguments, std::string what) {
  for (const BufferId buffer : touched_) plan_.arena_.use(buffer, static_cast<int>(plan_.steps_.size()));
  touched_.clear();
  Plan::Step step{std::move(primitive), {}, {}, {}, std::exchange(operations_, 0), 0};
  for (auto& [index, place] : arguments) {
    if (index != DNNL_ARG_SCRATCHPAD) step.bytes += static_cast<double>(place.get_desc().get_size());
    step.arguments.push_back({index, place.get()});
    step.memories.push_back(std::move(place));
  }
  plan_.steps_.push_back(std::move(step));
  plan_.description_.push_back(std::move(what));
}

// Within another, whose buffers would be taken for no longer read.
void Lowering::begin_step() const {
  if (!touched_.empty()) throw std::logic_error("a step is begun within another");
}

void Lowering::add_host(std::function<void()> work, const std::vector<Stored>& touched, std::string what) {
  begin_step();
  double bytes = 0;
  for (const Stored& place : touched) {
    plan_.arena_.use(place.buffer, static_cast<int>(plan_.steps_.size()));
    bytes += static_cast<double>(place.desc.get_size());
  }
  plan_.steps_.push_back({{}, {}, {}, std::move(work), 0, bytes});
  plan_.description_.push_back(std::move(what));
}

void Lowering::on_host(HostKernel kernel, std::string what) {
  struct Source {
    std::shared_ptr<const graph::Tensor> constant;  // or else
    Stored place;
  };
  const auto f32 = [](const Dims& dims) { return memory::desc(dims, memory::data_type::f32, strides_of(dims)); };
  std::vector<Source> sources;
  std::vector<Stored> touched;
  for (const ValueId id : node_->inputs) {
    if (graph_.is_constant(id)) {
      sources.push_back({graph_.value(id).constant, {}});
      continue;
    }
    touched.push_back(reorder_to(stored(id), f32(dims_of(id))));
    sources.push_back({nullptr, touched.back()});
  }
  const Stored result = new_buffer(f32(dims_of(node_->output)));
  touched.push_back(result);
  const auto work = [plan = &plan_, sources = std::move(sources), result, kernel = std::move(kernel),
                     in = std::vector<const float*>()]() mutable {
    const auto at = [&](const Stored& place) { return reinterpret_cast<float*>(plan->arena_.at(place.buffer) + place.offset); };
    in.clear();
    for (const Source& source : sources) in.push_back(source.constant ? source.constant->values.data() : at(source.place));
    kernel(in, at(result));
  };
  add_host(work, touched, std::move(what));
  const bool is_output = node_->output == graph_.output;
  stored_[node_->output] = is_output ? result : reorder_to(result, row_major_desc(dims_of(node_->output)));
}

memory Lowering::scratchpad(const memory::desc& desc) {
  scratch_bytes_ = std::max(scratch_bytes_, desc.get_size());
  scratchpads_.push_back(memory(desc, plan_.engine_, DNNL_MEMORY_NONE));
  return scratchpads_.back();
}

std::optional<std::size_t> Lowering::sole_reader(ValueId id) const {
  if (id == graph_.output) return {};
  std::optional<std::size_t> reader;
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    for (const ValueId input : graph_.nodes[i].inputs) {
      if (input != id) continue;
      if (reader) return {};
      reader = i;
    }
  }
  return reader;
}

// Whether anything that lies in the same buffer is read by this node or a later one, but for the one excepted.
bool Lowering::read_after(BufferId buffer, std::size_t node, std::size_t except) const {
  if (buffer == stored(graph_.input).buffer) return true;
  const auto is_read = [&](ValueId id) {
    if (id == graph_.output) return true;
    for (std::size_t i = node; i < graph_.nodes.size(); ++i) {
      const auto& inputs = graph_.nodes[i].inputs;
      if (i != except && !done_.count(i) && std::count(inputs.begin(), inputs.end(), id)) return true;
    }
    return false;
  };
  return std::any_of(stored_.begin(), stored_.end(),
                     [&](const auto& value) { return value.second.buffer == buffer && is_read(value.first); }) ||
         std::any_of(whole_.begin(), whole_.end(),
                     [&](const auto& value) { return value.second.place.buffer == buffer && is_read(value.first); });
}

Lowering::Fused Lowering::look_ahead(std::size_t node, bool allow_sum, bool whole) const {
  const auto place_of = [&](ValueId id) -> const Stored* {
    if (whole) return whole_.count(id) ? &whole_.at(id).place : nullptr;
    return stored_.count(id) ? &stored_.at(id) : nullptr;
  };
  Fused fused{{}, {}, {}, {}, graph_.nodes[node].output, std::string(name_of(graph_.nodes[node].operation)), {}};
  while (const auto reader = sole_reader(fused.output)) {
    const graph::Node& next = graph_.nodes[*reader];
    if (const auto* activation = std::get_if<graph::Activation>(&next.operation); activation && whole && type_of_whole(*activation)) {
      fused.rounding = *activation;
    } else if (fused.gate) {
      break;
    } else if (activation && gates_here(*activation) && (!whole || number() == Number::bf16) && next.output != graph_.output) {
      fused.gate = *activation;
    } else if (activation && can_follow_a_layer(*activation) && can_follow(*activation, fused.activations)) {
      fused.activations.push_back(*activation);
    } else if (const auto* binary = std::get_if<graph::Binary>(&next.operation);
               binary && binary->kind == graph::Binary::Kind::add && allow_sum && !fused.residual && fused.activations.empty()) {
      const ValueId other = next.inputs[0] == fused.output ? next.inputs[1] : next.inputs[0];
      const Stored* place = graph_.is_constant(other) ? nullptr : place_of(other);
      if (!place || graph_.dims(other) != graph_.dims(fused.output) || next.output == graph_.output ||
          read_after(place->buffer, node, *reader)) {
        break;
      }
      fused.residual = other;
    } else {
      break;
    }
    fused.joined.push_back(*reader);
    fused.output = next.output;
    if (!fused.gate || fused.rounding) fused.description += fmt::format(" + {}", name_of(next.operation));
    if (fused.rounding) break;
  }
  return fused;
}

void Lowering::finish(const Fused& fused, Stored result) {
  done_.insert(fused.joined.begin(), fused.joined.end());
  if (fused.gate) add_gate(*fused.gate, result, result, gate_kernel(*fused.gate, number(), elements_of(result)));
  stored_[fused.output] = std::move(result);
}

// With what fills blocks of channels up, which is 0 and stays so.
std::size_t Lowering::elements_of(const Stored& value) const { return value.desc.get_size() / memory::data_type_size(type_); }

void Lowering::add_gate(const graph::Activation& gate, const Stored& from, const Stored& to, const GateKernel& kernel) {
  const auto work = [plan = &plan_, from, to, kernel] {
    kernel(plan->arena_.at(from.buffer) + from.offset, plan->arena_.at(to.buffer) + to.offset);
  };
  add_host(work, from.buffer == to.buffer ? std::vector{to} : std::vector{from, to}, fmt::format("  {}", name_of(gate)));
}

dnnl::primitive_attr Lowering::attributes(const Fused& fused) const {
  dnnl::post_ops ops;
  if (fused.residual) ops.append_sum(1.0f);
  for (const graph::Activation& activation : fused.activations) {
    const auto [algorithm, alpha, beta] = algorithm_of(activation).value();
    append_eltwise(ops, algorithm, alpha, beta);
  }
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  attr.set_fpmath_mode(dnnl::fpmath_mode::strict);  // fp32 means fp32, whatever the environment says
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

void Lowering::refuse(const std::string& why) const {
  throw InputError(fmt::format("{} node '{}': {}", name_of(node_->operation), node_->name, why));
}

}  // namespace ballast::model::onednn
