// SPDX-License-Identifier: Apache-2.0
//
// How wrong input is reported.

#pragma once

#include <stdexcept>
#include <string>

namespace ballast {

// The caller's argument or input cannot be used. The message is one line that
// says what was wrong, where, and what is allowed. The command line turns it
// into exit status 2; every other exception is a failed run, exit status 1.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws InputError(message) unless the condition holds.
void require(bool condition, const std::string& message);

}  // namespace ballast
