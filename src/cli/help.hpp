// SPDX-License-Identifier: Apache-2.0
//
// What a command says of itself: within 80 columns, its options under headings, examples behind.

#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace ballast::cli {

// Options that are added while it lives stand under this heading.
class Heading {
 public:
  Heading(CLI::App& command, const std::string& name) : command_(command) { command_.option_defaults()->group(name); }
  ~Heading() { command_.option_defaults()->group("Options"); }
  Heading(const Heading&) = delete;
  Heading& operator=(const Heading&) = delete;

 private:
  CLI::App& command_;
};

// In the order in which help shows them; others stand behind.
namespace heading {
inline constexpr const char *model = "Model", *asked = "A model that is asked", *data = "Data",
                            *files = "Images in files of their own (docs/data.md)", *noise = "Noise", *statistics = "Statistics",
                            *range = "Range", *running = "Running";
}

// Command lines that work as they stand, given the files that they name.
void add_examples(CLI::App& command, std::initializer_list<const char*> lines);

// "ballast certify".
std::string path_of(const CLI::App& command);

// "ballast certify MODEL DATA [LOG] [OPTIONS]".
std::string usage(const CLI::App& command);

// The values between the braces of "TEXT:{crown,wong}"; none where any value may be.
std::vector<std::string> choices_of(const CLI::Option& option);

// Of a program and its subcommands.
std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace ballast::cli
