// SPDX-License-Identifier: Apache-2.0
//
// Stands for the ATen engine in a build without LibTorch.

#include "../prepared.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::model {

bool has_aten() { return false; }

std::unique_ptr<Classifier> aten_classifier(Prepared, Precision, int) {
  throw InputError("engine aten: this build has no LibTorch; build with -DBALLAST_TORCH=ON, or use --engine onednn");
}

}  // namespace ballast::model
