// SPDX-License-Identifier: Apache-2.0
//
// Noise from call to call: its tables take longer to make than a few samples.

#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "ballast/noise/noisy_writer.hpp"

namespace ballast::python {

// Keeps the writer that was asked for last. Safe to use from several threads at once.
class NoiseCache {
 public:
  // Throws InputError for a scale that is not allowed.
  std::shared_ptr<const noise::NoisyWriter> writer(NoiseKind kind, double scale, const std::vector<ChannelAffine>& affine);

 private:
  std::mutex mutex_;
  NoiseKind kind_{};
  double scale_ = 0;
  std::vector<ChannelAffine> affine_;
  std::shared_ptr<const noise::NoisyWriter> writer_;
};

}  // namespace ballast::python
