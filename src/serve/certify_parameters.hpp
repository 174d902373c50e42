// SPDX-License-Identifier: Apache-2.0
//
// How a request wants its images certified: its parameters, within what the server allows.

#pragma once

#include <chrono>
#include <optional>

#include "ballast/procedure/request.hpp"
#include "ballast/protocol/infer.hpp"
#include "ballast/serve/service.hpp"

namespace ballast::serve {

struct CertifyParameters : procedure::CertifyRequest {
  std::optional<std::chrono::milliseconds> deadline;
};

// What a request without parameters is given.
CertifyParameters default_parameters(const ServiceOptions& options);

// The class tested is always the one that samples of its own give. With a deadline and no other way, it is certified at any time, as a
// fixed number of samples proves nothing before its end. Throws InputError for a parameter that is not known or beyond what the options
// allow.
CertifyParameters certify_parameters_from(const protocol::InferRequest& request, const ServiceOptions& options);

}  // namespace ballast::serve
