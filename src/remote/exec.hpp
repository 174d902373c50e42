// SPDX-License-Identifier: Apache-2.0
//
// exec:COMMAND. Each batch goes to its standard input as an .npy file (float32, images x channels x height x width); its standard
// output gives a line of labels, or an .npy file of labels (images) or scores (images x classes).

#pragma once

#include <memory>
#include <string>

#include "ballast/remote/open.hpp"
#include "peer.hpp"

namespace ballast::remote {

std::unique_ptr<Peers> commands(const std::string& command, const Options& options);

}  // namespace ballast::remote
