// SPDX-License-Identifier: Apache-2.0

#include "backward.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

namespace ballast::verify {
namespace {

Product zero(std::int64_t rows) { return {at::zeros({rows}, at::kDouble), at::zeros({rows}, at::kDouble)}; }

void add(Product& to, const Product& what) {
  if (!what.sum.defined()) return;
  to.sum = to.sum + what.sum;
  to.magnitude = to.magnitude + what.magnitude;
}

void add(std::optional<Coefficients>& to, Coefficients what, const Sizes& sizes) { to = to ? sum(*to, what, sizes) : std::move(what); }

// Elements of the matrix that a convolution multiplies in one row.
std::int64_t unfolded(const LinearMap& map) {
  const auto* conv = std::get_if<Convolve>(&map.kind);
  return conv ? map.in[0] * conv->weights.size(2) * conv->weights.size(3) * map.out[1] * map.out[2] : 0;
}

const Term* sole_dense_term(const Layer* layer) {
  const bool is = layer && layer->kind == Layer::Kind::affine && layer->terms.size() == 1 && layer->terms[0].map.out.size() == 1 &&
                  std::holds_alternative<Dense>(layer->terms[0].map.kind);
  return is ? &layer->terms[0] : nullptr;
}

}  // namespace

Start start_at_elements(const Layers& layers, ValueIndex value, const at::Tensor& elements, double sign) {
  const Layer* layer = layers.producer(value);
  const Term* dense = sole_dense_term(layer);
  Product constant = zero(elements.size(0));
  if (!dense) return {value, unit_rows(layers.sizes_of(value), elements, sign), constant};
  if (layer->constant.defined()) {
    const at::Tensor added = layer->constant.index_select(0, elements);
    constant = {added * sign, added.abs()};
  }
  return {dense->from, {std::get<Dense>(dense->map.kind).weights.index_select(0, elements) * sign, {}, {}}, constant};
}

Start stacked(const Start& first, const Start& second) {
  return {first.value,
          stacked(first.rows, second.rows),
          {at::cat({first.constant.sum, second.constant.sum}), at::cat({first.constant.magnitude, second.constant.magnitude})}};
}

Start start_at_margins(const Layers& layers, std::int64_t label) {
  const Sizes& sizes = layers.sizes_of(layers.output);
  const std::int64_t classes = elements(sizes);
  at::Tensor rows = at::zeros({classes - 1, classes}, at::kDouble);
  rows.select(1, label).fill_(1);
  for (std::int64_t other = 0, row = 0; other < classes; ++other) {
    if (other != label) rows.select(0, row++).select(0, other).fill_(-1);
  }
  Sizes all{classes - 1};
  all.insert(all.end(), sizes.begin(), sizes.end());
  return {layers.output, {rows.reshape(all), {}, {}}, zero(classes - 1)};
}

Arrival walk_back(const Layers& layers, Start start, const AtActivation& at_activation) {
  std::vector<std::optional<Coefficients>> on(layers.sizes.size());
  on[static_cast<std::size_t>(start.value)] = std::move(start.rows);
  Product constant = start.constant;
  for (auto layer = layers.layers.rbegin(); layer != layers.layers.rend(); ++layer) {
    const auto rows = std::exchange(on[static_cast<std::size_t>(layer->output)], std::nullopt);
    if (!rows) continue;
    if (layer->kind != Layer::Kind::affine) {
      Passed passed = at_activation(*layer, *rows);
      add(constant, passed.constant);
      if (passed.rows) add(on[static_cast<std::size_t>(layer->input)], std::move(*passed.rows), layers.sizes_of(layer->input));
      continue;
    }
    if (layer->constant.defined()) add(constant, product(*rows, layer->constant));
    for (const Term& term : layer->terms) add(on[static_cast<std::size_t>(term.from)], pulled_back(term.map, *rows), term.map.in);
  }
  return {std::move(on[static_cast<std::size_t>(layers.input)]), constant};
}

AtActivation stopping(std::function<void(const Layer&, const Coefficients&)> collect) {
  return [collect = std::move(collect)](const Layer& layer, const Coefficients& rows) {
    collect(layer, rows);
    return Passed{};
  };
}

std::int64_t rows_at_once(const Layers& layers, std::int64_t matrix_elements) {
  std::int64_t largest = 1;
  for (const Sizes& sizes : layers.sizes) largest = std::max(largest, elements(sizes));
  for (const Layer& layer : layers.layers) {
    for (const Term& term : layer.terms) largest = std::max(largest, unfolded(term.map));
  }
  return std::max<std::int64_t>(1, matrix_elements / largest);
}

at::Tensor input_norms(const Layers& layers, ValueIndex value, std::int64_t rows_at_once) {
  const Sizes& sizes = layers.sizes_of(value);
  const AtActivation stop = stopping([](const Layer&, const Coefficients&) {});
  std::vector<at::Tensor> norms;
  for (std::int64_t first = 0, count = elements(sizes); first < count; first += rows_at_once) {
    const at::Tensor part = at::arange(first, std::min(count, first + rows_at_once), at::kLong);
    const Arrival arrival = walk_back(layers, start_at_elements(layers, value, part, 1), stop);
    norms.push_back(arrival.rows ? arrival.rows->a.flatten(1).square().sum(1).sqrt() : at::zeros({part.size(0)}, at::kDouble));
  }
  return at::cat(norms).reshape(sizes);
}

std::vector<bool> affine_in_input(const Layers& layers) {
  std::vector<bool> affine(layers.sizes.size(), false);
  affine[static_cast<std::size_t>(layers.input)] = true;
  for (const Layer& layer : layers.layers) {
    const auto inputs = inputs_of(layer);
    affine[static_cast<std::size_t>(layer.output)] =
        layer.kind == Layer::Kind::affine &&
        std::all_of(inputs.begin(), inputs.end(), [&](ValueIndex input) { return affine[static_cast<std::size_t>(input)]; });
  }
  return affine;
}

}  // namespace ballast::verify
