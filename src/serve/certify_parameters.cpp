// SPDX-License-Identifier: Apache-2.0

#include "certify_parameters.hpp"

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

constexpr std::size_t most_radii = 64;
constexpr std::int64_t longest_deadline = 3'600'000;

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

bool yes_or_no(const Parameter& value, const char* name) {
  const auto* found = std::get_if<bool>(&value);
  require(found, fmt::format("{}: true or false is needed", name));
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
    require(radii.size() <= most_radii, fmt::format("radii: at most {} are allowed", most_radii));
    start = end + 1;
  }
  require(!radii.empty(), "radii: a string like \"0,0.25,0.5\", or a number, is needed");
  return radii;
}

}  // namespace

CertifyParameters default_parameters(const ServiceOptions& options) {
  CertifyParameters parameters;
  parameters.sigma = options.sigma;
  parameters.alpha = options.alpha;
  parameters.samples = options.samples;
  parameters.selection_samples = options.selection_samples;
  return parameters;
}

CertifyParameters certify_parameters_from(const protocol::InferRequest& request, const ServiceOptions& options) {
  CertifyParameters parameters = default_parameters(options);
  bool at_any_time = true;  // where a deadline asks for it
  for (const auto& [name, value] : request.parameters) {
    if (name == "alpha") parameters.alpha = number_between(value, "alpha", 0, options.alpha);
    else if (name == "n")
      parameters.samples = static_cast<std::uint64_t>(whole_number(value, "n", static_cast<std::int64_t>(options.samples)));
    else if (name == "radii") parameters.radii = radii_from(value);
    else if (name == "tolerance") parameters.tolerance = number_between(value, "tolerance", 0, std::nextafter(1.0, 0.0));
    else if (name == "anytime") at_any_time = parameters.anytime = yes_or_no(value, "anytime");
    else if (name == "gain") parameters.gain = number_between(value, "gain", 0, std::nextafter(1.0, 0.0));
    else if (name == "deadline_ms") parameters.deadline = std::chrono::milliseconds(whole_number(value, "deadline_ms", longest_deadline));
    else
      require(name == "binary_data_output",
              "the request has a parameter that is not known; n, alpha, radii, tolerance, anytime, gain, deadline_ms and "
              "binary_data_output are");
  }
  if (parameters.deadline && !procedure::is_sequential(parameters)) {
    require(at_any_time, "deadline_ms goes with radii, tolerance or anytime: a fixed number of samples proves nothing before its end");
    parameters.anytime = true;
  }
  if (procedure::is_sequential(parameters)) parameters.target = "predicted";
  return parameters;
}

}  // namespace ballast::serve
