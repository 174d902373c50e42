// SPDX-License-Identifier: Apache-2.0
//
// How a request wants its images certified: its parameters, within what the server allows.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "ballast/protocol/infer.hpp"
#include "ballast/serve/service.hpp"

namespace ballast::serve {

struct Wish {
  double alpha = 0;
  std::uint64_t samples = 0;
  std::vector<double> radii;        // sequential, at these
  std::optional<double> tolerance;  // or in two stages, a radius to this
  std::optional<std::chrono::milliseconds> deadline;

  bool staged() const { return !radii.empty() || tolerance; }
  auto key() const { return std::tuple(alpha, samples, radii, tolerance.value_or(0)); }
};

// Throws InputError for a parameter that is not known or beyond what the options allow.
Wish wish_from(const protocol::InferRequest& request, const ServiceOptions& options);

}  // namespace ballast::serve
