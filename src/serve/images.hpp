// SPDX-License-Identifier: Apache-2.0
//
// The images of a request.

#pragma once

#include <string>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/protocol/infer.hpp"

namespace ballast::serve {

// The request's one input, "image": UINT8, or FP32 in pixel units, where `unit` says so within [0, 1].
// Throws InputError for anything else, and for more than `most` images.
std::vector<Image> images_from(const protocol::InferRequest& request, const ImageShape& shape, std::size_t most, bool unit);

std::string sha256_of(const Image& image);

}  // namespace ballast::serve
