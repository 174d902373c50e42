// SPDX-License-Identifier: Apache-2.0
//
// A log of verify held against its models and images: the radii computed again.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ballast/log/audit.hpp"
#include "options.hpp"

namespace ballast::cli {

// Computes the claims of these rows again; findings are added to the audit. Empty, or why nothing was computed: this build has no LibTorch.
// Throws InputError where the models are not those that the log speaks of. tell: after each row.
std::string recheck_verified(log::Audit& audit, const ModelArguments& model, const std::vector<std::string>& cascade,
                             std::unique_ptr<data::Dataset>& images, int label_offset, const std::vector<std::size_t>& rows,
                             const std::function<void()>& tell);

}  // namespace ballast::cli
