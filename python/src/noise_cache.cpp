// SPDX-License-Identifier: Apache-2.0

#include "noise_cache.hpp"

#include <algorithm>

namespace ballast::python {
namespace {

bool same(const std::vector<ChannelAffine>& a, const std::vector<ChannelAffine>& b) {
  const auto equal = [](const ChannelAffine& x, const ChannelAffine& y) { return x.scale == y.scale && x.offset == y.offset; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

}  // namespace

std::shared_ptr<const noise::NoisyWriter> NoiseCache::writer(NoiseKind kind, double scale, const std::vector<ChannelAffine>& affine) {
  const std::lock_guard lock(mutex_);
  if (!writer_ || kind != kind_ || scale != scale_ || !same(affine, affine_)) {
    writer_ = std::make_shared<const noise::NoisyWriter>(kind, scale, affine);
    kind_ = kind;
    scale_ = scale;
    affine_ = affine;
  }
  return writer_;
}

}  // namespace ballast::python
