// SPDX-License-Identifier: Apache-2.0
//
// Sums and products, with what follows them, where their operands lie.

#include <fmt/format.h>

#include <unordered_map>
#include <vector>

#include "lowering.hpp"
#include "lowering_steps.hpp"
#include "stretched.hpp"

namespace ballast::model::onednn {

using graph::ValueId;

namespace {

std::optional<dnnl::algorithm> algorithm_of(graph::Binary::Kind kind) {
  using Kind = graph::Binary::Kind;
  switch (kind) {
    case Kind::add: return dnnl::algorithm::binary_add;
    case Kind::subtract: return dnnl::algorithm::binary_sub;
    case Kind::multiply: return dnnl::algorithm::binary_mul;
    case Kind::divide: return dnnl::algorithm::binary_div;
    default: return {};
  }
}

// With 1 for dimensions in front that it does not have.
memory::dims widened(memory::dims dims, std::size_t rank) {
  dims.insert(dims.begin(), rank - dims.size(), 1);
  return dims;
}

// Whether an array of these dims has one entry a channel, or one in all.
bool is_by_channel(const memory::dims& dims) {
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i != 1 && dims[i] != 1) return false;
  }
  return true;
}

}  // namespace

// Sums and products with constants by channel, and activations, which the step does on its way out.
Lowering::Followers Lowering::followers_of(ValueId id) const {
  Followers followers{{}, {}, id, "", {}};
  std::vector<graph::Activation> activations;
  while (const auto reader = sole_reader(followers.output)) {
    const graph::Node& next = graph_.nodes[*reader];
    if (const auto* activation = std::get_if<graph::Activation>(&next.operation);
        activation && !gates_here(*activation) && can_follow(*activation, activations)) {
      const auto [algorithm, alpha, beta] = algorithm_of(*activation).value();
      append_eltwise(followers.ops, algorithm, alpha, beta);
      activations.push_back(*activation);
    } else if (const auto* binary = std::get_if<graph::Binary>(&next.operation); binary && algorithm_of(binary->kind)) {
      const bool first = next.inputs[0] == followers.output;
      const ValueId other = first ? next.inputs[1] : next.inputs[0];
      const bool commutes = binary->kind == graph::Binary::Kind::add || binary->kind == graph::Binary::Kind::multiply;
      if (!graph_.is_constant(other) || !(first || commutes) || graph_.dims(next.output) != graph_.dims(id)) break;
      const Dims own = widened(graph_.dims(other), graph_.dims(id).size());
      if (!is_by_channel(own)) break;
      const memory::desc desc(own, memory::data_type::f32, strides_of(own));
      followers.arguments.push_back({DNNL_ARG_ATTR_MULTIPLE_POST_OP(followers.ops.len()) | DNNL_ARG_SRC_1, other, desc});
      followers.ops.append_binary(algorithm_of(binary->kind).value(), desc);
    } else {
      break;
    }
    followers.joined.push_back(*reader);
    followers.output = next.output;
    followers.description += fmt::format(" + {}", name_of(next.operation));
  }
  return followers;
}

void Lowering::operator()(const graph::Binary& operation) {
  const bool commutes = operation.kind == graph::Binary::Kind::add || operation.kind == graph::Binary::Kind::multiply;
  const Dims out = dims_of(node_->output);
  ValueId a = node_->inputs[0], b = node_->inputs[1];
  if (commutes && (graph_.is_constant(a) || graph_.dims(a) != graph_.dims(node_->output))) std::swap(a, b);

  // The first operand has the output's shape; the second may be stretched to it.
  const bool constant_first = graph_.is_constant(a);
  const auto algorithm = algorithm_of(operation.kind);
  if (!algorithm || (!constant_first && graph_.dims(a) != graph_.dims(node_->output))) {
    on_host(binary_kernel(operation, dims_of(node_->inputs[0]), dims_of(node_->inputs[1]), out), std::string(name_of(operation)));
    return;
  }
  const bool constant_second = graph_.is_constant(b);
  Dims own = graph_.is_constant(b) ? graph_.dims(b) : dims_of(b);
  if (constant_second) own = widened(own, out.size());
  else own.insert(own.begin() + 1, out.size() - own.size(), 1);  // the batch stays in front

  // Where it lies, if that is an image's layout, else row by row; with what follows, else without.
  const memory::desc rows = row_major_desc(out);
  std::vector<memory::desc> layouts;
  const bool of_each_image = !constant_second && own.size() == 4 && own[1] == out[1] && own[2] == 1 && own[3] == 1;
  if (!constant_first && out.size() == 4 && (own == out ? !constant_second : is_by_channel(own) || of_each_image) &&
      type_of(stored(a).desc) == type_)
    layouts.push_back(stored(a).desc);
  if (layouts.empty() || layouts.front() != rows) layouts.push_back(rows);
  const Followers followers = followers_of(node_->output), alone{{}, {}, node_->output, "", {}};
  for (const memory::desc& layout : layouts) {
    // Beside channels in blocks, entries by channel lie in blocks, too: oneDNN has kernels for that. One that also does what follows by
    // channel takes longer than two steps.
    const bool in_blocks = own != out && out.size() == 4 && own[1] % 16 == 0 && layout == desc_of(out, memory::format_tag::nChw16c);
    const auto beside = [&](memory::data_type type) {
      return in_blocks ? memory::desc(own, type, memory::format_tag::nChw16c) : memory::desc(own, type, strides_of(own));
    };
    const memory::desc second = constant_second ? beside(memory::data_type::f32) : own == out ? layout : beside(type_);
    for (const Followers* with : {&followers, &alone}) {
      if (in_blocks && !with->arguments.empty()) continue;
      dnnl::primitive_attr attr = attributes({});
      attr.set_post_ops(with->ops);
      const auto desc = describe_binary(plan_.engine_, *algorithm, layout, second, layout, attr);
      // Row by row, what follows by channel is wrong in oneDNN 2.6.
      if (is_reference(desc) || (!with->arguments.empty() && layout == rows)) continue;
      const Stored first = constant_first ? Stored{} : reorder_to(stored(a), layout);
      const Stored other = constant_second ? Stored{} : as(b, own, second);
      const memory left = constant_first ? broadcast_constant(graph_.tensor(a), out) : argument(first);
      const memory right = constant_second ? constant(graph_.tensor(b), own, second) : argument(other);
      const Stored result = new_buffer(layout);
      const memory dst = argument(result);
      std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC_0, left}, {DNNL_ARG_SRC_1, right}, {DNNL_ARG_DST, dst}};
      for (const auto& [index, id, entries] : with->arguments)
        arguments.insert({index, constant(graph_.tensor(id), sizes_of(entries), entries)});
      add_with_scratchpad(desc, std::move(arguments), std::string(name_of(operation)) + with->description);
      done_.insert(with->joined.begin(), with->joined.end());
      stored_[with->output] = result;
      return;
    }
  }
  stretched(operation.kind, a, b, own);
}

// Another view of a value, brought to this layout.
Stored Lowering::as(ValueId id, const Dims& dims, const memory::desc& layout) {
  if (sizes_of(stored(id).desc) == dims) return reorder_to(stored(id), layout);
  Stored place = row_major(id);
  place.desc = {dims, type_of(place.desc), strides_of(dims)};
  return reorder_to(place, layout);
}

// By our own loops, on channels-last images as they lie.
void Lowering::stretched(graph::Binary::Kind kind, ValueId a, ValueId b, const Dims& own) {
  const Dims out = dims_of(node_->output);
  const memory::desc rows = row_major_desc(out);
  const memory::desc last = out.size() == 4 ? memory::desc(out, type_, memory::format_tag::nhwc) : rows;
  const bool is_last = !graph_.is_constant(a) && out.size() == 4 && stored(a).desc == last;
  const auto turned = [&](const Dims& dims) { return is_last ? Dims{dims[0], dims[2], dims[3], dims[1]} : dims; };
  const auto layout_of = [&](const Dims& dims, memory::data_type type) {
    return is_last ? memory::desc(dims, type, memory::format_tag::nhwc) : memory::desc(dims, type, strides_of(dims));
  };
  const bool constant_first = graph_.is_constant(a), constant_second = graph_.is_constant(b);
  const memory held_first = constant_first ? broadcast_constant(graph_.tensor(a), out) : memory();
  const memory held_second = constant_second ? constant(graph_.tensor(b), own, layout_of(own, memory::data_type::f32)) : memory();
  const Stored first = constant_first ? Stored{} : reorder_to(stored(a), is_last ? last : rows);
  const Stored second = constant_second ? Stored{} : as(b, own, layout_of(own, type_));
  const Stored result = new_buffer(is_last ? last : rows);
  std::vector<Stored> touched{result};
  if (!constant_first) touched.push_back(first);
  if (!constant_second) touched.push_back(second);
  const auto kernel = stretched_kernel(kind, turned(out), number(), turned(own), constant_second ? Number::f32 : number());
  const auto work = [plan = &plan_, kernel, held_first, held_second, first, second, result] {
    const auto at = [plan](const memory& held, const Stored& place) {
      return held ? static_cast<const std::byte*>(held.get_data_handle()) : plan->arena_.at(place.buffer) + place.offset;
    };
    kernel(at(held_first, first), at(held_second, second), plan->arena_.at(result.buffer) + result.offset);
  };
  add_host(work, touched, fmt::format("{} stretched -> {}", name_of(node_->operation), sizes(out)));
  stored_[node_->output] = result;
}

}  // namespace ballast::model::onednn
