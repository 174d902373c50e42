// SPDX-License-Identifier: Apache-2.0

#include "operations.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"

namespace ballast::graph {
namespace operations {

const std::map<std::string, OnnxType>& onnx_types() {
  static const auto table = [] {
    std::map<std::string, OnnxType> types;
    for (const auto family : families) {
      for (OnnxType& type : family()) types.emplace(type.name, std::move(type));
    }
    return types;
  }();
  return table;
}

std::vector<Binding> results_of(OnnxNode& node) {
  if (node.reads_label()) return {node.label_passed_on()};
  if (node.reads_single()) return {node.result_of_singles()};
  return onnx_types().at(node.type()).importer(node).outputs;
}

void require_rank(const Dims& dims, std::size_t rank) {
  require(dims.size() == rank, fmt::format("its input is {}, and {} dimensions are allowed", to_string(dims), rank));
}

void require_batch_first(const Dims& dims) {
  require(!dims.empty() && dims[0] == batch, fmt::format("its input is {}: the first dimension must be the batch", to_string(dims)));
}

void require_image(const OnnxNode& node) {
  require(node.dims(0).size() == 4,
          fmt::format("its input is {}; batch x channels x height x width is supported", to_string(node.dims(0))));
}

void require_vector(const Dims& dims, std::int64_t size, std::string_view what) {
  require(dims == Dims{size}, fmt::format("its {} is {}, and {} is needed", what, to_string(dims), size));
}

Dims broadcast(const Dims& a, const Dims& b) {
  Dims result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto from_end = [&](const Dims& dims) { return i < dims.size() ? dims[dims.size() - 1 - i] : 1; };
    const std::int64_t left = from_end(a), right = from_end(b);
    require(left == right || left == 1 || right == 1,
            fmt::format("sizes {} and {} cannot be joined", to_string({left}), to_string({right})));
    result[result.size() - 1 - i] = left == 1 ? right : left;
  }
  return result;
}

}  // namespace operations

std::string_view name_of(const Operation& operation) {
  return std::visit([](const auto& own) { return operations::rules_of(own).name; }, operation);
}

Dims infer_dims(const Operation& operation, const std::vector<Dims>& inputs, const Dims& output_dims) {
  constexpr std::int64_t most_elements = std::int64_t{1} << 31;
  const operations::Shapes shapes{inputs, output_dims};
  const Dims out = std::visit([&](const auto& own) { return operations::rules_of(own).dims(own, shapes); }, operation);
  operations::require_batch_first(out);
  double count = 1;
  for (std::size_t i = 1; i < out.size(); ++i) {
    require(out[i] > 0, fmt::format("its output would be {}", to_string(out)));
    count *= static_cast<double>(out[i]);
  }
  require(count < static_cast<double>(most_elements), fmt::format("its output would be {}: too large", to_string(out)));
  return out;
}

}  // namespace ballast::graph
