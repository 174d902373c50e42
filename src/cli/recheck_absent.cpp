// SPDX-License-Identifier: Apache-2.0
//
// Stands for recheck.cpp in a build without LibTorch.

#include "recheck.hpp"

namespace ballast::cli {

std::string recheck_verified(log::Audit&, const ModelArguments&, const std::vector<std::string>&, std::unique_ptr<data::Dataset>&, int,
                             const std::vector<std::size_t>&, const std::function<void()>&) {
  return "this build has no LibTorch, which deterministic bounds need";
}

}  // namespace ballast::cli
