// SPDX-License-Identifier: Apache-2.0
//
// Which scales of noise are taken.

#pragma once

#include <fmt/format.h>

#include <string_view>

#include "ballast/core/errors.hpp"
#include "ballast/core/noise.hpp"

namespace ballast::noise {

// Throws InputError unless the scale lies from 2^-10 to most. noise: what the message calls it.
inline void require_scale(const Smoothing& smoothing, std::string_view noise, double most) {
  const auto [law, scale] = smoothing;
  require(scale >= 0x1p-10 && scale <= most, fmt::format("{} = {}: {} takes {} from 1/1024 to {} (pixels are in [0, 1])",
                                                         traits(law).scale_name, scale, noise, traits(law).scale_meaning, most));
}

}  // namespace ballast::noise
