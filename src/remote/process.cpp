// SPDX-License-Identifier: Apache-2.0

#include "process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace ballast::remote {
namespace {

constexpr std::size_t most_early = 64 << 20;  // bytes of an answer that comes while images are still being sent

std::runtime_error failed(const char* what) { return std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno))); }

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw failed("no pipe for a command");
    read = ends[0], write = ends[1];
  }
};

// A write to a process that is gone is to be an error, not the end of this one: SIGPIPE is held back and taken away.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutSigpipe() {
    const int error = errno;
    const timespec now{};
    while (sigtimedwait(&pipe_, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t pipe_, before_;
};

pid_t spawn(const std::string& command, int input, int output) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string shell = "/bin/sh", option = "-c", text = command;
  const std::array<char*, 4> words{shell.data(), option.data(), text.data(), nullptr};
  pid_t pid = -1;
  errno = posix_spawn(&pid, "/bin/sh", &files, &attributes, words.data(), environ);
  const int error = errno;
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  errno = error;
  return error == 0 ? pid : -1;
}

}  // namespace

std::string Process::short_name(const std::string& command) {
  constexpr std::size_t enough = 60;
  std::string text = "exec:" + command.substr(0, enough);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return command.size() > enough ? text + "..." : text;
}

Process::Process(const std::string& command) : Answers(short_name(command)) {
  const Pipe to, back;
  pid_ = spawn(command, to.read, back.write);
  const int error = errno;
  close(to.read);
  close(back.write);
  input_ = to.write;
  from_ = back.read;
  if (pid_ < 0) {
    close(input_);
    close(from_);
    errno = error;
    throw failed("exec: the command could not be started");
  }
  fcntl(input_, F_SETFL, O_NONBLOCK);
  fcntl(from_, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
  close(input_);
  close(from_);
  if (pid_ < 0) return;
  constexpr int patience = 100;  // times 10 ms
  for (int i = 0; i < patience; ++i) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) {
      kill(-pid_, SIGKILL);  // what it has started and left
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::complain_of_end() {
  int status = 0;
  // Its output is closed; that it has ended may show a moment later.
  for (int i = 0; i < 20; ++i) {
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      kill(-pid_, SIGKILL);
      pid_ = -1;
      const std::string how = WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                                                  : fmt::format("ended with status {}", WEXITSTATUS(status));
      throw std::runtime_error(fmt::format("{} {} before it had answered", who_, how));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error(fmt::format("{} closed its output before it had answered", who_));
}

// Writes and reads what goes at once, waiting until something does. False where its output has ended.
bool Process::exchange(std::string_view& to_write, Clock::time_point deadline) {
  std::array<pollfd, 2> ends{pollfd{from_, POLLIN, 0}, pollfd{to_write.empty() ? -1 : input_, POLLOUT, 0}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  const int ready = poll(ends.data(), ends.size(), static_cast<int>(std::clamp<long long>(left, 0, 1'000'000'000)));
  if (ready < 0 && errno != EINTR) throw failed("exec: the command cannot be waited for");
  if (ready <= 0 && Clock::now() >= deadline) throw std::runtime_error(fmt::format("{} has not answered in time (--timeout)", who_));
  if (ready <= 0) return true;
  if (ends[1].revents != 0) {
    const WithoutSigpipe guard;
    const ssize_t written = ::write(input_, to_write.data(), to_write.size());
    if (written > 0) to_write.remove_prefix(static_cast<std::size_t>(written));
    else if (written < 0 && errno == EPIPE) complain_of_end();
    else if (written < 0 && errno != EAGAIN && errno != EINTR) throw failed("exec: the command cannot be written to");
  }
  if (ends[0].revents != 0) {
    std::array<std::uint8_t, 1 << 16> bytes;
    const ssize_t count = read(from_, bytes.data(), bytes.size());
    if (count > 0) output_.insert(output_.end(), bytes.begin(), bytes.begin() + count);
    if (!to_write.empty() && output_.size() > most_early)
      throw std::runtime_error(fmt::format("{} answered over {} MiB before it had read what it was asked", who_, most_early >> 20));
    if (count == 0) return false;
  }
  return true;
}

void Process::write(std::string_view head, std::span<const std::uint8_t> body, Clock::time_point deadline) {
  const std::string_view rest(reinterpret_cast<const char*>(body.data()), body.size());
  for (std::string_view part : {head, rest}) {
    while (!part.empty()) {
      if (!exchange(part, deadline)) complain_of_end();
    }
  }
}

void Process::wait_for_more(Clock::time_point deadline) {
  std::string_view nothing;
  const std::size_t before = output_.size();
  while (output_.size() == before) {
    if (!exchange(nothing, deadline)) complain_of_end();
  }
}

}  // namespace ballast::remote
