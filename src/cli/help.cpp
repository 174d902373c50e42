// SPDX-License-Identifier: Apache-2.0

#include "help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast::cli {
namespace {

constexpr std::size_t columns = 79, text_column = 26;

// In lines up to the last column, the first of which begins where something stands already.
std::string wrapped(const std::string& text, std::size_t begun, std::size_t indent) {
  std::string result;
  std::size_t at = begun;
  bool first = true;
  for (const std::string& word : CLI::detail::split(text, ' ')) {
    if (word.empty()) continue;
    if (!first && at + 1 + word.size() > columns) {
      result += "\n" + std::string(indent, ' ');
      at = indent;
      first = true;
    }
    result += (first ? "" : " ") + word;
    at += word.size() + (first ? 0 : 1);
    first = false;
  }
  return result + "\n";
}

std::string row(const std::string& left, const std::string& text) {
  const std::string begin = "  " + left;
  if (begin.size() + 2 > text_column) return begin + "\n" + std::string(text_column, ' ') + wrapped(text, text_column, text_column);
  return begin + std::string(text_column - begin.size(), ' ') + wrapped(text, text_column, text_column);
}

// "--split": long names, and short ones before them.
std::string shown_flags(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// "test|train", where it fits beside the name.
std::string short_choice(const CLI::Option& option) {
  const std::string choice = fmt::format("{}", fmt::join(choices_of(option), "|"));
  return choice.empty() || option.get_positional() || shown_flags(option).size() + choice.size() + 5 > text_column ? "" : choice;
}

std::string value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  if (const std::string choice = short_choice(option); !choice.empty()) return choice;
  const std::string type = option.get_type_name();
  std::string word = type.substr(0, type.find_first_of(": "));
  if (type.find(":FILE") != std::string::npos) word = "FILE";
  if (word == "FLOAT") word = "NUMBER";
  if (word == "UINT" || word == "INT") word = "N";
  return option.get_delimiter() == '\0' ? word : word + ",...";
}

std::string names_of(const CLI::Option& option) {
  const std::string value = value_of(option);
  return fmt::format("{}{}{}", shown_flags(option), value.empty() ? "" : " ", value);
}

// Its description, the values that it may have and the one that it has, as far as the description does not say them.
std::string text_of(const CLI::Option& option) {
  std::string text = option.get_description();
  std::vector<std::string> unsaid;
  if (short_choice(option).empty()) unsaid = choices_of(option);
  if (std::all_of(unsaid.begin(), unsaid.end(), [&](const std::string& choice) { return text.find(choice) != std::string::npos; }))
    unsaid.clear();
  if (!unsaid.empty()) text += fmt::format(": {}", fmt::join(unsaid, ", "));
  std::string otherwise = option.get_default_str();
  if (otherwise.starts_with('[') && otherwise.ends_with(']')) otherwise = otherwise.substr(1, otherwise.size() - 2);
  if (!otherwise.empty() && otherwise != "\"\"" && text.find("default") == std::string::npos)
    text += fmt::format(" (default: {})", otherwise);
  if (option.get_required() && !option.get_positional()) text += " (required)";
  return text;
}

std::string positional(const CLI::Option& option) {
  const std::string name = option.get_name(true) + (option.get_items_expected_max() > 1 ? "..." : "");
  return option.get_required() ? name : "[" + name + "]";
}

std::vector<const CLI::Option*> shown_options(const CLI::App& command) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_group().empty() && option != command.get_help_ptr()) options.push_back(option);
  }
  return options;
}

std::vector<std::string> headings_of(const CLI::App& command) {
  using namespace heading;
  std::vector<std::string> headings;
  for (const CLI::Option* option : shown_options(command)) {
    const std::string& group = option->get_group();
    if (!option->get_positional() && std::find(headings.begin(), headings.end(), group) == headings.end()) headings.push_back(group);
  }
  constexpr std::array<std::string_view, 8> order{model, asked, data, files, noise, statistics, range, running};
  std::stable_sort(headings.begin(), headings.end(), [&](const std::string& a, const std::string& b) {
    return std::find(order.begin(), order.end(), a) < std::find(order.begin(), order.end(), b);
  });
  return headings;
}

std::string commands_text(const CLI::App& program) {
  std::string text;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
    text += row(command->get_name(), command->get_description());
  return text.empty() ? "" : "\nCommands\n" + text;
}

class Help : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* command, std::string, CLI::AppFormatMode) const override {
    std::string text = wrapped("usage: " + usage(*command), 0, 7) + "\n" + wrapped(command->get_description(), 0, 0);
    std::string positionals;
    for (const CLI::Option* option : shown_options(*command)) {
      if (option->get_positional()) positionals += row(positional(*option), text_of(*option));
    }
    if (!positionals.empty()) text += "\n" + positionals;
    for (const std::string& name : headings_of(*command)) {
      text += "\n" + name + "\n";
      for (const CLI::Option* option : shown_options(*command)) {
        if (!option->get_positional() && option->get_group() == name) text += row(names_of(*option), text_of(*option));
      }
    }
    text += commands_text(*command);
    return command->get_footer().empty() ? text : text + "\n" + command->get_footer();
  }
};

}  // namespace

std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto begin = type.find('{'), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  return CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',');
}

void add_examples(CLI::App& command, std::initializer_list<const char*> lines) {
  std::string text = lines.size() == 1 ? "Example\n" : "Examples\n";
  for (const char* line : lines) text += fmt::format("  {}\n", line);
  command.footer(text);
}

std::string path_of(const CLI::App& command) {
  return (command.get_parent() ? path_of(*command.get_parent()) + " " : "") + command.get_name();
}

std::string usage(const CLI::App& command) {
  const std::string path = path_of(command);
  const bool has_commands = !command.get_subcommands([](const CLI::App*) { return true; }).empty();
  if (has_commands && !command.get_parent()) return path + " COMMAND [ARGUMENTS]";
  std::string text = path;
  for (const CLI::Option* option : shown_options(command)) {
    if (option->get_positional()) text += " " + positional(*option);
  }
  for (const CLI::Option* option : shown_options(command)) {
    if (!option->get_positional() && option->get_required()) text += " " + names_of(*option);
  }
  return text + " [OPTIONS]";
}

std::shared_ptr<CLI::FormatterBase> help_format() { return std::make_shared<Help>(); }

}  // namespace ballast::cli
