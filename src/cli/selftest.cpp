// SPDX-License-Identifier: Apache-2.0
//
// ballast selftest: whether everything does on this machine what it promises.

#include "ballast/selftest/selftest.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "ballast/core/errors.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;
using selftest::Finding;

struct SelfTestArguments {
  std::optional<std::uint64_t> seed;
  bool quick = false, json = false;
  int threads = 0;
};

OrderedJson json_of(const selftest::Report& report, const selftest::Options& options, double seconds) {
  OrderedJson findings = OrderedJson::array();
  for (const Finding& finding : report.findings) {
    OrderedJson entry{{"group", finding.group}, {"what", finding.what}, {"verdict", to_string(finding.verdict)}};
    entry["found"] = finding.found;
    entry["allowed"] = finding.allowed;
    for (const auto& [name, value] : finding.numbers) entry[name] = value;
    findings.push_back(std::move(entry));
  }
  return {{"holds", report.holds()}, {"seed", options.seed},       {"quick", options.quick}, {"false_alarm", report.false_alarm()},
          {"seconds", seconds},      {"version", BALLAST_VERSION}, {"findings", findings}};
}

void print(const selftest::Report& report, const selftest::Options& options, double seconds) {
  std::size_t what = 0, found = 0;
  for (const Finding& finding : report.findings) {
    what = std::max(what, finding.what.size());
    found = std::max(found, finding.found.size());
  }
  std::string group;
  for (const Finding& finding : report.findings) {
    if (finding.group != group) say("{}{}\n", group.empty() ? "" : "\n", finding.group);
    group = finding.group;
    say("  {:<7}  {:<{}}  {:<{}}  (allowed: {})\n", to_string(finding.verdict), finding.what, what, finding.found, found, finding.allowed);
  }
  const auto count = [&](Finding::Verdict verdict) {
    return std::count_if(report.findings.begin(), report.findings.end(), [&](const Finding& f) { return f.verdict == verdict; });
  };
  say("\n{} of {} checks hold", count(Finding::Verdict::holds), report.findings.size());
  if (const auto differ = count(Finding::Verdict::differs)) say(", {} differ from the recorded machine, which is allowed", differ);
  if (const auto fail = count(Finding::Verdict::fails)) say(", {} FAIL", fail);
  say(". Seed {}, {:.0f} s.\nWhere all is as it should be, chance alone makes any of them fail with probability at most {:.0e}.\n",
      options.seed, seconds, report.false_alarm());
}

int selftest_of(const SelfTestArguments& a) {
  require(a.threads >= 0, fmt::format("--threads {}: must be at least 0", a.threads));
  selftest::Options options;
  options.seed = a.seed.value_or(options.seed);
  options.quick = a.quick;
  options.threads = a.threads;
  const bool shows = isatty(STDERR_FILENO) == 1;
  const auto start = std::chrono::steady_clock::now();
  const auto report = selftest::run(options, [&](std::size_t done, std::size_t all) {
    if (!shows) return;
    const std::string text = done == all ? "" : fmt::format("{} of {}", done, all);
    std::fputs(fmt::format("\r{:<20}{}", text, done == all ? "\r" : "").c_str(), stderr);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (a.json) say("{}\n", json_of(report, options, seconds).dump(2));
  else print(report, options, seconds);
  return report.holds() ? 0 : 1;
}

}  // namespace

void add_selftest(CLI::App& program, int& status) {
  auto& command = *program.add_subcommand("selftest", "Try everything on this machine where the truth is known");
  auto a = std::make_shared<SelfTestArguments>();
  command.add_flag("--quick", a->quick, "some seconds instead of a minute or two, with a twentieth of the draws");
  command.add_option("--seed", a->seed, "other draws than the usual ones")->check(whole_number());
  command.add_option("--threads", a->threads, "0 is one a core")->capture_default_str();
  command.add_flag("--json", a->json, "print JSON");
  add_examples(command, {"ballast selftest --quick", "ballast selftest --quick --seed 7 --json"});
  command.callback([a, &status] { status = selftest_of(*a); });
}

}  // namespace ballast::cli
