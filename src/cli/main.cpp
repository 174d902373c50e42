// SPDX-License-Identifier: Apache-2.0

#include <execinfo.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "job.hpp"
#include "program.hpp"

namespace {

// Were stdout or stderr closed, the next file opened would take its number, and what is printed would land in a log.
void occupy_standard_streams() {
  int descriptor = open("/dev/null", O_RDWR);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO) descriptor = dup(descriptor);
  if (descriptor > STDERR_FILENO) close(descriptor);
}

// The C library loads its unwinder the first time that an exception passes through a frame of its own, and ends the program where it
// cannot. An exception may say that there is no memory, so: now.
void link_unwinder() {
  void* frame = nullptr;
  backtrace(&frame, 1);
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  link_unwinder();
  const ballast::cli::Ending ending = ballast::cli::run_program(argc, argv);
  if (!ending.line.empty()) ballast::cli::fail_together(ending.status, ending.line);
  if (!ending.hint.empty()) std::fputs(fmt::format("{}\n", ending.hint).c_str(), stderr);
  ballast::cli::leave_job();
  return ending.status;
}
