// SPDX-License-Identifier: Apache-2.0

#include "onnx_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"

namespace ballast::graph {

std::int64_t View::axis(std::int64_t axis) const {
  const auto at = static_cast<std::size_t>(axis);
  require(axis >= 0 && at != first, "it works along the batch");
  const std::size_t alone = at < first ? at : at + merged - 1;
  return static_cast<std::int64_t>(alone < place ? alone + 1 : alone);
}

std::vector<std::int64_t> View::entries(const std::vector<std::int64_t>& entries, std::int64_t entry) const {
  require(first < entries.size() && entries[first] == entry, "it works along the batch");
  std::vector<std::int64_t> result{entry};
  for (std::size_t i = 0; i < entries.size(); ++i) result.insert(result.end(), i == first ? merged - 1 : 1, entries[i]);
  return result;
}

Dims View::in_file(const Dims& dims) const {
  Dims result;
  const std::vector<std::int64_t> from = order(dims.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int64_t size = dims[static_cast<std::size_t>(from[i])];
    if (i > first && i < first + merged) result.back() *= size;
    else result.push_back(size);
  }
  return result;
}

std::vector<std::int64_t> View::order(std::size_t rank) const {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < rank; ++i) result.push_back(static_cast<std::int64_t>(i < place ? i + 1 : i == place ? 0 : i));
  return result;
}

// Elements before the batch in the file stay before it, and those behind it behind.
Reshaped reshaped(const Dims& dims, const View& view, const Dims& wanted) {
  const auto batch_size = std::find_if(wanted.begin(), wanted.end(), [](std::int64_t size) { return size < 0; });
  require(batch_size != wanted.end(), "it would lose the batch");
  const auto split = dims.begin() + 1 + static_cast<std::ptrdiff_t>(view.place);
  const std::int64_t before = elements({dims.begin() + 1, split}), behind = elements({split, dims.end()});
  const Dims front(wanted.begin(), batch_size), back(batch_size + 1, wanted.end());
  const std::int64_t front_size = elements(front), back_size = elements(back);
  const bool fits = front_size > 0 && back_size > 0 && before % front_size == 0 && behind % back_size == 0 &&
                    (before / front_size) * (behind / back_size) == -*batch_size;
  require(fits, fmt::format("{} cannot become {}", to_string(view.in_file(dims)), to_string(wanted)));
  Reshaped result{{batch}, {front.size(), front.size(), 1}};
  result.dims.insert(result.dims.end(), front.begin(), front.end());
  if (before > front_size) result.dims.push_back(before / front_size), ++result.view.place, ++result.view.merged;
  if (behind > back_size) result.dims.push_back(behind / back_size), ++result.view.merged;
  result.dims.insert(result.dims.end(), back.begin(), back.end());
  return result;
}

}  // namespace ballast::graph
