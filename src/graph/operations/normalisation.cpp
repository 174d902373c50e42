// SPDX-License-Identifier: Apache-2.0
//
// Importers of normalisations.

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "operations.hpp"

namespace ballast::graph {
namespace {

constexpr int first_opset_by_channel = 21;  // before, a group normalisation scales and shifts whole groups

// A vector of one entry a group with each entry repeated for its channels.
ValueId repeated(OnnxNode& node, std::size_t input, std::int64_t groups, std::int64_t channels, const std::string& what) {
  const std::vector<float>& by_group = node.constant(input).floats();
  require(groups > 0 && channels % groups == 0 && static_cast<std::int64_t>(by_group.size()) == groups,
          fmt::format("its {} has {} entries for {} groups of {} channels", what, by_group.size(), groups, channels));
  node.budget().constant({channels}, sizeof(float));
  std::vector<float> values;
  for (std::int64_t c = 0; c < channels; ++c) values.push_back(by_group[static_cast<std::size_t>(c / (channels / groups))]);
  return node.graph().add_constant(node.name() + "." + what, {{channels}, std::move(values)});
}

}  // namespace

Binding import_batch_norm(OnnxNode& node) {
  require(node.integer("training_mode", 0) == 0, "it is in training mode: export the model for inference");
  std::vector<ValueId> inputs{node.value(0)};
  for (std::size_t i = 1; i < 5; ++i) {
    node.constant(i);
    inputs.push_back(node.value(i));
  }
  return node.append(BatchNorm{node.number("epsilon", 1e-5f)}, std::move(inputs));
}

Binding import_instance_norm(OnnxNode& node) {
  const Dims dims = node.dims(0);
  require(dims.size() >= 3, fmt::format("its input is {}; batch x channels x ... is needed", to_string(dims)));
  node.constant(1), node.constant(2);
  return node.append(GroupNorm{dims[1], node.number("epsilon", 1e-5f)}, {node.value(0), node.value(1), node.value(2)});
}

Binding import_group_norm(OnnxNode& node) {
  const Dims dims = node.dims(0);
  require(dims.size() >= 3, fmt::format("its input is {}; batch x channels x ... is needed", to_string(dims)));
  const GroupNorm norm{node.integer("num_groups", 0), node.number("epsilon", 1e-5f)};
  node.constant(1), node.constant(2);
  if (node.opset() >= first_opset_by_channel) return node.append(norm, {node.value(0), node.value(1), node.value(2)});
  const ValueId scale = repeated(node, 1, norm.groups, dims[1], "scale"), bias = repeated(node, 2, norm.groups, dims[1], "bias");
  return node.append(norm, {node.value(0), scale, bias});
}

}  // namespace ballast::graph
