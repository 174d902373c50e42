// SPDX-License-Identifier: Apache-2.0
//
// By seccomp of Linux, on x86-64 and 64-bit Arm.

#include "ballast/serve/confinement.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ballast::serve {
namespace {

#ifdef __x86_64__
constexpr std::uint32_t this_architecture = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t this_architecture = AUDIT_ARCH_AARCH64;
#endif

// What the calls of serving come to, by this C library and its neighbours; architectures do not all have each.
constexpr std::uint32_t serving[] = {
    // memory
    __NR_mmap,
    __NR_munmap,
    __NR_mremap,
    __NR_mprotect,
    __NR_madvise,
    __NR_brk,
    __NR_mlock,
    __NR_munlock,
    // threads
    __NR_clone,
    __NR_clone3,
    __NR_exit,
    __NR_exit_group,
    __NR_futex,
    __NR_set_robust_list,
    __NR_rseq,
    __NR_sched_yield,
    __NR_sched_getaffinity,
    __NR_getcpu,
    __NR_membarrier,
    __NR_gettid,
    __NR_getpid,
    // signals
    __NR_rt_sigaction,
    __NR_rt_sigprocmask,
    __NR_rt_sigreturn,
    __NR_sigaltstack,
    __NR_restart_syscall,
    // time, chance, and what the system says of itself
    __NR_clock_gettime,
    __NR_clock_getres,
    __NR_clock_nanosleep,
    __NR_nanosleep,
    __NR_gettimeofday,
    __NR_getrandom,
    __NR_uname,
    __NR_sysinfo,
    __NR_getrusage,
    __NR_times,
    // connections that come in
    __NR_accept,
    __NR_accept4,
    __NR_recvfrom,
    __NR_recvmsg,
    __NR_sendto,
    __NR_sendmsg,
    __NR_shutdown,
    __NR_getsockname,
    __NR_getpeername,
    __NR_getsockopt,
    __NR_setsockopt,
    __NR_epoll_create1,
    __NR_epoll_ctl,
    __NR_epoll_pwait,
    __NR_ppoll,
    __NR_pselect6,
    __NR_eventfd2,
    __NR_timerfd_create,
    __NR_timerfd_settime,
    __NR_timerfd_gettime,
    __NR_pipe2,
    __NR_fcntl,
    // files that are open
    __NR_read,
    __NR_readv,
    __NR_pread64,
    __NR_write,
    __NR_writev,
    __NR_pwrite64,
    __NR_lseek,
    __NR_fstat,
    __NR_newfstatat,
    __NR_ftruncate,
    __NR_fsync,
    __NR_fdatasync,
    __NR_flock,
    __NR_close,
    __NR_dup,
    __NR_dup3,
#ifdef __x86_64__
    __NR_arch_prctl,
    __NR_poll,
    __NR_select,
    __NR_epoll_wait,
    __NR_epoll_create,
    __NR_eventfd,
    __NR_pipe,
    __NR_dup2,
    __NR_time,
#endif
};

// Allowed with some values of one argument only.
struct Limited {
  std::uint32_t call;
  std::size_t argument;
  std::vector<std::uint32_t> values;
};

std::vector<Limited> limited() {
  const auto own = static_cast<std::uint32_t>(getpid());
  return {{__NR_ioctl, 1, {FIONBIO, FIONREAD, TCGETS}},  // not TIOCSTI, which types into the terminal
          {__NR_tgkill, 0, {own}},                       // abort
          {__NR_prlimit64, 0, {0, own}}};                // its own limits
}

// For each call: allowed if it is in the lists, else EPERM. A call of another architecture is in neither.
std::vector<sock_filter> filter() {
  std::vector<sock_filter> code;
  const auto add = [&](std::size_t operation, std::uint32_t value, std::uint8_t if_so = 0, std::uint8_t if_not = 0) {
    code.push_back({static_cast<std::uint16_t>(operation), if_so, if_not, value});
  };
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, this_architecture, 1, 0);
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (const Limited& some : limited()) {
    const std::size_t lower_half = offsetof(seccomp_data, args) + some.argument * sizeof(std::uint64_t);
    add(BPF_JMP | BPF_JEQ | BPF_K, some.call, 0, static_cast<std::uint8_t>(2 * some.values.size() + 2));
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(lower_half));
    for (const std::uint32_t value : some.values) {
      add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
      add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  }
  for (const std::uint32_t call : serving) {
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  return code;
}

}  // namespace

bool confine_to_serving() {
  std::vector<sock_filter> code = filter();
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

}  // namespace ballast::serve
