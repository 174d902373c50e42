// SPDX-License-Identifier: Apache-2.0
//
// How wrong input is reported.

#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace ballast {

// The caller's argument or input cannot be used. The message is one line that
// says what was wrong, where, and what is allowed. The command line turns it
// into exit status 2; every other exception is a failed run, exit status 1.
class InputError : public std::runtime_error {
 public:
  explicit InputError(const std::string& message, std::string hint = "") : std::runtime_error(message), hint_(std::move(hint)) {}

  // Lines that help to mend it, to be shown below the message; empty as a rule.
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

// Throws InputError(message) unless the condition holds.
void require(bool condition, const std::string& message);

}  // namespace ballast
