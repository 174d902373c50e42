// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

AttackRates attack_rates(std::span<const log::Record> rows) {
  AttackRates rates{share(rows, [](const log::Record& row) { return row.success; }), share(rows, right), 0};
  if (rates.successful == 0) return rates;
  double total = 0;
  for (const log::Record& row : rows) total += row.success ? row.distance : 0;
  rates.mean_distance = total / (rates.successful * static_cast<double>(rows.size()));
  return rates;
}

double cascade_accuracy(std::span<const log::Record> rows) {
  return share(rows, [](const log::Record& row) { return right(row) && row.certified_by > 0; });
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

std::string accuracy_curve(std::span<const log::Record> rows, int columns) {
  constexpr int lines = 5, eighths = 8;
  constexpr const char* blocks[] = {" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
  double largest = 0;
  for (const double radius : certified_radii(rows)) largest = std::max(largest, radius);
  if (largest == 0) return "";
  std::string text;
  for (int line = lines - 1; line >= 0; --line) {
    text += line == lines - 1 ? "  1 \u2502" : line == 0 ? "  0 \u2502" : "    \u2502";
    for (int column = 0; column < columns; ++column) {
      const double height = certified_accuracy(rows, largest * (column + 0.5) / columns) * lines - line;
      text += blocks[std::clamp(static_cast<int>(std::lround(height * eighths)), 0, eighths)];
    }
    text += "\n";
  }
  const std::string end = fmt::format("{:.3g}", largest);
  text += "    \u2514";
  for (int column = 0; column < columns; ++column) text += "\u2500";
  return text + fmt::format("\n     0{:>{}}\n", "radius " + end, columns - 1);
}

}  // namespace ballast::report
