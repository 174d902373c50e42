// SPDX-License-Identifier: Apache-2.0
//
// Stands for `ballast train` in a build without LibTorch.

#include "ballast/core/errors.hpp"
#include "commands.hpp"

namespace ballast::cli {

void add_train(CLI::App& program) {
  auto& command = *program.add_subcommand("train", "Train a network under noise (not in this build: it has no LibTorch)");
  command.allow_extras();
  command.callback([] { throw InputError("train: this build has no LibTorch; build with -DBALLAST_TORCH=ON"); });
}

}  // namespace ballast::cli
