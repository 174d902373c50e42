// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace ballast::report {
namespace {

template <typename Predicate>
double share(std::span<const log::Record> rows, Predicate&& predicate) {
  return static_cast<double>(std::count_if(rows.begin(), rows.end(), predicate)) / static_cast<double>(rows.size());
}

bool right(const log::Record& row) { return row.correct && row.predict.has_value(); }

}  // namespace

bool is_certified(const log::Record& row, double r) { return right(row) && row.radius >= r; }

std::uint64_t certified(std::span<const log::Record> rows, double r) {
  return static_cast<std::uint64_t>(std::count_if(rows.begin(), rows.end(), [r](const log::Record& row) { return is_certified(row, r); }));
}

std::vector<double> certified_radii(std::span<const log::Record> rows) {
  std::vector<double> radii;
  for (const log::Record& row : rows) radii.push_back(right(row) ? row.radius : 0);
  return radii;
}

double certified_accuracy(std::span<const log::Record> rows, double r) {
  return static_cast<double>(certified(rows, r)) / static_cast<double>(rows.size());
}

double average_certified_radius(std::span<const log::Record> rows) {
  const std::vector<double> radii = certified_radii(rows);
  return std::accumulate(radii.begin(), radii.end(), 0.0) / static_cast<double>(rows.size());
}

PredictRates predict_rates(std::span<const log::Record> rows) {
  const double correct = share(rows, right), abstained = share(rows, [](const log::Record&row) { return !row.predict; });
  return {correct, 1 - correct - abstained, abstained};
}

std::vector<double> sensible_radii(std::span<const log::Record> rows) {
  constexpr std::size_t most_columns = 8;
  double largest = 0;
  for (const log::Record& row : rows) largest = std::max(largest, right(row) ? row.radius : 0);
  double step = 0.25;
  while (largest / step >= most_columns) step *= 2;
  std::vector<double> radii{0};
  while (radii.back() + step <= largest) radii.push_back(radii.back() + step);
  return radii;
}

std::string accuracy_table(std::span<const log::Record> rows, std::span<const double> radii) {
  std::string head = "radius             ", line = "certified accuracy ";
  for (const double r : radii) {
    head += fmt::format("{:>8}", fmt::format("{}", r));
    line += fmt::format("{:>8.4f}", certified_accuracy(rows, r));
  }
  return head + "\n" + line + "\n";
}

}  // namespace ballast::report
