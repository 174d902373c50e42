// SPDX-License-Identifier: Apache-2.0

#include "objective.hpp"

namespace ballast::train {

bool needs_clean(const Recipe& recipe) { return std::holds_alternative<SmoothAdv>(recipe) || std::holds_alternative<Stability>(recipe); }

at::Tensor labels_of_copies(const Batch& batch) { return batch.copies == 1 ? batch.labels : batch.labels.repeat(batch.copies); }

}  // namespace ballast::train
