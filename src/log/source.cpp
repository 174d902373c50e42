// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "ballast/core/errors.hpp"

namespace ballast::log {
namespace {

std::uint64_t after(std::uint64_t index, std::uint64_t skip) { return index > UINT64_MAX - skip ? UINT64_MAX : index + skip; }

// An attack on certificates, and nothing else, has rows of those images alone that have one.
bool may_leave_out(const std::optional<Manifest>& manifest) {
  return manifest && manifest->find("factor") && manifest->text("method") == procedure::name_of(procedure::Attack{});
}

class Reading {
 public:
  Reading(const Log& log, const std::optional<Manifest>& manifest)
      : log_(log), order_(row_order(log, manifest)), may_leave_out_(may_leave_out(manifest)), expected_(order_.start) {
    if (manifest) images_ = manifest->number("images");
  }

  void look_at(std::size_t row) {
    const std::uint64_t index = log_.rows[row].index;
    const std::size_t line = log_.lines[row];
    if (const auto [first, is_new] = seen_.emplace(index, line); !is_new) {
      add(RowProblem::Kind::repeated, line, fmt::format("image {} is there already, in line {}", index, first->second));
    } else if (images_ && index >= *images_) {
      add(RowProblem::Kind::misplaced, line, fmt::format("image {} is not one of {}", index, *images_));
    } else if (index < expected_) {
      add(RowProblem::Kind::misplaced, line, fmt::format("image {} is out of order: {} or later was due", index, expected_));
    } else if ((index - order_.start) % order_.skip != 0) {
      add(RowProblem::Kind::misplaced, line, fmt::format("image {} is not one of every {} from {} on", index, order_.skip, order_.start));
    } else {
      if (const std::uint64_t gap = (index - expected_) / order_.skip; gap > 0 && !may_leave_out_) {
        add(RowProblem::Kind::missing, line,
            gap == 1 ? fmt::format("the row of image {} is missing before it", expected_)
                     : fmt::format("the rows of {} images from {} on are missing before it", gap, expected_));
      }
      expected_ = after(index, order_.skip);
    }
  }

  // Against the numbers of rows that the manifest says there were to be, and were to be at first: fewer were asked for later, when some had
  // been seen.
  void look_at_end(std::uint64_t planned, std::uint64_t planned_first) {
    if (seen_.empty() || may_leave_out_) return;
    const std::uint64_t last = seen_.rbegin()->first;
    const std::uint64_t before = last < order_.start ? 0 : (last - order_.start) / order_.skip;
    if (before >= planned) {
      add(RowProblem::Kind::misplaced, 0,
          fmt::format("ends at image {}: only {} rows were planned, and {} are due before it", last, planned, before));
    } else if (const std::uint64_t most = std::max(planned, planned_first), missing = most - 1 - before; missing > 0) {
      add(RowProblem::Kind::missing, 0,
          fmt::format("ends at image {}: {} of the {} rows that were planned are missing", last, missing, most));
    }
  }

  std::vector<RowProblem> problems() && { return std::move(problems_); }

 private:
  void add(RowProblem::Kind kind, std::size_t line, std::string text) { problems_.push_back({kind, line, std::move(text)}); }

  const Log& log_;
  const RowOrder order_;
  const bool may_leave_out_;
  std::optional<std::uint64_t> images_;
  std::uint64_t expected_;
  std::map<std::uint64_t, std::size_t> seen_;  // image to line
  std::vector<RowProblem> problems_;
};

std::optional<Manifest> manifest_beside(const std::filesystem::path& file) {
  const auto path = manifest_path(file);
  return std::filesystem::exists(path) ? std::optional(read_manifest(path)) : std::nullopt;
}

}  // namespace

RowOrder row_order(const Log& log, const std::optional<Manifest>& manifest) {
  if (manifest && manifest->find("start") && manifest->find("skip")) {
    return {*manifest->number("start"), std::max<std::uint64_t>(1, *manifest->number("skip"))};
  }
  if (log.rows.empty()) return {};
  std::map<std::uint64_t, std::size_t> steps;
  for (std::size_t i = 1; i < log.rows.size(); ++i) {
    if (log.rows[i].index > log.rows[i - 1].index) ++steps[log.rows[i].index - log.rows[i - 1].index];
  }
  const auto commonest = std::max_element(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return {log.rows.front().index, steps.empty() ? 1 : commonest->first};
}

std::vector<RowProblem> row_problems(const Log& log, const std::optional<Manifest>& manifest) {
  Reading reading(log, manifest);
  for (std::size_t row = 0; row < log.rows.size(); ++row) reading.look_at(row);
  if (const auto planned = manifest ? manifest->number("rows") : std::nullopt)
    reading.look_at_end(*planned, manifest->number("first_plan").value_or(*planned));
  return std::move(reading).problems();
}

Source read_source(const std::filesystem::path& file) {
  Source source{file.string(), read_log(file), manifest_beside(file), {}};
  require(!source.log.rows.empty(), fmt::format("{}: has no rows yet", file.string()));
  try {
    if (source.manifest) source.settings = settings_from(*source.manifest);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", manifest_path(file).string(), error.what()));
  }
  for (const RowProblem& problem : row_problems(source.log, source.manifest)) {
    const bool matters = problem.kind == RowProblem::Kind::repeated || (problem.kind == RowProblem::Kind::misplaced && source.manifest);
    if (!matters) continue;
    throw InputError(fmt::format("{}{}: {}", file.string(), problem.line > 0 ? fmt::format(", line {}", problem.line) : "", problem.text));
  }
  return source;
}

std::optional<double> sigma_in_name(const std::filesystem::path& file) {
  constexpr std::string_view mark = "sigma_", digits = "0123456789.";
  const std::string name = file.filename().string();
  for (std::size_t place = name.find(mark); place != std::string::npos; place = name.find(mark, place + 1)) {
    const std::size_t begin = place + mark.size(), stop = std::min(name.find_first_not_of(digits, begin), name.size());
    double value = 0;
    const auto [end, error] = std::from_chars(name.data() + begin, name.data() + stop, value);
    if (error == std::errc{} && value > 0 && std::isfinite(value)) return value;
  }
  return {};
}

std::optional<std::uint64_t> first_plan(const Source& source) {
  if (!source.manifest) return {};
  const auto first = source.manifest->number("first_plan");
  return first ? first : source.manifest->number("rows");
}

}  // namespace ballast::log
