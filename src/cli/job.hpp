// SPDX-License-Identifier: Apache-2.0
//
// The processes that mpirun has started with this one.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ballast/log/manifest.hpp"
#include "ballast/run/process_group.hpp"

namespace ballast::cli {

// Finds the other processes of the job, if there are any. Throws InputError where there are and this build has no MPI.
void join_job();
void leave_job();

// Null where this process is alone.
run::ProcessGroup* job_group();

// What ends a process that has nothing more to say, with this exit status.
struct QuietExit {
  int status = 0;
};

// Every process of the job comes here, or to fail_together(), before the images are shared out. Throws QuietExit where another has failed,
// and InputError where they would not make the same rows.
void begin_together(const log::Manifest& manifest, int micro_batch);
void end_together();

// Before begin_together: rank 0's number, for every process of the job; the own one where there is no job. Throws QuietExit where another
// has failed.
std::uint64_t of_rank_zero(std::uint64_t mine);

// Says an error once for all processes that have it, as `ballast: ...` on stderr. Does not return where others are at work: it ends the
// job.
void fail_together(int status, const std::string& message);

// A file for each build: the ranks of the MPI job, null for a process alone.
std::unique_ptr<run::ProcessGroup> join_mpi();
[[noreturn]] void abort_mpi(int status);

}  // namespace ballast::cli
