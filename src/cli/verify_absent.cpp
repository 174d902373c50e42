// SPDX-License-Identifier: Apache-2.0
//
// Stands for `ballast verify` in a build without LibTorch.

#include "ballast/core/errors.hpp"
#include "commands.hpp"

namespace ballast::cli {

void add_verify(CLI::App& program) {
  auto& command =
      *program.add_subcommand("verify", "Certify the base classifier by a deterministic bound (not in this build: it has no LibTorch)");
  command.allow_extras();
  command.callback([] { throw InputError("verify: this build has no LibTorch; build with -DBALLAST_TORCH=ON"); });
}

}  // namespace ballast::cli
