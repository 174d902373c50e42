// SPDX-License-Identifier: Apache-2.0
//
// http://HOST[:PORT]/v2/models/NAME: a model on a server of the Open Inference Protocol, version 2 (Triton, KServe, OpenVINO Model Server,
// `ballast serve`).

#pragma once

#include <memory>
#include <string>

#include "ballast/remote/open.hpp"
#include "peer.hpp"

namespace ballast::remote {

// Asks the server what it has. Throws InputError where the model does not fit the images, and std::runtime_error where the
// server cannot be reached.
std::unique_ptr<Peers> servers(const std::string& address, const Options& options);

}  // namespace ballast::remote
