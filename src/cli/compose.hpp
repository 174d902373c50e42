// SPDX-License-Identifier: Apache-2.0
//
// What the forms of `ballast compose` have in common.

#pragma once

#include <CLI/CLI.hpp>

#include "ballast/graph/graph.hpp"

namespace ballast::cli {

// Puts down in the metadata how the network came to be.
void record_command(graph::Graph& composed);

void add_int8(CLI::App& compose_command);

}  // namespace ballast::cli
