// SPDX-License-Identifier: Apache-2.0

#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "ballast/core/errors.hpp"

namespace ballast::train {
namespace {

constexpr int most_validated = 1000, most_draws = 10'000;

}  // namespace

void check(const TrainOptions& options) {
  const auto positive = [](double value, std::string_view what) {
    require(std::isfinite(value) && value > 0, fmt::format("{} = {}: must be above 0", what, value));
  };
  check(options.recipe);
  require(std::isfinite(options.sigma) && options.sigma >= 0, fmt::format("sigma = {}: must be 0 or above", options.sigma));
  require(options.sigma > 0 || std::holds_alternative<Gaussian>(options.recipe) || own_radius(options.recipe),
          fmt::format("sigma = 0: the recipe {} needs noise", name_of(options.recipe)));
  require(options.precision == Precision::fp32 || !std::holds_alternative<Wong>(options.recipe),
          "precision = bf16: the recipe wong works in fp32 alone");
  positive(options.epochs, "epochs");
  positive(options.batch, "batch");
  positive(options.rate, "learning rate");
  positive(options.step_epochs, "step epochs");
  positive(options.rate_factor, "rate factor");
  require(options.momentum >= 0 && options.momentum < 1, fmt::format("momentum = {}: 0 to 1 (not included) are allowed", options.momentum));
  require(std::isfinite(options.weight_decay) && options.weight_decay >= 0,
          fmt::format("weight decay = {}: must be 0 or above", options.weight_decay));
  require(std::isfinite(options.clip) && options.clip >= 0, fmt::format("clip = {}: must be above 0, or 0 for none", options.clip));
  require(options.shift >= 0, fmt::format("shift = {}: must be 0 or above", options.shift));
  require(options.validation.value_or(0) >= 0, fmt::format("validation = {}: must be 0 or above", options.validation.value_or(0)));
  require(options.validation_draws >= 1 && options.validation_draws <= most_draws,
          fmt::format("validation draws = {}: 1 to {} are allowed", options.validation_draws, most_draws));
  require(options.threads >= 0, fmt::format("threads = {}: must be 0 (all cores) or above", options.threads));
}

int held_out(const TrainOptions& options, std::size_t images) {
  return options.validation.value_or(static_cast<int>(std::min<std::size_t>(most_validated, images / 10)));
}

Settings describe(const TrainOptions& options, const data::Dataset& images) {
  Settings settings;
  const auto add = [&](const char* name, const auto& value) { settings.emplace_back(name, fmt::format("{}", value)); };
  add("data_sha256", images.sha256());
  add("recipe", name_of(options.recipe));
  for (const auto& [name, value] : options_of(options.recipe)) settings.emplace_back(name, value);
  add("sigma", options.sigma);
  add("epochs", options.epochs);
  add("batch", options.batch);
  add("rate", options.rate);
  add("momentum", options.momentum);
  add("weight_decay", options.weight_decay);
  if (options.clip > 0) add("clip", options.clip);
  if (options.schedule == Schedule::one_cycle) {
    add("schedule", "one-cycle");
  } else {
    add("schedule", "step");
    add("step_epochs", options.step_epochs);
    add("rate_factor", options.rate_factor);
  }
  add("shift", options.shift);
  add("flip", options.flip);
  add("seed", options.seed);
  add("validation", held_out(options, images.size()));
  add("validation_draws", options.validation_draws);
  add("precision", options.precision == Precision::bf16 ? "bf16" : "fp32");
  return settings;
}

}  // namespace ballast::train
