// SPDX-License-Identifier: Apache-2.0
//
// ballast document man|bash|zsh|fish: the manual page and shell completion, from the options themselves.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "commands.hpp"
#include "help.hpp"

namespace ballast::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  std::vector<const CLI::App*> commands;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
    commands.push_back(command);
  return commands;
}

// Those that a user sees: positionals, or options with dashes.
std::vector<const CLI::Option*> options_of(const CLI::App& command, bool positional) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() == positional && !option->get_group().empty()) options.push_back(option);
  }
  return options;
}

std::vector<std::string> flags_of(const CLI::Option& option) {
  std::vector<std::string> flags;
  for (const std::string& name : option.get_snames()) flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flags.push_back("--" + name);
  return flags;
}

std::vector<std::string> all_flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : options_of(command, false)) {
    for (const std::string& flag : flags_of(*option)) flags.push_back(flag);
  }
  return flags;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string roff(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') result += "\\e";
    else if (c == '-') result += "\\-";
    else if (c == '\'') result += "\\(aq";
    else result += c;
  }
  return !result.empty() && result.front() == '.' ? "\\&" + result : result;
}

std::string man_option(const CLI::Option& option) {
  const std::string name = option.get_positional() ? fmt::format("\\fI{}\\fR", roff(option.get_name(true)))
                                                   : fmt::format("\\fB{}\\fR", roff(fmt::format("{}", fmt::join(flags_of(option), ", "))));
  const auto choices = choices_of(option);
  std::string value;
  if (!option.get_positional() && takes_value(option))
    value =
        choices.empty() ? fmt::format(" \\fI{}\\fR", roff(option.get_type_name())) : " " + roff(fmt::format("{}", fmt::join(choices, "|")));
  const std::string otherwise = option.get_default_str().empty() ? "" : fmt::format(" (default: {})", option.get_default_str());
  return fmt::format(".TP\n{}{}\n{}\n", name, value, roff(option.get_description() + otherwise));
}

std::string man_command(const CLI::App& command) {
  std::string usage;
  for (const CLI::Option* option : options_of(command, true))
    usage += option->get_required() ? fmt::format(" \\fI{}\\fR", roff(option->get_name(true)))
                                    : fmt::format(" [\\fI{}\\fR]", roff(option->get_name(true)));
  std::string text = fmt::format(".SS ballast {}\n.B ballast {}\n[\\fIOPTIONS\\fR]{}\n.PP\n{}.\n", command.get_name(), command.get_name(),
                                 usage, roff(command.get_description()));
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : options_of(command, positional)) text += man_option(*option);
  }
  return command.get_footer().empty() ? text : text + ".PP\n.nf\n" + roff(command.get_footer()) + ".fi\n";
}

std::string man_page(const CLI::App& program) {
  std::string text = fmt::format(
      ".TH BALLAST 1 \"\" \"ballast {}\" \"User Commands\"\n.SH NAME\nballast \\- certified robustness by randomized smoothing\n.SH "
      "SYNOPSIS\n"
      ".B ballast\n\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n{}\n.PP\nPixels are in [0, 1] in every radius and sigma.\n.SH "
      "COMMANDS\n",
      BALLAST_VERSION, roff(program.get_description()));
  for (const CLI::App* command : commands_of(program)) text += man_command(*command);
  return text +
         ".SH EXIT STATUS\n0: done. 1: a run that failed, or findings of an audit. 2: a wrong argument or input, said in one line.\n"
         ".SH ENVIRONMENT\n.TP\n\\fBBALLAST_DATA\\fR\nfolder of the named data sets\n"
         ".SH FILES\n.TP\n\\fILOG\\fR, \\fILOG\\fR.json\nrows, one an image, and how they were made\n";
}

std::string bash_completion(const CLI::App& program) {
  std::vector<std::string> names;
  std::string cases, values;
  for (const CLI::App* command : commands_of(program)) {
    names.push_back(command->get_name());
    cases += fmt::format("    {}) options='{}' ;;\n", command->get_name(), fmt::join(all_flags_of(*command), " "));
    for (const CLI::Option* option : options_of(*command, false)) {
      if (const auto choices = choices_of(*option); !choices.empty())
        values += fmt::format("    '{} {}') COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n", command->get_name(),
                              fmt::join(flags_of(*option), fmt::format("'|'{} ", command->get_name())), fmt::join(choices, " "));
    }
  }
  return fmt::format(
      "# bash completion for ballast\n_ballast() {{\n  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} "
      "command=${{COMP_WORDS[1]}} options=\n  COMPREPLY=()\n  if [ \"$COMP_CWORD\" = 1 ]; then\n    COMPREPLY=($(compgen -W '{} --help "
      "--version' -- "
      "\"$word\"))\n    return\n  fi\n  case \"$command $before\" in\n{}  esac\n  case $command in\n{}  esac\n"
      "  [[ $word != -* ]] || COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n}}\ncomplete -o default -F _ballast ballast\n",
      fmt::join(names, " "), values, cases);
}

// Between single quotes of a shell, without what means something to zsh's _arguments.
std::string quoted(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') result += "'\\''";
    else if (c == '[' || c == ']' || c == ':') result += std::string("\\") + c;
    else result += c;
  }
  return result;
}

std::string zsh_completion(const CLI::App& program) {
  std::string names, cases;
  for (const CLI::App* command : commands_of(program)) {
    names += fmt::format("    '{}:{}'\n", command->get_name(), quoted(command->get_description()));
    cases += fmt::format("    {})\n      _arguments", command->get_name());
    for (const CLI::Option* option : options_of(*command, false)) {
      const auto choices = choices_of(*option);
      const std::string value = !takes_value(*option) ? ""
                                : choices.empty()     ? ":value:_files"
                                                      : fmt::format(":value:({})", fmt::join(choices, " "));
      for (const std::string& flag : flags_of(*option))
        cases += fmt::format(" \\\n        '{}[{}]{}'", flag, quoted(option->get_description()), value);
    }
    cases += " \\\n        '*:file:_files' ;;\n";
  }
  return fmt::format(
      "#compdef ballast\n_ballast() {{\n  local -a commands\n  commands=(\n{}  )\n  if (( CURRENT == 2 )); then\n    _describe command "
      "commands\n    "
      "return\n  fi\n  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n{}  esac\n}}\n_ballast \"$@\"\n",
      names, cases);
}

std::string fish_quoted(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string fish_completion(const CLI::App& program) {
  std::string text = "# fish completion for ballast\n";
  for (const CLI::App* command : commands_of(program)) {
    text += fmt::format("complete -c ballast -n __fish_use_subcommand -a {} -d '{}'\n", command->get_name(),
                        fish_quoted(command->get_description()));
    for (const CLI::Option* option : options_of(*command, false)) {
      std::string names;
      for (const std::string& name : option->get_snames()) names += " -s " + name;
      for (const std::string& name : option->get_lnames()) names += " -l " + name;
      const auto choices = choices_of(*option);
      const std::string value = !takes_value(*option) ? "" : choices.empty() ? " -r" : fmt::format(" -x -a '{}'", fmt::join(choices, " "));
      text += fmt::format("complete -c ballast -n '__fish_seen_subcommand_from {}'{}{} -d '{}'\n", command->get_name(), names, value,
                          fish_quoted(option->get_description()));
    }
  }
  return text;
}

}  // namespace

void add_document(CLI::App& program) {
  auto& command = *program.add_subcommand("document", "Print the manual page, or completion for a shell");
  auto what = std::make_shared<std::string>();
  command.add_option("WHAT", *what, "man, bash, zsh or fish")->required()->check(CLI::IsMember({"man", "bash", "zsh", "fish"}));
  add_examples(command, {"ballast document bash > ballast-completion.bash"});
  command.callback([what, &program] {
    const std::function<std::string(const CLI::App&)> text = *what == "man"    ? man_page
                                                             : *what == "bash" ? bash_completion
                                                             : *what == "zsh"  ? zsh_completion
                                                                               : fish_completion;
    fmt::print("{}", text(program));
  });
}

}  // namespace ballast::cli
