// SPDX-License-Identifier: Apache-2.0
//
// Whether wrong input is refused without taking much memory for it.

#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <new>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool has_own_memory = false;  // a sanitizer's memory is not the program's
#else
inline constexpr bool has_own_memory = true;
#endif

inline constexpr std::size_t allowed_mebibytes = 300;
inline constexpr rlim_t far_too_long = 20;  // seconds of a processor; only so that no test hangs

inline std::size_t address_space() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

template <typename Call>
std::string refusal_of(Call&& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return std::string("not an InputError: ") + error.what();
  }
  return "not refused";
}

// What the call refuses with, in a process of its own that may take 300 MiB more than this one.
template <typename Call>
std::string refusal_within_bounds(Call&& call) {
  if (!has_own_memory) return refusal_of(call);
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    const rlim_t most = address_space() + (allowed_mebibytes << 20);
    const rlimit memory{most, most}, time{far_too_long, far_too_long};
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CPU, &time);
    const std::string message = refusal_of(call).substr(0, 4096);
    _exit(write(ends[1], message.data(), message.size()) == static_cast<ssize_t>(message.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string message(4096, '\0');
  message.resize(static_cast<std::size_t>(std::max<ssize_t>(read(ends[0], message.data(), message.size()), 0)));
  close(ends[0]);
  int state = 0;
  waitpid(child, &state, 0);
  if (WIFSIGNALED(state)) return "ended by signal " + std::to_string(WTERMSIG(state));
  return message;
}

// Refused in one line that holds these words, within the bounds.
template <typename Call>
::testing::AssertionResult is_refused_within_bounds(Call&& call, const std::string& words) {
  const std::string message = refusal_within_bounds(call);
  if (message.find(words) != std::string::npos && message.find('\n') == std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "not one line with '" << words << "': " << message;
}

}  // namespace ballast::testing
