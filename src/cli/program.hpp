// SPDX-License-Identifier: Apache-2.0
//
// The program with all its subcommands: finds the one that is named, and turns
// errors into one line and an exit status.

#pragma once

#include <string>

namespace ballast::cli {

struct Ending {
  int status = 0;    // 0 done, 1 a run that failed, 2 a wrong argument or input
  std::string line;  // what was wrong, without "ballast: "; empty where nothing was
  std::string hint;  // lines that help to mend it, or empty
};

Ending run_program(int argc, char** argv);

// Whether the words are right, no subcommand being run: status 0 or 2.
Ending read_words(int argc, char** argv);

}  // namespace ballast::cli
