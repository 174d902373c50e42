// SPDX-License-Identifier: Apache-2.0

#include "certify_options.hpp"

#include <algorithm>

#include "help.hpp"

namespace ballast::cli {

void CertifyArguments::add_request_to(CLI::App& command) {
  add_noise_to(command, request);
  add_seed_to(command, seed);
  const Heading under(command, heading::statistics);
  command.add_option("--n0", request.selection_samples, "samples to guess the class")->check(whole_number())->capture_default_str();
  command.add_option("--n", request.samples, "samples to bound its probability; with --radii, --tolerance or --anytime, the most")
      ->check(whole_number())
      ->capture_default_str();
  command.add_option("--alpha", request.alpha, "allowed probability that a certificate is wrong")->capture_default_str();
  command.add_flag("--family-wise", request.family_wise, "alpha for all images together: each gets its share");
  command.add_option("--radii", request.radii, "certify at these radii only, e.g. 0,0.25,0.5, by a sequential test: far fewer samples")
      ->delimiter(',');
  command.add_option("--tolerance", request.tolerance, "a radius about this share below that of n samples, e.g. 0.05, in two stages");
  command.add_flag("--anytime", request.anytime,
                   "a radius that holds after any number of samples: nothing is named beforehand, and it may be stopped for any reason");
  command.add_option("--gain", request.gain,
                     "with --anytime: stops at a radius about this share below that of n samples, e.g. 0.05 (default: goes on to n)");
  command
      .add_option(
          "--target", request.target,
          "with --radii, --tolerance or --anytime, the class tested: the image's own (label, the default), or the one that n0 samples of "
          "their own give (predicted, and so for one image without --label)")
      ->check(CLI::IsMember({"label", "predicted"}));
  command.add_option(
      "--futility", request.futility,
      "with --radii, --tolerance or --anytime: power given up to stop early where it is hopeless; 0 never stops (default 0.01)");
  command.add_option("--bound", request.bound, "cohen: p_B = 1 - p_A; pb: a bound on p_B of its own")
      ->check(CLI::IsMember({"cohen", "pb"}))
      ->capture_default_str();
  command.add_option("--selection", request.selection, "split: n0 samples of their own choose the class; none: the n samples do both")
      ->check(CLI::IsMember({"split", "none"}))
      ->capture_default_str();
}

Complete CertifyArguments::complete() const {
  return [this](const procedure::Circumstances& now) { return procedure::complete(request, now, spelling); };
}

void CertifyArguments::ask_for_radii(double largest) {
  constexpr std::uint64_t most_samples = 1'000'000;
  request.samples = std::min(request.samples, most_samples);
  for (const double radius : {0.0, 0.25, 0.5}) {
    if (radius <= largest) request.radii.push_back(radius);
  }
}

}  // namespace ballast::cli
