// SPDX-License-Identifier: Apache-2.0
//
// Stands for `ballast attack` in a build without LibTorch.

#include "ballast/core/errors.hpp"
#include "commands.hpp"

namespace ballast::cli {

void add_attack(CLI::App& program) {
  auto& command = *program.add_subcommand("attack", "Attack images within a radius (not in this build: it has no LibTorch)");
  command.allow_extras();
  command.callback([] { throw InputError("attack: this build has no LibTorch; build with -DBALLAST_TORCH=ON"); });
}

}  // namespace ballast::cli
