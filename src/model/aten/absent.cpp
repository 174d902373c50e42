// SPDX-License-Identifier: Apache-2.0
//
// Stands for the ATen engine in a build without LibTorch.

#include <fmt/format.h>

#include "../prepared.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::model {

bool has_aten() { return false; }

std::unique_ptr<Classifier> aten_classifier(Prepared, const ModelOptions& options) {
  const bool on_device = options.device != "cpu";
  throw InputError(fmt::format("{} {}: this build has no LibTorch; build with -DBALLAST_TORCH=ON, or use --{}",
                               on_device ? "device" : "engine", on_device ? options.device : "aten",
                               on_device ? "device cpu" : "engine onednn"));
}

// A file of TorchScript is one that nothing here reads.
bool is_torchscript(const std::filesystem::path&) { return false; }
LoadedClassifier load_torchscript(const std::filesystem::path& file, const ModelOptions&) {
  throw InputError(fmt::format("{}: this build has no LibTorch, which runs TorchScript", file.string()));
}

}  // namespace ballast::model
