// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "ballast/core/errors.hpp"
#include "ballast/stats/round_down.hpp"

namespace ballast::log {
namespace {

constexpr int radius_decimals = 6, probability_decimals = 12;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

std::string time_text(double seconds) {
  const auto micros = static_cast<std::uint64_t>(std::llround(seconds * 1e6));
  return fmt::format("{}:{:02}:{:02}.{:06}", micros / 3'600'000'000, micros / 60'000'000 % 60, micros / 1'000'000 % 60, micros % 1'000'000);
}

std::string votes_text(const std::vector<std::uint64_t>& votes) {
  std::string text;
  for (std::size_t c = 0; c < votes.size(); ++c) {
    if (votes[c] == 0) continue;
    const std::string name = c + 1 == votes.size() ? "nan" : std::to_string(c);
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", name, votes[c]);
  }
  return text.empty() ? "-" : text;
}

template <typename Number>
Number number(std::string_view text, std::string_view column) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc{} && end == text.data() + text.size(),
          fmt::format("column {} holds '{}', which is not a number", column, text));
  return value;
}

double finite(std::string_view text, std::string_view column) {
  const auto value = number<double>(text, column);
  require(std::isfinite(value), fmt::format("column {} holds '{}'; a finite number is needed", column, text));
  return value;
}

bool yes_or_no(std::string_view text, std::string_view column) {
  require(text == "0" || text == "1", fmt::format("column {} holds '{}'; 0 or 1 is needed", column, text));
  return text == "1";
}

// H:MM:SS with or without a fraction, after a day "1 day, H:MM:SS" (the reference implementation), or plain seconds (some of its published
// logs).
double seconds_from(const std::string& text) {
  double days = 0;
  std::string clock = text;
  if (const auto comma = text.find(", "); comma != std::string::npos) {
    days = number<double>(text.substr(0, text.find(' ')), "time");
    clock = text.substr(comma + 2);
  }
  const auto parts = split(clock, ':');
  if (parts.size() == 1) return days * 86400 + finite(clock, "time");
  require(parts.size() == 3, fmt::format("column time holds '{}'; H:MM:SS or seconds are needed", text));
  return days * 86400 + finite(parts[0], "time") * 3600 + finite(parts[1], "time") * 60 + finite(parts[2], "time");
}

// A class's name in a row of so many votes by class, the last of which are the class "nan".
std::string class_text(Label label, std::size_t entries) {
  return entries > 0 && label == static_cast<Label>(entries - 1) ? "nan" : std::to_string(label);
}

// "class:votes,..."; without knowing the number of classes, up to the last one named.
std::vector<std::uint64_t> votes_from(const std::string& text, std::string_view column) {
  constexpr std::size_t most_classes = 65'536;  // of any data set in use, and more
  std::vector<std::uint64_t> votes(1);
  if (text == "-") return votes;
  for (const std::string& entry : split(text, ',')) {
    const auto colon = entry.find(':');
    require(colon != std::string::npos, fmt::format("column {} holds '{}'; class:votes is needed", column, entry));
    const auto count = number<std::uint64_t>(std::string_view(entry).substr(colon + 1), column);
    if (entry.starts_with("nan:")) {
      votes.back() += count;
      continue;
    }
    const auto label = number<std::size_t>(std::string_view(entry).substr(0, colon), column);
    require(label < most_classes, fmt::format("column {} names class {}", column, label));
    if (label + 1 >= votes.size()) {
      const std::uint64_t nan = votes.back();
      votes.back() = 0;
      votes.resize(label + 2);
      votes.back() = nan;
    }
    votes[label] += count;
  }
  return votes;
}

// "samples:failures,..."
std::string looks_text(const std::vector<Record::Look>& looks) {
  std::string text;
  for (const auto& look : looks) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", look.samples, look.failures);
  return text.empty() ? "-" : text;
}

std::vector<Record::Look> looks_from(const std::string& text) {
  std::vector<Record::Look> looks;
  if (text == "-") return looks;
  for (const std::string& entry : split(text, ',')) {
    const auto colon = entry.find(':');
    require(colon != std::string::npos, fmt::format("column looks holds '{}'; samples:failures is needed", entry));
    looks.push_back({number<std::uint64_t>(std::string_view(entry).substr(0, colon), "looks"),
                     number<std::uint64_t>(std::string_view(entry).substr(colon + 1), "looks")});
  }
  return looks;
}

}  // namespace

std::string header_line(Kind kind) {
  if (kind == Kind::predict) return "idx\tlabel\tpredict\tcorrect\ttime\tn\tcount\trunner_up\trunner_up_count\tcounts";
  if (kind == Kind::cascade) return "idx\tlabel\tpredict\tradius\tcorrect\ttime\tcertified_by";
  if (kind == Kind::verify) return "idx\tlabel\tpredict\tradius\tcorrect\ttime";
  if (kind == Kind::attack) {
    return "idx\tlabel\tpredict\tdistance\tsuccess\tcorrect\ttime\tattacked\tbudget\tn\tcount\trunner_up\trunner_up_count\tcounts";
  }
  return fmt::format("idx\tlabel\tpredict\tradius\tcorrect\ttime\tp_lower\tn\tcount\trunner_up\trunner_up_count\tselection\t{}counts",
                     kind == Kind::staged ? "looks\t" : "");
}

std::string to_line(const Record& r, Kind kind) {
  const bool certify = kind != Kind::predict;
  const std::string radius = certify ? stats::format_rounded_down(r.radius, radius_decimals) + "\t" : "";
  const std::string p_lower = certify ? stats::format_rounded_down(r.p_lower.value_or(0), probability_decimals) + "\t" : "";
  if (kind == Kind::verify || kind == Kind::cascade) {
    return fmt::format("{}\t{}\t{}\t{}{}\t{}{}", r.index, r.label, r.predict.value_or(-1), radius, r.correct ? 1 : 0, time_text(r.seconds),
                       kind == Kind::cascade ? fmt::format("\t{}", r.certified_by) : "");
  }
  if (kind == Kind::attack) {
    return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}", r.index, r.label, r.predict.value_or(-1), r.distance,
                       r.success ? 1 : 0, r.correct ? 1 : 0, time_text(r.seconds), r.attacked, r.budget, r.samples, r.count,
                       class_text(r.runner_up, r.counts.size()), r.runner_up_count, votes_text(r.counts));
  }
  const std::string looks = kind == Kind::staged ? looks_text(r.looks) + "\t" : "";
  return fmt::format("{}\t{}\t{}\t{}{}\t{}\t{}{}\t{}\t{}\t{}\t{}{}{}", r.index, r.label, r.predict.value_or(-1), radius, r.correct ? 1 : 0,
                     time_text(r.seconds), p_lower, r.samples, r.count, class_text(r.runner_up, r.counts.size()), r.runner_up_count,
                     certify ? votes_text(r.selection) + "\t" : "", looks, votes_text(r.counts));
}

Columns parse_header(const std::string& line) {
  Columns columns{split(line, '\t'), Kind::certify};
  const auto has = [&](std::string_view name) { return std::count(columns.names.begin(), columns.names.end(), name) > 0; };
  for (const std::string_view name : {"idx", "label", "predict", "correct"}) {
    require(has(name), fmt::format("the header has no column '{}': not a log of certify or predict", name));
  }
  columns.kind = has("distance")       ? Kind::attack
                 : !has("radius")      ? Kind::predict
                 : has("looks")        ? Kind::staged
                 : has("certified_by") ? Kind::cascade
                                       : Kind::certify;  // of verify only the manifest tells
  return columns;
}

Record parse_line(const std::string& line, const Columns& columns) {
  const auto cells = split(line, '\t');
  require(cells.size() == columns.names.size(), fmt::format("{} columns where the header has {}", cells.size(), columns.names.size()));
  Record record;
  bool runner_up_is_nan = false;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string &name = columns.names[i], &cell = cells[i];
    if (name == "idx") record.index = number<std::uint64_t>(cell, name);
    else if (name == "label") record.label = number<Label>(cell, name);
    else if (name == "predict") {
      if (const auto label = number<Label>(cell, name); label >= 0) record.predict = label;
      else require(label == -1, fmt::format("column predict holds {}; a class or -1 is needed", label));
    } else if (name == "radius") {
      record.radius = finite(cell, name);
      require(record.radius >= 0, fmt::format("column radius holds {}", cell));
    } else if (name == "correct") {
      record.correct = yes_or_no(cell, name);
    } else if (name == "success") {
      record.success = yes_or_no(cell, name);
    } else if (name == "certified_by") {
      record.certified_by = number<std::uint32_t>(cell, name);
    } else if (name == "attacked") {
      record.attacked = number<Label>(cell, name);
      require(record.attacked >= 0, fmt::format("column attacked holds {}; a class is needed", cell));
    } else if (name == "distance" || name == "budget") {
      const double length = finite(cell, name);
      require(length >= 0, fmt::format("column {} holds {}", name, cell));
      (name == "budget" ? record.budget : record.distance) = length;
    } else if (name == "time") record.seconds = seconds_from(cell);
    else if (name == "p_lower") record.p_lower = finite(cell, name);
    else if (name == "n") record.samples = number<std::uint64_t>(cell, name);
    else if (name == "count") record.count = number<std::uint64_t>(cell, name);
    else if (name == "runner_up") runner_up_is_nan = cell == "nan", record.runner_up = runner_up_is_nan ? 0 : number<Label>(cell, name);
    else if (name == "runner_up_count") record.runner_up_count = number<std::uint64_t>(cell, name);
    else if (name == "selection") record.selection = votes_from(cell, name);
    else if (name == "looks") record.looks = looks_from(cell);
    else if (name == "counts") record.counts = votes_from(cell, name);
  }
  if (runner_up_is_nan) record.runner_up = static_cast<Label>(record.counts.size()) - 1;
  return record;
}

}  // namespace ballast::log
