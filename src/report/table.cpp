// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/report/images.hpp"
#include "ballast/report/tested.hpp"
#include "ballast/stats/round_down.hpp"

namespace ballast::report {
namespace {

std::string escaped(const std::string& text, const std::map<char, std::string>& replacements) {
  std::string result;
  for (const char c : text) {
    const auto found = replacements.find(c);
    result += found == replacements.end() ? std::string(1, c) : found->second;
  }
  return result;
}

std::string markdown_text(const std::string& text) {
  return escaped(text, {{'|', "\\|"}, {'<', "&lt;"}, {'>', "&gt;"}, {'*', "\\*"}, {'_', "\\_"}, {'`', "\\`"}, {'[', "\\["}, {'\n', " "}});
}

std::string with(std::string text, std::string_view searched, std::string_view replacement) {
  for (std::size_t at = text.find(searched); at != std::string::npos; at = text.find(searched, at + replacement.size()))
    text.replace(at, searched.size(), replacement);
  return text;
}

std::string latex_text(const std::string& text) {
  const std::string plain = escaped(text, {{'&', "\\&"},
                                           {'%', "\\%"},
                                           {'$', "\\$"},
                                           {'#', "\\#"},
                                           {'_', "\\_"},
                                           {'{', "\\{"},
                                           {'}', "\\}"},
                                           {'~', "\\textasciitilde{}"},
                                           {'^', "\\textasciicircum{}"},
                                           {'\\', "\\textbackslash{}"},
                                           {'\n', " "}});
  return with(with(plain, not_tested, "--"), beyond_proof, "$^\\dagger$");
}

// A spreadsheet takes a cell that begins so for a formula, unless it is a number; behind an apostrophe it is a text.
bool would_be_computed(const std::string& text) {
  if (text.empty() || std::string_view("=+-@\t\r").find(text.front()) == std::string_view::npos) return false;
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, value);
  return error != std::errc{} || read_to != end;
}

std::string csv_text(const std::string& cell) {
  const std::string text = would_be_computed(cell) && cell != "-" ? "'" + cell : cell;
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return "\"" + escaped(text, {{'"', "\"\""}}) + "\"";
}

// One line of cells between separators.
std::string line_of(const std::vector<Cell>& cells, const std::string& begin, const std::string& between, const std::string& end,
                    const std::function<std::string(const Cell&)>& text) {
  std::string line = begin;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i ? between : "") + text(cells[i]);
  return line + end;
}

std::vector<Cell> header_cells(const std::vector<std::string>& header) {
  std::vector<Cell> cells;
  for (const std::string& name : header) cells.push_back({name});
  return cells;
}

bool is_number(const std::string& text) { return !text.empty() && text != "-" && text != not_tested; }

// Marks the largest numbers of each column from `first` on.
void mark_best(Table& table, std::size_t first) {
  for (std::size_t column = first; column < table.header.size(); ++column) {
    double best = -1;
    const auto value = [&](const std::vector<Cell>& row) { return is_number(row[column].text) ? std::stod(row[column].text) : -1; };
    for (const auto& row : table.rows) best = std::max(best, value(row));
    for (auto& row : table.rows) row[column].best = table.rows.size() > 1 && best > 0 && value(row) == best;
  }
}

std::vector<std::string> header_with(std::span<const double> radii) {
  std::vector<std::string> header{"log", "noise"};
  for (const double radius : radii) header.push_back(fmt::format("{}", radius));
  return header;
}

Cell accuracy_cell(const Source& source, double radius) {
  return {accuracy_text(source, radius), false, is_beyond_proof(source, radius) ? beyond_proof : ""};
}

// What a cell's dash and mark mean, where there is one.
std::string explained(const Table& table) {
  bool untested = false, beyond = false;
  for (const auto& row : table.rows) {
    for (const Cell& cell : row) untested |= cell.text == not_tested, beyond |= *cell.mark != '\0';
  }
  return (untested ? fmt::format(" {} Not tested.", not_tested) : "") +
         (beyond ? fmt::format(" {} Above the largest radius that this log can prove.", beyond_proof) : "");
}

// What the rows are of: in the caption, and in CSV in columns.
void add_subject(Table& table, std::span<const Source> sources) {
  const std::string subject = subject_of(sources);
  if (!subject.empty()) table.caption += " " + subject + ".";
  table.more_header = {"data", "images", "model", "largest provable radius"};
  for (const Source& source : sources) {
    const auto largest = source.settings ? largest_radius(source) : std::nullopt;
    table.more_rows.push_back({{data_text(source)},
                               {fmt::format("{}", source.log.rows.size())},
                               {model_text(source)},
                               {largest ? fmt::format("{}", *largest) : ""}});
  }
}

// A row for each log that begins with its name and its noise.
template <typename AddCells>
void add_rows(Table& table, std::span<const Source> sources, const AddCells& add_cells) {
  const auto names = names_of(sources);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string scale = scale_text(sources[i]);
    std::vector<Cell> cells{{names[i]}, {scale.empty() ? "-" : scale}};
    add_cells(sources[i], cells);
    table.rows.push_back(std::move(cells));
  }
}

}  // namespace

std::string to_markdown(const Table& table) {
  const auto text = [](const Cell& cell) {
    return (cell.best ? "**" + markdown_text(cell.text) + "**" : markdown_text(cell.text)) + cell.mark;
  };
  std::string result = table.caption + "\n\n" + line_of(header_cells(table.header), "| ", " | ", " |\n", text) + "|";
  for (std::size_t i = 0; i < table.header.size(); ++i) result += i < 2 ? "---|" : "---:|";
  result += "\n";
  for (const auto& row : table.rows) result += line_of(row, "| ", " | ", " |\n", text);
  return result;
}

std::string to_latex(const Table& table) {
  const auto text = [](const Cell& cell) {
    return (cell.best ? "\\textbf{" + latex_text(cell.text) + "}" : latex_text(cell.text)) + (*cell.mark ? "$^\\dagger$" : "");
  };
  std::string result = "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{" + latex_text(table.caption) +
                       "}\n\\begin{tabular}{ll" + std::string(table.header.size() - 2, 'r') + "}\n\\toprule\n" +
                       line_of(header_cells(table.header), "", " & ", " \\\\\n", text) + "\\midrule\n";
  for (const auto& row : table.rows) result += line_of(row, "", " & ", " \\\\\n", text);
  return result + "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
}

std::string to_csv(const Table& table) {
  const auto text = [](const Cell& cell) { return csv_text(cell.text); };
  const bool has_more = !table.more_header.empty();
  const std::string end = has_more ? "," : "\r\n";
  std::string result = line_of(header_cells(table.header), "", ",", end, text);
  if (has_more) result += line_of(header_cells(table.more_header), "", ",", "\r\n", text);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    result += line_of(table.rows[i], "", ",", end, text);
    if (has_more) result += line_of(table.more_rows[i], "", ",", "\r\n", text);
  }
  return result;
}

Table accuracy_table(std::span<const Source> sources, std::span<const double> radii) {
  Table table{"Certified accuracy by radius.", header_with(radii), {}};
  add_rows(table, sources, [&](const Source& source, std::vector<Cell>& cells) {
    for (const double radius : radii) cells.push_back(accuracy_cell(source, radius));
  });
  mark_best(table, 2);
  add_subject(table, sources);
  table.caption += explained(table);
  return table;
}

Table comparison_table(std::span<const Source> sources, std::span<const double> radii) {
  const auto wrong_at_most = [&] {
    double alpha = 0;
    for (const Source& source : sources) alpha = std::max(alpha, alpha_of(source, {}).value_or(0));
    return alpha;
  }();
  const std::string chance = wrong_at_most > 0 ? fmt::format(
                                                     " A certificate by smoothing is wrong with probability at most {}; one by a "
                                                     "bound on the network has no such chance.",
                                                     wrong_at_most)
                                               : "";
  std::string looser;
  for (const Source& source : sources) {
    if (source.log.columns.kind == log::Kind::cascade)
      looser +=
          fmt::format(" {}: cascade accuracy of Wong et al., not a certificate: {:.4f}.", source.title, cascade_accuracy(source.log.rows));
  }
  Table table{fmt::format("Certified accuracy by {} radius (pixels in [0, 1]).{}{}", sources.empty() ? "l2" : norm_of(sources.front()),
                          chance, looser),
              {"method", "how", "images", "seconds an image"},
              {}};
  for (const double radius : radii) table.header.push_back(fmt::format("{}", radius));
  add_rows(table, sources, [&](const Source& source, std::vector<Cell>& cells) {
    const auto& rows = source.log.rows;
    double seconds = 0;
    for (const log::Record& row : rows) seconds += row.seconds;
    cells.push_back({fmt::format("{}", rows.size())});
    cells.push_back({fmt::format("{:.3g}", seconds / static_cast<double>(rows.size()))});
    for (const double radius : radii) cells.push_back(accuracy_cell(source, radius));
  });
  mark_best(table, 4);
  add_subject(table, sources);
  table.caption += explained(table);
  return table;
}

Table bounds_table(std::span<const Source> sources, std::span<const double> radii, double AccuracyBounds::*bound,
                   std::optional<double> alpha, double rho) {
  Table table{fmt::format("Lower bounds of certified accuracy, each wrong with probability at most {}.", rho), header_with(radii), {}};
  add_rows(table, sources, [&](const Source& source, std::vector<Cell>& cells) {
    const auto confidence = confidence_of(source, alpha, rho);
    for (const double radius : radii) {
      Cell cell = accuracy_cell(source, radius);
      if (cell.text != not_tested)
        cell.text = confidence ? stats::format_rounded_down(accuracy_bounds(source, radius, *confidence).*bound, 4) : "-";
      cells.push_back(std::move(cell));
    }
  });
  mark_best(table, 2);
  add_subject(table, sources);
  table.caption += explained(table);
  return table;
}

GoldRates gold_rates(const Source& source, const Source& gold) {
  std::map<std::uint64_t, std::optional<Label>> answers;
  for (const log::Record& row : gold.log.rows) answers[row.index] = row.predict;
  std::array<std::size_t, 5> counts{};
  for (const log::Record& row : source.log.rows) {
    const auto found = answers.find(row.index);
    require(found != answers.end(), fmt::format("{}: image {} is not in the gold standard {}", source.file, row.index, gold.file));
    const bool right = row.predict == row.label, accurate = row.predict == found->second;
    ++counts[!row.predict ? 4 : (right ? 0u : 2u) + (accurate ? 0u : 1u)];
  }
  const auto share = [&](std::size_t count) { return static_cast<double>(count) / static_cast<double>(source.log.rows.size()); };
  return {share(counts[0]), share(counts[1]), share(counts[2]), share(counts[3]), share(counts[4])};
}

Table predict_table(std::span<const Source> sources, const Source& gold) {
  Table table{"PREDICT: is the answer correct (the label), and accurate (the smoothed classifier's own, by the gold standard)?",
              {"log", "noise", "correct, accurate", "correct, inaccurate", "wrong, accurate", "wrong, inaccurate", "abstained"},
              {}};
  add_rows(table, sources, [&](const Source& source, std::vector<Cell>& cells) {
    const GoldRates rates = gold_rates(source, gold);
    for (const double rate :
         {rates.correct_accurate, rates.correct_inaccurate, rates.wrong_accurate, rates.wrong_inaccurate, rates.abstained})
      cells.push_back({fmt::format("{:.4f}", rate)});
  });
  return table;
}

Table predict_table(std::span<const Source> sources) {
  Table table{"PREDICT: share of images by answer.", {"log", "noise", "correct", "wrong", "abstained"}, {}};
  add_rows(table, sources, [](const Source& source, std::vector<Cell>& cells) {
    const PredictRates rates = predict_rates(source.log.rows);
    for (const double rate : {rates.correct, rates.wrong, rates.abstained}) cells.push_back({fmt::format("{:.4f}", rate)});
  });
  return table;
}

std::vector<double> table_radii(std::span<const Source> sources) {
  const auto is_named = [](const Source& source) { return source.settings && procedure::is<procedure::NamedRadii>(*source.settings); };
  if (!sources.empty() && std::all_of(sources.begin(), sources.end(), is_named)) {
    std::set<double> named;
    for (const Source& source : sources) {
      const auto& radii = std::get<procedure::NamedRadii>(source.settings->method).radii;
      named.insert(radii.begin(), radii.end());
    }
    return {named.begin(), named.end()};
  }
  std::vector<log::Record> all;
  for (const Source& source : sources) all.insert(all.end(), source.log.rows.begin(), source.log.rows.end());
  return all.empty() ? std::vector<double>{0} : sensible_radii(all);
}

}  // namespace ballast::report
