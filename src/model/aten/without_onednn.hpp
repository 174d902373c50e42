// SPDX-License-Identifier: Apache-2.0
//
// Included where ATen convolves: from version 2 on LibTorch has oneDNN 3 do it, whose weights go to wrong places where channels fill no
// whole blocks (see ../onednn/primitives.hpp), and no error says so. ATen's own kernels do it there.

#pragma once

#include <ATen/Context.h>
#include <torch/csrc/api/include/torch/version.h>

#include <string>

namespace ballast::model {

inline const bool aten_is_without_onednn = [] {
  constexpr bool has_onednn_3 = TORCH_VERSION_MAJOR >= 2;
  if (has_onednn_3) at::globalContext().setUserEnabledMkldnn(false);
  return has_onednn_3;
}();

// For the manifest: a log whose rows were scored by oneDNN is not continued without it.
inline std::string aten_version() { return std::string(TORCH_VERSION) + (aten_is_without_onednn ? ", without oneDNN" : ""); }

}  // namespace ballast::model
