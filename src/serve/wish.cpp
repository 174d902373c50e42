// SPDX-License-Identifier: Apache-2.0

#include "wish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::serve {

namespace {

using protocol::Parameter;

constexpr std::size_t kMostRadii = 64;
constexpr std::int64_t kLongestDeadline = 3'600'000;

std::optional<double> number(const Parameter& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

double number_between(const Parameter& value, const char* name, double above, double most) {
  const auto found = number(value);
  require(found && *found > above && *found <= most, fmt::format("{}: a number above {} and at most {} is needed", name, above, most));
  return *found;
}

std::int64_t whole_number(const Parameter& value, const char* name, std::int64_t most) {
  const auto* found = std::get_if<std::int64_t>(&value);
  require(found && *found >= 1 && *found <= most, fmt::format("{}: a whole number from 1 to {} is needed", name, most));
  return *found;
}

// "0,0.25,0.5", or one number.
std::vector<double> radii_from(const Parameter& value) {
  if (const auto one = number(value)) return {*one};
  const auto* text = std::get_if<std::string>(&value);
  std::vector<double> radii;
  for (std::size_t start = 0; text && start <= text->size();) {
    const std::size_t end = std::min(text->find(',', start), text->size());
    double radius = 0;
    const auto [read_to, error] = std::from_chars(text->data() + start, text->data() + end, radius);
    require(error == std::errc{} && read_to == text->data() + end && std::isfinite(radius),
            "radii: numbers with commas between them are needed, like \"0,0.25,0.5\"");
    radii.push_back(radius);
    require(radii.size() <= kMostRadii, fmt::format("radii: at most {} are allowed", kMostRadii));
    start = end + 1;
  }
  require(!radii.empty(), "radii: a string like \"0,0.25,0.5\", or a number, is needed");
  std::sort(radii.begin(), radii.end());
  return radii;
}

}  // namespace

Wish wish_from(const protocol::InferRequest& request, const ServiceOptions& options) {
  Wish wish{options.alpha, options.samples, {}, std::nullopt, std::nullopt};
  for (const auto& [name, value] : request.parameters) {
    if (name == "alpha") wish.alpha = number_between(value, "alpha", 0, options.alpha);
    else if (name == "n") wish.samples = static_cast<std::uint64_t>(whole_number(value, "n", static_cast<std::int64_t>(options.samples)));
    else if (name == "radii") wish.radii = radii_from(value);
    else if (name == "tolerance") wish.tolerance = number_between(value, "tolerance", 0, std::nextafter(1.0, 0.0));
    else if (name == "deadline_ms") wish.deadline = std::chrono::milliseconds(whole_number(value, "deadline_ms", kLongestDeadline));
    else
      require(name == "binary_data_output",
              "the request has a parameter that is not known; n, alpha, radii, tolerance, deadline_ms and binary_data_output are");
  }
  require(wish.radii.empty() || !wish.tolerance, "radii and tolerance do not go together");
  require(!wish.deadline || wish.staged(),
          "deadline_ms goes with radii or tolerance: a fixed number of samples proves nothing before its end");
  return wish;
}

}  // namespace ballast::serve
