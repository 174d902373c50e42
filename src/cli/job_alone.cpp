// SPDX-License-Identifier: Apache-2.0
//
// The build without MPI.

#include <cstdlib>
#include <string>

#include "ballast/core/errors.hpp"
#include "job.hpp"

namespace ballast::cli {

std::unique_ptr<run::ProcessGroup> join_mpi() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* size = std::getenv(name);
    require(!size || std::string(size) == "1",
            "this build has no MPI, so each of these processes would do all of the work: configure with -DBALLAST_MPI=ON, or use --shard");
  }
  return {};
}

void abort_mpi(int status) { std::_Exit(status); }

}  // namespace ballast::cli
