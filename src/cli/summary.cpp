// SPDX-License-Identifier: Apache-2.0
//
// ballast summary LOG...

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/stats/round_down.hpp"
#include "commands.hpp"

namespace ballast::cli {
namespace {

struct Arguments {
  std::vector<std::string> logs;
  std::vector<double> radii;
};

void summarise(const std::string& file, const std::vector<double>& radii) {
  const log::Log log = log::read_log(file);
  require(!log.rows.empty(), fmt::format("{}: has no rows yet", file));
  fmt::print("{}: {} images\n", file, log.rows.size());
  if (log.columns.kind == log::Kind::predict) {
    const auto rates = report::predict_rates(log.rows);
    fmt::print("correct {:.4f}, wrong {:.4f}, abstained {:.4f}\n", rates.correct, rates.wrong, rates.abstained);
    return;
  }
  fmt::print("{}average certified radius {}\n", report::accuracy_table(log.rows, radii.empty() ? report::sensible_radii(log.rows) : radii),
             stats::format_rounded_down(report::average_certified_radius(log.rows), 4));
}

}  // namespace

void add_summary(CLI::App& program) {
  auto& command = *program.add_subcommand("summary", "Print the certified accuracy that logs hold");
  auto arguments = std::make_shared<Arguments>();
  command.add_option("LOG", arguments->logs, "logs of certify or predict, ours or the reference implementation's")->required();
  command.add_option("--radii", arguments->radii, "radii of the table, e.g. 0,0.25,0.5 (default: quarter steps)")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  command.callback([arguments] {
    for (const std::string& file : arguments->logs) summarise(file, arguments->radii);
  });
}

}  // namespace ballast::cli
