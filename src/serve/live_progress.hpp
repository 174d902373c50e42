// SPDX-License-Identifier: Apache-2.0
//
// What is shown to a person who watches how an image is certified.

#pragma once

#include <cstddef>
#include <string>

#include "ballast/noise/noisy_writer.hpp"

namespace ballast::serve {

// The first noisy copies of a stream, in bytes as far as a screen can show them: {"pictures": [[0, 255, ...], ...]}.
// plain: the noise, for pixels in [0, 1] as they are.
std::string pictures_json(const Image& image, const noise::NoisyWriter& plain, const noise::Stream& stream, std::size_t count);

}  // namespace ballast::serve
