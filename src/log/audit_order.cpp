// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "audit_checks.hpp"
#include "ballast/log/source.hpp"

namespace ballast::log {
namespace {

constexpr std::array<std::uint64_t, 3> usual_sizes{10'000, 26'032, 50'000};  // of test sets: MNIST and CIFAR, SVHN, ImageNet

// The size that a data set with such indices and labels most likely has.
std::optional<std::uint64_t> likely_size(const std::vector<Record>& rows, std::uint64_t last) {
  const bool many_classes = std::any_of(rows.begin(), rows.end(), [](const Record& row) { return row.label >= 10; });
  for (const std::uint64_t size : usual_sizes) {
    if (size > last && (!many_classes || size == usual_sizes.back()) && last >= size / 2) return size;
  }
  return {};
}

// Of a log whose manifest does not say how many rows were planned.
void check_end(Audit& audit, const std::optional<std::uint64_t>& images) {
  const std::vector<Record>& rows = audit.log.rows;
  const RowOrder order = row_order(audit.log, audit.manifest);
  const std::uint64_t last =
      std::max_element(rows.begin(), rows.end(), [](const Record& a, const Record& b) { return a.index < b.index; })->index;
  const auto size = images ? images : likely_size(rows, last);
  if (!size) return note(audit, fmt::format("ends at image {}; the size of the data set is not known (--images)", last));
  if (last >= *size) {
    find(audit, 0, "order", fmt::format("image {} is not one of {}", last, *size));
  } else if (const std::uint64_t missing = (*size - 1 - last) / order.skip; missing > 0) {
    find(audit, 0, "missing",
         fmt::format("ends at image {}: {} rows are missing to the end of {} images{}", last, missing, *size,
                     images ? "" : " (a guess at the data set's size; --images says it)"));
  }
}

}  // namespace

void check_order(Audit& audit, const AuditOptions& options) {
  const bool end_is_planned = audit.manifest && audit.manifest->find("rows") && !options.images;
  for (const RowProblem& problem : row_problems(audit.log, audit.manifest)) {
    if (problem.line == 0 && !end_is_planned) continue;
    find(audit, problem.line, problem.kind == RowProblem::Kind::missing ? "missing" : "order", problem.text);
  }
  if (!end_is_planned) check_end(audit, options.images);
}

}  // namespace ballast::log
