// SPDX-License-Identifier: Apache-2.0
//
// From a graph to a plan: one function an operation.

#pragma once

#include <map>
#include <optional>
#include <set>
#include <type_traits>

#include "gates.hpp"
#include "host_kernels.hpp"
#include "plan.hpp"

namespace ballast::model::onednn {

class Lowering {
 public:
  Lowering(Plan& plan, const Prepared& model, Arithmetic arithmetic, int micro_batch, Constants& constants);
  void lower();

  void operator()(const graph::Convolution&);
  void operator()(const graph::Linear&);
  void operator()(const graph::MatMul&);
  void operator()(const graph::BatchNorm&);
  void operator()(const graph::GroupNorm&);
  void operator()(const graph::Activation&);
  void operator()(const graph::Binary&);
  void operator()(const graph::Pool&);
  void operator()(const graph::Resize&);
  void operator()(const graph::Reduce&);
  void operator()(const graph::Reshape&);
  void operator()(const graph::Transpose&);
  void operator()(const graph::Pad&);
  void operator()(const graph::Slice&);
  void operator()(const graph::Concat&);
  void operator()(const graph::Softmax&);
  void operator()(const graph::TransposedConvolution&);
  void operator()(const graph::Attention&);
  void operator()(const graph::LayerNorm&);
  void operator()(const graph::Select&);
  void operator()(const graph::Blend&);
  void operator()(const graph::Gather&);

 private:
  using Dims = memory::dims;

  // What follows a layer and is done within it.
  struct Fused {
    std::optional<graph::ValueId> residual;  // summed in place
    std::vector<graph::Activation> activations;
    std::optional<graph::Activation> gate;      // after them, by a kernel of our own
    std::optional<graph::Activation> rounding;  // to whole numbers, last of all
    graph::ValueId output;                      // of the last operation joined
    std::string description;
    std::vector<std::size_t> joined;  // nodes
  };

  // What follows a sum or product and is done within it.
  struct Followers {
    dnnl::post_ops ops;
    struct Argument {
      int index;
      graph::ValueId constant;
      memory::desc desc;
    };
    std::vector<Argument> arguments;
    graph::ValueId output;
    std::string description;
    std::vector<std::size_t> joined;
  };

  // Whole numbers of 8 bits, times a step.
  struct Whole {
    Stored place;
    float step;
  };
  static std::optional<memory::data_type> type_of_whole(const graph::Activation& rounding);

  // The node in whole numbers; false where it is not one for them, and nothing was done.
  bool in_whole_numbers();
  bool in_whole_numbers(const graph::Convolution& conv);
  bool in_whole_numbers(const graph::Linear&);
  bool round(const graph::Activation& rounding);
  bool reshape_whole_numbers();
  bool is_layer_of_whole_numbers();
  bool are_in_range(const LayerSteps& steps) const;
  const std::vector<float>* steps_of_weights();  // of the node; null where they are not whole
  graph::Tensor weights_in_steps() const;
  Fused look_ahead_in_whole_numbers(bool allow_sum) const;
  LayerSteps layer_steps(const Fused& fused, bool grouped);
  dnnl::primitive_attr attributes(const Fused& fused, const LayerSteps& steps, Steps& told) const;
  template <typename Describe>
  auto described_in_whole_numbers(const Fused& fused, Describe describe)
      -> std::optional<std::invoke_result_t<Describe, memory::data_type>>;
  template <typename PrimitiveDesc>
  void add_layer_of_whole_numbers(const Fused& fused, const PrimitiveDesc& desc, const LayerSteps& steps, const Steps& told,
                                  const Dims& weight_dims, const Stored& source, const Stored& result);
  void finish_in_whole_numbers(const Fused& fused, const Stored& result);
  void add_steps(std::unordered_map<int, memory>& arguments, const Steps& steps);
  // Makes floats of a value that lies in whole numbers alone.
  void widen(graph::ValueId id);
  Stored in_steps(const Stored& from, const memory::desc& desc, float in, float out, const std::string& what);

  const Stored& stored(graph::ValueId id) const { return stored_.at(id); }
  Stored row_major(graph::ValueId id);  // reordered where it lies otherwise
  Stored reorder_to(const Stored& from, const memory::desc& desc);
  Stored new_buffer(const memory::desc& desc);
  memory::desc desc_of(const Dims& dims, memory::format_tag tag = memory::format_tag::any) const { return {dims, type_, tag}; }
  memory::desc row_major_desc(const Dims& dims) const { return {dims, type_, strides_of(dims)}; }
  bool may_be_transformed(const graph::Convolution& conv) const;
  memory::format_tag convolution_layout(std::int64_t channels) const;
  static Dims strides_of(const Dims& dims);
  Dims dims_of(graph::ValueId id) const;  // the batch as a number

  // Constants, written once, in the form a primitive wants.
  memory constant(const graph::Tensor& tensor, const Dims& dims, const memory::desc& wanted);
  memory kept(const Dims& dims, const Dims& strides, const float* values, const memory::desc& wanted);
  memory broadcast_constant(const graph::Tensor& tensor, const Dims& full);

  memory argument(const Stored& place);  // gets its address when the arena is laid out
  void add(dnnl::primitive primitive, std::unordered_map<int, memory> arguments, std::string what);
  void begin_step() const;  // throws std::logic_error where another has its arguments already
  void add_host(std::function<void()> work, const std::vector<Stored>& touched, std::string what);
  // The node as a plain function of its inputs in single precision, row-major.
  void on_host(HostKernel kernel, std::string what);
  template <typename PrimitiveDesc>
  void add_with_scratchpad(const PrimitiveDesc& desc, std::unordered_map<int, memory> arguments, std::string what) {
    arguments.insert({DNNL_ARG_SCRATCHPAD, scratchpad(desc.scratchpad_desc())});
    add(make_primitive(desc), std::move(arguments), what + "  [" + desc.impl_info_str() + "]");
  }
  memory scratchpad(const memory::desc& desc);  // one for all, as large as the largest needs
  dnnl::primitive_attr attributes(const Fused& fused) const;

  Fused look_ahead(std::size_t node, bool allow_sum, bool whole = false) const;
  Followers followers_of(graph::ValueId id) const;
  void stretched(graph::Binary::Kind kind, graph::ValueId a, graph::ValueId b, const Dims& own);
  Stored as(graph::ValueId id, const Dims& dims, const memory::desc& layout);
  memory::desc layout_for(const graph::Concat& concat) const;
  void finish(const Fused& fused, Stored result);
  Number number() const { return type_ == memory::data_type::bf16 ? Number::bf16 : Number::f32; }
  bool gates_here(const graph::Activation& activation) const { return has_gate(activation, number()); }
  std::size_t elements_of(const Stored& value) const;
  void add_gate(const graph::Activation& gate, const Stored& from, const Stored& to, const GateKernel& kernel);
  std::optional<std::size_t> sole_reader(graph::ValueId id) const;
  bool read_after(BufferId buffer, std::size_t node, std::size_t except) const;
  void round_where_it_lies(const graph::Activation& rounding);
  bool mean_is_a_pool(const graph::Reduce& reduce) const;
  std::optional<Window> window_of(const graph::Pool& pool) const;
  // Pools a value and returns where the result lies.
  Stored pooled(Stored from, const Window& window, dnnl::algorithm algorithm, const memory::desc& wanted);
  // Combines the node's value in place with a constant of one entry a channel.
  void by_channel(const Stored& value, dnnl::algorithm algorithm, const graph::Tensor& vector);
  // Moves from one place to another of the same dims.
  void copy(const Stored& from, const Stored& to, const std::string& what);
  // Multiplications and additions of a micro-batch.
  double operations_of_node() const { return 2.0 * micro_batch_ * static_cast<double>(graph::multiply_adds(graph_, *node_)); }
  void copy_each(const Stored& source, std::int64_t start, const Dims& strides, const Stored& result, const std::string& what);
  [[noreturn]] void refuse(const std::string& why) const;

  Plan& plan_;
  const Prepared& model_;
  const graph::Graph& graph_;
  memory::data_type type_;
  bool whole_numbers_;
  int micro_batch_;
  Constants& constants_;
  const bool has_constants_;
  std::size_t constants_asked_for_ = 0;
  double operations_ = 0;  // of the step under construction
  std::map<graph::ValueId, Stored> stored_;
  std::map<graph::ValueId, Whole> whole_;
  std::set<std::size_t> done_;  // nodes joined to an earlier one
  std::size_t index_ = 0;
  const graph::Node* node_ = nullptr;
  std::vector<std::pair<memory, Stored>> placed_;
  std::vector<BufferId> touched_;  // by the step under construction
  BufferId scratch_buffer_ = -1;
  std::size_t scratch_bytes_ = 0;
  std::vector<memory> scratchpads_;
};

}  // namespace ballast::model::onednn
