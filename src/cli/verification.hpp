// SPDX-License-Identifier: Apache-2.0
//
// One network or a cascade with a deterministic bound, opened: what verify computes for each image, attack judges by and audit
// computes again.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ballast/log/record.hpp"
#include "ballast/log/settings.hpp"
#include "ballast/verify/cascade.hpp"
#include "ballast/verify/verifier.hpp"
#include "options.hpp"

namespace ballast::cli {

struct VerificationArguments {
  ModelArguments model;
  std::vector<std::string> cascade;  // the files of further models
  std::string method = "crown";
  std::optional<double> radius, most;
  double tolerance = 1e-4;
  bool patient = false;

  // All but the first model.
  void add_to(CLI::App& command);
  // Throws InputError for what is not allowed.
  void check() const;
  // As a log has them.
  procedure::Settings settings() const;
  // The arguments that lead to these settings, for the models that are named here.
  void take(const procedure::Settings& settings);
};

class Verification {
 public:
  // Opens the models, which must take such images. at_once: images that are verified at the same time. Throws InputError
  // where a model or its bound does not fit, or an image would take too long.
  Verification(const VerificationArguments& arguments, const data::Dataset& images, int at_once);

  struct Model {
    ModelArguments arguments;
    ModelArguments::Opened opened;
    verify::Verifier verifier;
  };
  const std::vector<Model>& models() const { return models_; }

  // The models' entries of a manifest, and how far a search for radii goes.
  void describe(log::Manifest& manifest) const;

  // The row of an image, without its index, correctness and time. May be called from several threads at once.
  log::Record row(const data::Example& example) const;

  // What the cascade, or the one model, certifies at the radius of all images; none: nothing.
  std::optional<Label> certified_class(const Image& image) const;

  // Whether a row's claim holds when it is computed again: its answer, and its radius but for the last digits. Empty, or what does not.
  std::string objection(const log::Record& row, const data::Example& example) const;

 private:
  verify::CascadeAnswer answer(std::span<const double> pixels, double radius) const;

  VerificationArguments arguments_;
  std::optional<double> tested_radius_;
  std::vector<Model> models_;
};

}  // namespace ballast::cli
