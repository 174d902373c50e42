// SPDX-License-Identifier: Apache-2.0
//
// The command line.

#include <algorithm>
#include <string>
#include <vector>

#include "program.hpp"
#include "readers.hpp"

namespace ballast::fuzz {

// A word a line, behind the program's name. No subcommand runs.
void read_command_line(Bytes input) {
  std::vector<std::string> words{"ballast"};
  for (auto at = input.begin(); at != input.end();) {
    const auto end = std::find(at, input.end(), '\n');
    words.emplace_back(at, std::find(at, end, '\0'));  // as far as the system would hand it over
    at = end == input.end() ? end : end + 1;
  }
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const cli::Ending ending = cli::read_words(static_cast<int>(words.size()), pointers.data());
  if (ending.status != 0 && ending.status != 2)
    throw std::logic_error("a command line ends with " + std::to_string(ending.status) + ": " + ending.line);
  if ((ending.status == 2) != !ending.line.empty()) throw std::logic_error("status and line do not agree: " + ending.line);
  if (ending.line.find('\n') != std::string::npos) throw std::logic_error("an error of several lines: " + ending.line);
}

}  // namespace ballast::fuzz
