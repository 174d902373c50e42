// SPDX-License-Identifier: Apache-2.0

#include "program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/printable.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "job.hpp"
#include "options.hpp"

namespace ballast::cli {
namespace {

// Errors stay on one line, whatever they quote.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return printable(text);
}

// mpirun would start every other command as many times over.
void require_shared_command(const CLI::App& program) {
  const auto* group = cli::job_group();
  if (!group || group->size() == 1) return;
  for (const CLI::App* command : program.get_subcommands()) {
    const std::string& name = command->get_name();
    require(name == "certify" || name == "predict" || name == "attack" || name == "verify",
            fmt::format("{} is not for several processes; mpirun shares out certify, predict, attack and verify", name));
  }
}

// How many letters are to be changed, left out or put in.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

// "; is --sigma meant?", of names as near as a slip of a finger.
std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  constexpr std::size_t most = 2;
  const std::string* nearest = nullptr;
  for (const std::string& name : names) {
    const bool begins = word.size() > 3 && name.starts_with(word);
    if (!begins && distance(word, name) > std::min(most, word.size() / 2)) continue;
    if (!nearest || distance(word, name) < distance(word, *nearest)) nearest = &name;
  }
  return nearest ? fmt::format("; is {} meant?", *nearest) : "";
}

// What is wrong with the first word that nothing took, in the order in which they were typed.
std::string unknown_word(const CLI::App& program, int argc, char** argv) {
  const auto left = program.remaining(true);
  std::string word = left.empty() ? "" : left.front();
  for (int i = argc - 1; i > 0; --i) {
    const std::string typed = argv[i];
    if (std::find(left.begin(), left.end(), typed) != left.end()) word = typed;
  }
  std::vector<std::string> names;
  const auto commands = program.get_subcommands();
  if (commands.empty()) {
    for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
    return fmt::format("there is no command '{}'{} (ballast --help lists them)", word, suggestion(word, names));
  }
  const std::string& command = commands.front()->get_name();
  if (!word.starts_with('-')) return fmt::format("{}: '{}' is one argument too many (ballast {} --help)", command, word, command);
  for (const CLI::Option* option : commands.front()->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string option = word.substr(0, word.find('='));
  return fmt::format("{}: there is no option {}{} (ballast {} --help)", command, option, suggestion(option, names), command);
}

// The command whose words were read last.
const CLI::App& innermost(const CLI::App& program) {
  const auto commands = program.get_subcommands();
  return commands.empty() ? program : innermost(*commands.back());
}

Ending ended_by(const std::string& message, int status, const std::string& hint = "") {
  return {status, message.empty() ? "an error that says nothing of itself" : one_line(message), hint};
}

Ending unwritten() { return ended_by("standard output could not be written (is the disk full?)", 1); }

enum class Extent { words, everything };

Ending ending_of(int argc, char** argv, Extent extent) {
  struct WordsAreRight {};
  CLI::App program{"Ballast: proves how far an image may be perturbed before a classifier's answer can change.", "ballast"};
  program.set_version_flag("--version", BALLAST_VERSION);
  program.require_subcommand(0, 1);
  program.parse_complete_callback([&] {  // the subcommand would follow
    if (extent == Extent::words) throw WordsAreRight{};
    require_shared_command(program);
  });
  program.formatter(help_format());
  int status = 0;
  add_certify(program);
  add_predict(program);
  add_evaluate(program);
  add_attack(program);
  add_plan(program);
  add_recertify(program);
  add_merge(program);
  add_audit(program, status);
  add_summary(program);
  add_report(program);
  add_compare(program);
  add_gallery(program);
  add_figure(program);
  add_verify(program);
  add_train(program);
  add_compose(program);
  add_inspect(program);
  add_bench(program);
  add_serve(program);
  add_selftest(program, status);
  add_bounds(program);
  add_document(program);
  add_examples(program, {"ballast certify model.onnx fashion-mnist log.tsv --sigma 0.25", "ballast report log.tsv --out report",
                         "ballast certify --help"});
  require_plain_numbers(program);
  take_lists_in_one_word(program);
  try {
    if (extent == Extent::everything) join_job();
    program.parse(argc, argv);
    if (program.get_subcommands().empty()) return ended_by("a subcommand is missing (ballast --help lists them)", 2);
    if (std::fflush(stdout) != 0) return unwritten();
    return {status};
  } catch (const WordsAreRight&) {
    return {};
  } catch (const QuietExit& dismissed) {
    return {dismissed.status};
  } catch (const CLI::Success& asked) {  // for help or the version
    status = program.exit(asked);
    return std::cout.flush() ? Ending{status} : unwritten();
  } catch (const CLI::ExtrasError&) {
    return ended_by(unknown_word(program, argc, argv), 2);
  } catch (const CLI::RequiredError& error) {
    return ended_by(fmt::format("{}; usage: {}", error.what(), usage(innermost(program))), 2);
  } catch (const CLI::ParseError& error) {
    return ended_by(fmt::format("{} ({} --help)", error.what(), path_of(innermost(program))), 2);
  } catch (const InputError& error) {
    return ended_by(error.what(), 2, error.hint());
  } catch (const std::filesystem::filesystem_error& error) {
    return ended_by(fmt::format("{}: {}", error.path1().string(), error.code().message()), 1);
  } catch (const std::system_error& error) {
    const bool no_thread = error.code() == std::errc::resource_unavailable_try_again;
    return ended_by(no_thread ? "no more threads can be started: memory or processes are used up" : error.what(), 1);
  } catch (const std::bad_alloc&) {
    return ended_by("out of memory", 1);
  } catch (const std::exception& error) {
    return ended_by(error.what(), 1);
  }
}

}  // namespace

Ending run_program(int argc, char** argv) { return ending_of(argc, argv, Extent::everything); }

Ending read_words(int argc, char** argv) { return ending_of(argc, argv, Extent::words); }

}  // namespace ballast::cli
