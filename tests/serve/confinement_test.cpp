// SPDX-License-Identifier: Apache-2.0
//
// What a confined process can still do, and what it cannot.

#include "ballast/serve/confinement.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace ballast::serve::confinement_test {
namespace {

constexpr int not_here = 77;

// In a process of its own, which a thread was part of before it was confined: 0, or which step went wrong.
int in_confinement(const std::function<int(bool of_the_older_thread)>& steps) {
  const pid_t child = fork();
  if (child == 0) {
    std::atomic<bool> confined{false};
    std::atomic<int> wrong{0};
    std::thread older([&] {
      while (!confined) std::this_thread::yield();
      wrong = steps(true);
    });
    const bool there = confine_to_serving();
    confined = true;
    older.join();
    if (!there) _exit(not_here);
    const int also = steps(false);
    _exit(wrong != 0 ? wrong.load() : also);
  }
  int state = 0;
  waitpid(child, &state, 0);
  return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
}

bool refused(long result) { return result == -1 && errno == EPERM; }

TEST(Confinement, OpensNothingStartsNothingAndConnectsNowhere) {
  const int wrong = in_confinement([](bool) {
    if (!refused(open("/etc/hostname", O_RDONLY))) return 1;
    if (!refused(open("/tmp/ballast_confinement_test", O_WRONLY | O_CREAT, 0600))) return 2;
    if (!refused(socket(AF_INET, SOCK_STREAM, 0))) return 3;
    if (!refused(socket(AF_UNIX, SOCK_STREAM, 0))) return 4;
    char* const words[] = {const_cast<char*>("/bin/true"), nullptr};
    if (!refused(execv(words[0], words))) return 5;
    if (!refused(unlink("/tmp/ballast_confinement_test"))) return 6;
    if (!refused(rename("/tmp/ballast_confinement_test", "/tmp/ballast_confinement_test_2"))) return 7;
    if (!refused(kill(getppid(), 0))) return 8;
    if (!refused(chdir("/"))) return 9;
    if (!refused(syscall(SYS_tgkill, getppid(), getppid(), 0))) return 10;
    if (!refused(ioctl(STDERR_FILENO, FIOCLEX))) return 11;
    char typed = 'x';
    if (!refused(ioctl(STDERR_FILENO, TIOCSTI, &typed))) return 12;
    const rlimit none{0, 0};
    if (!refused(prlimit(getppid(), RLIMIT_CORE, &none, nullptr))) return 13;
    return 0;
  });
  if (wrong == not_here) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(wrong, 0);
}

TEST(Confinement, LeavesWhatIsOpenThreadsAndMemory) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const std::string name = (std::filesystem::temp_directory_path() / ("ballast_confinement_test_" + std::to_string(getpid()))).string();
  const int file = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  unlink(name.c_str());
  const int wrong = in_confinement([&](bool) {
    char byte = 'x';
    if (send(pair[0], &byte, 1, 0) != 1 || recv(pair[1], &byte, 1, 0) != 1) return 1;
    struct stat state {};
    if (write(file, "line\n", 5) != 5 || fstat(file, &state) != 0 || ftruncate(file, state.st_size - 5) != 0) return 2;
    const std::vector<char> much(std::size_t{64} << 20, 1);
    std::atomic<int> sum{0};
    std::thread younger([&] { sum = much.back(); });
    younger.join();
    if (sum != 1) return 3;
    int flag = 1;
    rlimit limit{};
    if (ioctl(pair[0], FIONBIO, &flag) != 0 || getrlimit(RLIMIT_STACK, &limit) != 0) return 4;
    return syscall(SYS_tgkill, getpid(), gettid(), 0) == 0 ? 0 : 5;
  });
  close(pair[0]);
  close(pair[1]);
  close(file);
  if (wrong == not_here) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace ballast::serve::confinement_test
