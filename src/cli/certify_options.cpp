// SPDX-License-Identifier: Apache-2.0

#include "certify_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"

namespace ballast::cli {

void CertifyArguments::add_options_to(CLI::App& command) {
  command.add_option("--n0", selection_samples, "samples to guess the class")->check(whole_number())->capture_default_str();
  command.add_option("--n", samples, "samples to bound its probability; with --radii or --tolerance, the most")
      ->check(whole_number())
      ->capture_default_str();
  command.add_option("--alpha", alpha, "allowed probability that a certificate is wrong")->capture_default_str();
  command.add_flag("--family-wise", family_wise, "alpha for all images together: each gets its share");
  command.add_option("--radii", radii, "certify at these radii only, e.g. 0,0.25,0.5, by a sequential test: far fewer samples")
      ->delimiter(',');
  command.add_option("--tolerance", tolerance, "a radius about this share below that of n samples, e.g. 0.05, in two stages");
  command
      .add_option(
          "--target", target,
          "with --radii or --tolerance, the class tested: the image's own (label, the default), or the one that n0 samples of their own "
          "give (predicted)")
      ->check(CLI::IsMember({"label", "predicted"}));
  command.add_option("--futility", futility,
                     "with --radii or --tolerance: power given up to stop early where it is hopeless; 0 never stops (default 0.01)");
  command.add_option("--bound", bound, "cohen: p_B = 1 - p_A; pb: a bound on p_B of its own")
      ->check(CLI::IsMember({"cohen", "pb"}))
      ->capture_default_str();
  command.add_option("--selection", selection, "split: n0 samples of their own choose the class; none: the n samples do both")
      ->check(CLI::IsMember({"split", "none"}))
      ->capture_default_str();
}

log::Settings CertifyArguments::settings() const {
  noise.check();
  const bool at_radii = !radii.empty(), staged = at_radii || tolerance, splitting = noise.kind == "split";
  require(!at_radii || !tolerance, "--radii and --tolerance do not go together");
  require(!splitting || !staged, "--noise split: is exact from all its splits; --radii and --tolerance do not go with it");
  require(!staged || bound == "cohen", "--bound pb: only for a fixed number of samples, not with --radii or --tolerance");
  require(!staged || selection == "split", "--selection none: only for a fixed number of samples, not with --radii or --tolerance");
  require(staged || !target, "--target goes with --radii or --tolerance");
  require(staged || !futility, "--futility goes with --radii or --tolerance");
  require(!splitting || (bound == "cohen" && selection == "split" && !family_wise),
          "--noise split: is exact; --bound, --selection and --family-wise do not go with it");
  log::Settings s;
  s.method = at_radii ? log::Method::radii : tolerance ? log::Method::tolerance : splitting ? log::Method::splitting : log::Method::certify;
  s.smoothing = {noise.sigma ? NoiseLaw::gaussian : noise.kind == "laplace" ? NoiseLaw::laplace : NoiseLaw::uniform, noise.scale()};
  s.noise = splitting ? "split" : s.smoothing.law == NoiseLaw::gaussian ? "gaussian" : noise.kind;
  s.alpha = alpha;
  s.family = family_wise ? 2 : 1;  // how many is known when the images are
  s.labelled = staged && target.value_or("label") == "label";
  s.selection_samples = selection == "none" || s.labelled || splitting ? 0 : selection_samples;
  require(selection == "none" || s.labelled || splitting || selection_samples > 0,
          "n0 = 0: at least 1 sample is needed to guess the class");
  s.samples = samples;
  s.bound = *stats::bound_from(bound);
  s.futility = futility.value_or(0.01);
  s.radii = radii;
  std::sort(s.radii.begin(), s.radii.end());
  s.tolerance = tolerance.value_or(0);
  run::check(s);
  return s;
}

}  // namespace ballast::cli
