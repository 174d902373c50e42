// SPDX-License-Identifier: Apache-2.0
//
// The program under test, run as its users run it.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace ballast::cli::testing {

using Arguments = std::vector<std::string>;

// How a run is started; what is left out is as in the tests' own process.
struct Surroundings {
  std::vector<std::pair<std::string, std::string>> environment;
  std::optional<rlim_t> largest_file;  // in bytes; writing more fails, without a signal
  std::string output;                  // existing file that stdout goes to; empty: captured
  std::string errors;                  // the same of stderr
  std::optional<int> closed;           // descriptor that is not open
};

struct Outcome {
  int status = -1;  // exit status; -1 if a signal ended it
  int signal = 0;   // the signal that did
  std::string out, err;
  double peak_mib = 0;  // largest resident size

  std::size_t error_lines() const {
    std::size_t lines = 0;
    for (const char c : err) lines += c == '\n';
    return lines;
  }
};

// Holds up to a mebibyte of a program's output, read when the program has ended.
class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_, O_CLOEXEC) != 0) throw std::runtime_error("no pipe for the program's output");
    fcntl(ends_[1], F_SETPIPE_SZ, 1 << 20);
  }
  ~Pipe() {
    close(ends_[0]);
    end_writing();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  void end_writing() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  std::string read_all() const {
    std::string text;
    char part[4096];
    for (ssize_t count; (count = read(ends_[0], part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(count));
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
};

// One run of the program, without a shell. A run that is still going when this object goes is killed.
class Process {
 public:
  explicit Process(Arguments arguments, const Surroundings& surroundings = {}) {
    arguments.insert(arguments.begin(), BALLAST_PROGRAM);
    std::vector<char*> words;
    for (std::string& word : arguments) words.push_back(word.data());
    words.push_back(nullptr);
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ == 0) become_program(words, surroundings);
    out_.end_writing();
    err_.end_writing();
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return pid_; }
  void send(int signal) const { ::kill(pid_, signal); }

  Outcome wait() {
    int state = 0;
    rusage usage{};
    wait4(pid_, &state, 0, &usage);
    pid_ = -1;
    Outcome outcome;
    if (WIFEXITED(state)) outcome.status = WEXITSTATUS(state);
    if (WIFSIGNALED(state)) outcome.signal = WTERMSIG(state);
    outcome.out = out_.read_all();
    outcome.err = err_.read_all();
    outcome.peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;
    return outcome;
  }

 private:
  [[noreturn]] void become_program(const std::vector<char*>& words, const Surroundings& surroundings) const {
    const auto place = [](const std::string& file, const Pipe& pipe) {
      return file.empty() ? pipe.writer() : open(file.c_str(), O_WRONLY | O_CLOEXEC);
    };
    dup2(place(surroundings.output, out_), STDOUT_FILENO);
    dup2(place(surroundings.errors, err_), STDERR_FILENO);
    if (surroundings.closed) close(*surroundings.closed);
#ifdef __SANITIZE_ADDRESS__
    // A confined server may not do what the search for leaks does at its end, and would wait for it.
    if (words[1] == std::string_view("serve")) setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
#endif
    for (const auto& [name, value] : surroundings.environment) setenv(name.c_str(), value.c_str(), 1);
    if (surroundings.largest_file) {
      const rlimit limit{*surroundings.largest_file, *surroundings.largest_file};
      setrlimit(RLIMIT_FSIZE, &limit);
      ::signal(SIGXFSZ, SIG_IGN);
    }
    execv(words[0], words.data());
    _exit(127);
  }

  Pipe out_, err_;
  pid_t pid_ = -1;
};

inline Outcome run(Arguments arguments, const Surroundings& surroundings = {}) {
  return Process(std::move(arguments), surroundings).wait();
}

// Waits until the condition holds; false if it does not within half a minute.
template <typename Condition>
bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline ::testing::AssertionResult succeeded(const Outcome& outcome) {
  if (outcome.status == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "exit status " << outcome.status << ", signal " << outcome.signal << ": " << outcome.err;
}

// It ended with this status and one line on stderr, which holds these words; stdout is empty.
inline ::testing::AssertionResult complained(const Outcome& outcome, int status, const std::string& words) {
  const bool one_line = outcome.error_lines() == 1 && outcome.err.starts_with("ballast: ") && outcome.err.back() == '\n';
  if (outcome.status == status && one_line && outcome.out.empty() && outcome.err.find(words) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "expected exit status " << status << " and one line with '" << words << "', but got "
                                       << outcome.status << " (signal " << outcome.signal << ") and:\n"
                                       << outcome.err << "and on stdout:\n"
                                       << outcome.out;
}

}  // namespace ballast::cli::testing
