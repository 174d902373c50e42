// SPDX-License-Identifier: Apache-2.0
//
// How to certify: the options of `certify`, and of `plan`, which says what they will cost.

#pragma once

#include "smoothing_run.hpp"

namespace ballast::cli {

struct CertifyArguments : SmoothingArguments {
  procedure::CertifyRequest request;

  // The noise, and what is done with the votes.
  void add_request_to(CLI::App& command);

  // Throws InputError where options do not go together.
  void check() const { procedure::check(request, spelling); }
  Complete complete() const;

  // Asks for the usual radii up to the largest possible one instead of any, of no more samples than whose boundary is soon computed.
  void ask_for_radii(double largest);
};

}  // namespace ballast::cli
