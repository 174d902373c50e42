// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "audit_checks.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::log {
namespace {

constexpr std::array<std::uint64_t, 3> usual_sizes{10'000, 26'032, 50'000};  // of test sets: MNIST and CIFAR, SVHN, ImageNet

// A whole number in the manifest; none where there is no such entry.
std::optional<std::uint64_t> number_in(const std::optional<Manifest>& manifest, const char* name) {
  const auto* entry = manifest ? manifest->find(name) : nullptr;
  if (!entry) return {};
  std::uint64_t number = 0;
  const char* end = entry->json.data() + entry->json.size();
  const auto read = std::from_chars(entry->json.data(), end, number);
  require(read.ec == std::errc{} && read.ptr == end,
          fmt::format("the manifest's entry '{}' is {}; a whole number is needed", name, entry->json));
  return number;
}

struct Order {
  std::uint64_t start = 0, skip = 1;

  std::uint64_t after(std::uint64_t index) const { return index > UINT64_MAX - skip ? UINT64_MAX : index + skip; }
  std::uint64_t rows_before(std::uint64_t index) const { return index < start ? 0 : (index - start) / skip; }
};

// What the manifest says, or the first index and the commonest step.
Order order_of(const Audit& audit) {
  const std::vector<Record>& rows = audit.log.rows;
  const auto start = number_in(audit.manifest, "start"), skip = number_in(audit.manifest, "skip");
  if (start && skip) return {*start, std::max<std::uint64_t>(1, *skip)};
  std::map<std::uint64_t, std::size_t> steps;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].index > rows[i - 1].index) ++steps[rows[i].index - rows[i - 1].index];
  }
  const auto commonest = std::max_element(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return {rows.front().index, steps.empty() ? 1 : commonest->first};
}

// The size that a data set with such indices and labels most likely has.
std::optional<std::uint64_t> likely_size(const std::vector<Record>& rows, std::uint64_t last) {
  const bool many_classes = std::any_of(rows.begin(), rows.end(), [](const Record& row) { return row.label >= 10; });
  for (const std::uint64_t size : usual_sizes) {
    if (size > last && (!many_classes || size == usual_sizes.back()) && last >= size / 2) return size;
  }
  return {};
}

void check_end(Audit& audit, const AuditOptions& options, const Order& order, std::uint64_t last) {
  const std::vector<Record>& rows = audit.log.rows;
  const auto planned = number_in(audit.manifest, "rows");
  if (planned && !options.images) {
    const std::uint64_t before = order.rows_before(last);
    if (before >= *planned) {
      find(audit, 0, "order", fmt::format("ends at image {}: only {} rows were planned, and {} are due before it", last, *planned, before));
    } else if (const std::uint64_t missing = *planned - 1 - before; missing > 0) {
      find(audit, 0, "missing", fmt::format("ends at image {}: {} of the {} rows that were planned are missing", last, missing, *planned));
    }
    return;
  }
  const bool guessed = !options.images;
  const auto size = guessed ? likely_size(rows, last) : options.images;
  if (!size) return note(audit, fmt::format("ends at image {}; the size of the data set is not known (--images)", last));
  if (last >= *size) {
    find(audit, 0, "order", fmt::format("image {} is not one of {}", last, *size));
  } else if (const std::uint64_t missing = (*size - 1 - last) / order.skip; missing > 0) {
    find(audit, 0, "missing",
         fmt::format("ends at image {}: {} rows are missing to the end of {} images{}", last, missing, *size,
                     guessed ? " (a guess at the data set's size; --images says it)" : ""));
  }
}

}  // namespace

void check_order(Audit& audit, const AuditOptions& options) {
  const std::vector<Record>& rows = audit.log.rows;
  const Order order = order_of(audit);
  std::uint64_t expected = order.start;
  std::map<std::uint64_t, std::size_t> seen;  // image to line
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::uint64_t index = rows[i].index;
    const std::size_t line = audit.log.lines[i];
    if (const auto [first, is_new] = seen.emplace(index, line); !is_new) {
      find(audit, line, "order", fmt::format("image {} is there already, in line {}", index, first->second));
    } else if (index < expected) {
      find(audit, line, "order", fmt::format("image {} is out of order: {} or later was due", index, expected));
    } else if ((index - order.start) % order.skip != 0) {
      find(audit, line, "order", fmt::format("image {} is not one of every {} from {} on", index, order.skip, order.start));
    } else {
      if (const std::uint64_t gap = (index - expected) / order.skip; gap > 0) {
        find(audit, line, "missing",
             gap == 1 ? fmt::format("the row of image {} is missing before it", expected)
                      : fmt::format("the rows of {} images from {} on are missing before it", gap, expected));
      }
      expected = order.after(index);
    }
  }
  if (!seen.empty()) check_end(audit, options, order, seen.rbegin()->first);
}

}  // namespace ballast::log
