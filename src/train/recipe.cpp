// SPDX-License-Identifier: Apache-2.0

#include "ballast/train/recipe.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::train {
namespace {

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all{Gaussian{}, SmoothAdv{}, Macer{}, Consistency{}, Stability{}, Wong{}, Lmt{}};
  return all;
}

void not_negative(double value, std::string_view what) {
  require(std::isfinite(value) && value >= 0, fmt::format("{} = {}: must be 0 or above", what, value));
}

void positive(double value, std::string_view what) {
  require(std::isfinite(value) && value > 0, fmt::format("{} = {}: must be above 0", what, value));
}

void share_of_epochs(double value, std::string_view what) {
  require(value >= 0 && value <= 1, fmt::format("{} = {}: 0 to 1 (a share of the epochs) is allowed", what, value));
}

void check_copies(int copies, int least) {
  constexpr int most = 1024;
  require(copies >= least && copies <= most, fmt::format("copies = {}: {} to {} are allowed", copies, least, most));
}

struct Name {
  std::string_view operator()(const Gaussian&) const { return "gaussian"; }
  std::string_view operator()(const SmoothAdv&) const { return "smoothadv"; }
  std::string_view operator()(const Macer&) const { return "macer"; }
  std::string_view operator()(const Consistency&) const { return "consistency"; }
  std::string_view operator()(const Stability&) const { return "stability"; }
  std::string_view operator()(const Wong&) const { return "wong"; }
  std::string_view operator()(const Lmt&) const { return "lmt"; }
};

struct Check {
  void operator()(const Gaussian&) const {}
  void operator()(const SmoothAdv& recipe) const {
    positive(recipe.epsilon, "epsilon");
    require(recipe.steps >= 1 && recipe.steps <= 1000, fmt::format("attack steps = {}: 1 to 1000 are allowed", recipe.steps));
    check_copies(recipe.copies, 1);
    share_of_epochs(recipe.warm_up, "warm-up");
  }
  void operator()(const Macer& recipe) const {
    check_copies(recipe.copies, 2);
    not_negative(recipe.weight, "recipe weight");
    positive(recipe.margin, "margin");
    positive(recipe.temperature, "temperature");
  }
  void operator()(const Consistency& recipe) const {
    check_copies(recipe.copies, 2);
    not_negative(recipe.weight, "recipe weight");
    not_negative(recipe.entropy, "entropy");
  }
  void operator()(const Stability& recipe) const { not_negative(recipe.weight, "recipe weight"); }
  void operator()(const Wong& recipe) const {
    constexpr int most = 10'000;
    positive(recipe.epsilon, "epsilon");
    not_negative(recipe.epsilon_start, "first epsilon");
    share_of_epochs(recipe.warm_up, "warm-up");
    require(recipe.projections >= 0 && recipe.projections <= most,
            fmt::format("projections = {}: 0 (exact bounds) to {} are allowed", recipe.projections, most));
  }
  void operator()(const Lmt& recipe) const { positive(recipe.c, "c"); }
};

}  // namespace

std::string_view name_of(const Recipe& recipe) { return std::visit(Name{}, recipe); }

Recipe recipe_from(std::string_view name) {
  std::string allowed;
  for (const Recipe& recipe : recipes()) {
    if (name_of(recipe) == name) return recipe;
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", name_of(recipe));
  }
  throw InputError(fmt::format("recipe '{}': allowed are {}", name, allowed));
}

void check(const Recipe& recipe) { std::visit(Check{}, recipe); }

int copies_of(const Recipe& recipe) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.copies; }) return one.copies;
        else return 1;
      },
      recipe);
}

std::optional<double> own_radius(const Recipe& recipe) {
  if (const auto* wong = std::get_if<Wong>(&recipe)) return wong->epsilon;
  if (const auto* lmt = std::get_if<Lmt>(&recipe)) return lmt->c;
  return {};
}

}  // namespace ballast::train
