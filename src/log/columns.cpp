// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <set>
#include <type_traits>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/stats/round_down.hpp"
#include "split_text.hpp"

namespace ballast::log {
namespace {

constexpr int radius_decimals = 6, probability_decimals = 12;
constexpr double longest = 1e300;    // of a radius in pixel units: sums of as many as there can be remain numbers
constexpr Label nan_runner_up = -1;  // until the row's votes say which entry that is

template <typename Number>
Number number_in(std::string_view text, std::string_view column) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc{} && end == text.data() + text.size(),
          fmt::format("column {} holds '{}', which is not a number", column, text));
  return value;
}

double finite(std::string_view text, std::string_view column) {
  const auto value = number_in<double>(text, column);
  require(std::isfinite(value), fmt::format("column {} holds '{}'; a finite number is needed", column, text));
  return value;
}

double length(std::string_view text, std::string_view column) {
  const double value = finite(text, column);
  require(value >= 0 && value <= longest, fmt::format("column {} holds {}; 0 to {} is allowed", column, text, longest));
  return value;
}

bool yes_or_no(std::string_view text, std::string_view column) {
  require(text == "0" || text == "1", fmt::format("column {} holds '{}'; 0 or 1 is needed", column, text));
  return text == "1";
}

std::string time_text(double seconds) {
  const auto micros = static_cast<std::uint64_t>(std::llround(seconds * 1e6));
  return fmt::format("{}:{:02}:{:02}.{:06}", micros / 3'600'000'000, micros / 60'000'000 % 60, micros / 1'000'000 % 60, micros % 1'000'000);
}

// H:MM:SS with or without a fraction, after a day "1 day, H:MM:SS" (the reference implementation), or plain seconds (some of its published
// logs).
double seconds_from(std::string_view text) {
  double days = 0;
  std::string_view clock = text;
  if (const auto comma = text.find(", "); comma != std::string_view::npos) {
    days = number_in<double>(text.substr(0, text.find(' ')), "time");
    clock = text.substr(comma + 2);
  }
  const auto parts = split(clock, ':');
  if (parts.size() == 1) return days * 86400 + finite(clock, "time");
  require(parts.size() == 3, fmt::format("column time holds '{}'; H:MM:SS or seconds are needed", text));
  return days * 86400 + finite(parts[0], "time") * 3600 + finite(parts[1], "time") * 60 + finite(parts[2], "time");
}

// "class:votes,...", each class once; without knowing the number of classes, up to the last one named.
Votes votes_from(std::string_view text, std::string_view column) {
  Votes votes(1);
  if (text == "-") return votes;
  std::set<std::size_t> named;
  for (const std::string& entry : split(text, ',')) {
    const auto colon = entry.find(':');
    require(colon != std::string::npos, fmt::format("column {} holds '{}'; class:votes is needed", column, entry));
    const auto count = number_in<std::uint64_t>(std::string_view(entry).substr(colon + 1), column);
    if (entry.starts_with("nan:")) {
      require(named.insert(SIZE_MAX).second, fmt::format("column {} names class nan twice", column));
      votes.back() = count;
      continue;
    }
    const auto label = number_in<std::size_t>(std::string_view(entry).substr(0, colon), column);
    require(label < most_classes, fmt::format("column {} names class {}", column, label));
    require(named.insert(label).second, fmt::format("column {} names class {} twice", column, label));
    if (label + 1 >= votes.size()) {
      const std::uint64_t nan = votes.back();
      votes.back() = 0;
      votes.resize(label + 2);
      votes.back() = nan;
    }
    votes[label] = count;
  }
  return votes;
}

// "samples:failures,..."
std::string looks_text(const Looks& looks) {
  std::string text;
  for (const auto& look : looks) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", look.samples, look.failures);
  return text.empty() ? "-" : text;
}

Looks looks_from(std::string_view text, std::string_view column) {
  Looks looks;
  if (text == "-") return looks;
  for (const std::string& entry : split(text, ',')) {
    const auto colon = entry.find(':');
    require(colon != std::string::npos, fmt::format("column {} holds '{}'; samples:failures is needed", column, entry));
    looks.push_back({number_in<std::uint64_t>(std::string_view(entry).substr(0, colon), column),
                     number_in<std::uint64_t>(std::string_view(entry).substr(colon + 1), column)});
  }
  return looks;
}

Label label_from(std::string_view text, std::string_view column) {
  const auto label = number_in<Label>(text, column);
  require(label >= 0, fmt::format("column {} holds {}; a class is needed", column, text));
  return label;
}

// A log's row ends its votes with the last class that it names, so without votes of its own the runner-up is none that they end with.
Cell runner_up_value(const Record& row) {
  const bool is_nan = row.runner_up_count > 0 && row.runner_up == static_cast<Label>(row.counts.size()) - 1;
  return std::int64_t{is_nan ? -1 : row.runner_up};
}

constexpr auto whole_in = number_in<std::uint64_t>;

// Of a field that is one number. `from` reads it.
template <auto field, auto from>
constexpr Column plain(std::string_view name, unsigned kinds) {
  using Value = std::decay_t<decltype(std::declval<Record&>().*field)>;
  const auto value = [](const Record& row) {
    if constexpr (std::is_integral_v<Value> && !std::is_same_v<Value, bool>) return Cell(static_cast<std::int64_t>(row.*field));
    else return Cell(row.*field);
  };
  const auto text = [](const Record& row) {
    if constexpr (std::is_same_v<Value, bool>) return std::string(row.*field ? "1" : "0");
    else return fmt::format("{}", row.*field);
  };
  return {name, kinds, value, text, [](Record& row, std::string_view cell, std::string_view column) { row.*field = from(cell, column); }};
}

// The runner-up is one of the votes' classes: "nan" is the entry behind the last, and a class that no vote fell on has an entry, too.
void settle_runner_up(Record& row) {
  if (row.counts.empty()) return;
  if (row.runner_up == nan_runner_up) row.runner_up = static_cast<Label>(row.counts.size()) - 1;
  else if (const auto needed = static_cast<std::size_t>(row.runner_up) + 2; needed > row.counts.size() && needed <= most_classes)
    row.counts.insert(row.counts.end() - 1, needed - row.counts.size(), 0);
}

template <auto field>
constexpr Column votes(std::string_view name, unsigned kinds) {
  return {name, kinds, [](const Record& row) { return Cell(row.*field); }, [](const Record& row) { return votes_text(row.*field); },
          [](Record& row, std::string_view cell, std::string_view column) {
            row.*field = votes_from(cell, column);
            if (&(row.*field) == &row.counts) settle_runner_up(row);
          }};
}

constexpr unsigned in(std::initializer_list<Kind> kinds) {
  unsigned bits = 0;
  for (const Kind kind : kinds) bits |= 1u << static_cast<unsigned>(kind);
  return bits;
}
constexpr unsigned certified = in({Kind::certify, Kind::staged}), with_radius = certified | in({Kind::verify, Kind::cascade}),
                   with_votes = certified | in({Kind::predict, Kind::attack}), every = with_radius | with_votes;

constexpr Column table[] = {
    plain<&Record::index, whole_in>("idx", every),
    plain<&Record::label, number_in<Label>>("label", every),
    {"predict", every, [](const Record& row) { return Cell(std::int64_t{row.predict.value_or(-1)}); },
     [](const Record& row) { return std::to_string(row.predict.value_or(-1)); },
     [](Record& row, std::string_view cell, std::string_view column) {
       const auto label = number_in<Label>(cell, column);
       require(label >= -1, fmt::format("column {} holds {}; a class or -1 is needed", column, label));
       row.predict = label >= 0 ? std::optional(label) : std::nullopt;
     }},
    {"radius", with_radius, [](const Record& row) { return Cell(row.radius); },
     [](const Record& row) { return stats::format_rounded_down(row.radius, radius_decimals); },
     [](Record& row, std::string_view cell, std::string_view column) { row.radius = length(cell, column); }},
    plain<&Record::distance, length>("distance", in({Kind::attack})),
    plain<&Record::success, yes_or_no>("success", in({Kind::attack})),
    plain<&Record::correct, yes_or_no>("correct", every),
    {"time", every, [](const Record& row) { return Cell(row.seconds); }, [](const Record& row) { return time_text(row.seconds); },
     [](Record& row, std::string_view cell, std::string_view) { row.seconds = seconds_from(cell); }},
    plain<&Record::certified_by, number_in<std::uint32_t>>("certified_by", in({Kind::cascade})),
    plain<&Record::attacked, label_from>("attacked", in({Kind::attack})),
    plain<&Record::budget, length>("budget", in({Kind::attack})),
    {"p_lower", certified, [](const Record& row) { return Cell(row.p_lower.value_or(std::numeric_limits<double>::quiet_NaN())); },
     [](const Record& row) { return stats::format_rounded_down(row.p_lower.value_or(0), probability_decimals); },
     [](Record& row, std::string_view cell, std::string_view column) { row.p_lower = finite(cell, column); }},
    plain<&Record::samples, whole_in>("n", with_votes),
    plain<&Record::count, whole_in>("count", with_votes),
    {"runner_up", with_votes, runner_up_value, [](const Record& row) { return class_text(row.runner_up, row.counts.size()); },
     [](Record& row, std::string_view cell, std::string_view column) {
       row.runner_up = cell == "nan" ? nan_runner_up : label_from(cell, column);
       settle_runner_up(row);
     }},
    plain<&Record::runner_up_count, whole_in>("runner_up_count", with_votes),
    votes<&Record::selection>("selection", certified),
    {"looks", in({Kind::staged}), [](const Record& row) { return Cell(row.looks); },
     [](const Record& row) { return looks_text(row.looks); },
     [](Record& row, std::string_view cell, std::string_view column) { row.looks = looks_from(cell, column); }},
    votes<&Record::counts>("counts", with_votes),
};

}  // namespace

std::span<const Column> all_columns() { return table; }

std::vector<const Column*> columns_of(Kind kind) {
  std::vector<const Column*> columns;
  for (const Column& column : table) {
    if (column.is_of(kind)) columns.push_back(&column);
  }
  return columns;
}

const Column* column_named(std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const Column& column) { return column.name == name; });
  return found == std::end(table) ? nullptr : found;
}

std::string votes_text(const Votes& votes) {
  std::string text;
  for (std::size_t c = 0; c < votes.size(); ++c) {
    if (votes[c] > 0) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", class_text(static_cast<Label>(c), votes.size()), votes[c]);
  }
  return text.empty() ? "-" : text;
}

std::string class_text(Label label, std::size_t entries) {
  return entries > 0 && label == static_cast<Label>(entries - 1) ? "nan" : std::to_string(label);
}

}  // namespace ballast::log
