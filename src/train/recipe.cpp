// SPDX-License-Identifier: Apache-2.0

#include "ballast/train/recipe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::train {
namespace {

// Every recipe with its defaults.
template <typename... Recipes>
std::vector<Recipe> all_of(const std::variant<Recipes...>&) {
  return {Recipes{}...};
}

// What is told of each option, to be checked.
struct Checking {
  void positive(const char* name, double value) const {
    require(std::isfinite(value) && value > 0, fmt::format("{} = {}: must be above 0", name, value));
  }
  void not_negative(const char* name, double value) const {
    require(std::isfinite(value) && value >= 0, fmt::format("{} = {}: must be 0 or above", name, value));
  }
  void share_of_epochs(const char* name, double value) const {
    require(value >= 0 && value <= 1, fmt::format("{} = {}: 0 to 1 (a share of the epochs) is allowed", name, value));
  }
  void whole(const char* name, int value, int least, int most) const {
    require(value >= least && value <= most, fmt::format("{} = {}: {} to {} are allowed", name, value, least, most));
  }
};

// And to be written down.
struct Describing {
  std::vector<std::pair<std::string, std::string>> options;

  void positive(const char* name, double value) { add(name, value); }
  void not_negative(const char* name, double value) { add(name, value); }
  void share_of_epochs(const char* name, double value) { add(name, value); }
  void whole(const char* name, int value, int, int) { add(name, value); }

 private:
  void add(const char* name, double value) { options.emplace_back(name, fmt::format("{}", value)); }
};

constexpr int most_copies = 1024;

template <typename Options>
void tell(const Gaussian&, Options&) {}

template <typename Options>
void tell(const SmoothAdv& recipe, Options& options) {
  options.positive("epsilon", recipe.epsilon);
  options.whole("attack_steps", recipe.steps, 1, 1000);
  options.whole("copies", recipe.copies, 1, most_copies);
  options.share_of_epochs("warm_up", recipe.warm_up);
}

template <typename Options>
void tell(const Macer& recipe, Options& options) {
  options.whole("copies", recipe.copies, 2, most_copies);
  options.not_negative("weight", recipe.weight);
  options.positive("margin", recipe.margin);
  options.positive("temperature", recipe.temperature);
}

template <typename Options>
void tell(const Consistency& recipe, Options& options) {
  options.whole("copies", recipe.copies, 2, most_copies);
  options.not_negative("weight", recipe.weight);
  options.not_negative("entropy", recipe.entropy);
}

template <typename Options>
void tell(const Stability& recipe, Options& options) {
  options.not_negative("weight", recipe.weight);
}

template <typename Options>
void tell(const Wong& recipe, Options& options) {
  options.positive("epsilon", recipe.epsilon);
  options.not_negative("epsilon_start", recipe.epsilon_start);
  options.share_of_epochs("warm_up", recipe.warm_up);
  options.whole("projections", recipe.projections, 0, 10'000);
}

template <typename Options>
void tell(const Lmt& recipe, Options& options) {
  options.positive("c", recipe.c);
}

}  // namespace

std::string_view name_of(const Recipe& recipe) {
  return std::visit([](const auto& one) { return one.name; }, recipe);
}

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : all_of(Recipe())) names.emplace_back(name_of(recipe));
  return names;
}

Recipe recipe_from(std::string_view name) {
  for (const Recipe& recipe : all_of(Recipe())) {
    if (name_of(recipe) == name) return recipe;
  }
  throw InputError(fmt::format("recipe '{}': allowed are {}", name, fmt::join(recipe_names(), ", ")));
}

void check(const Recipe& recipe) {
  Checking options;
  std::visit([&](const auto& one) { tell(one, options); }, recipe);
}

std::vector<std::pair<std::string, std::string>> options_of(const Recipe& recipe) {
  Describing options;
  std::visit([&](const auto& one) { tell(one, options); }, recipe);
  return options.options;
}

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
