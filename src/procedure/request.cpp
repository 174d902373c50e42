// SPDX-License-Identifier: Apache-2.0

#include "ballast/procedure/request.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/noise/noisy_writer.hpp"

namespace ballast::procedure {
namespace {

// Any kind of the word: its law and scale are those of all.
NoiseKind any_kind(const NoiseRequest& request, const Spelling& spelling) {
  const auto kind = choose_noise(request.noise, true);
  if (kind) return *kind;
  throw InputError(fmt::format("{}: must be one of {}", spelling("noise", request.noise), fmt::join(noise_words(), ", ")));
}

// The word that goes with a value, of a few that are allowed.
bool is_first(const Spelling& spelling, std::string_view name, std::string_view word, std::string_view first, std::string_view second) {
  require(word == first || word == second, fmt::format("{}: must be {} or {}", spelling(name, word), first, second));
  return word == first;
}

// At which arguments a method is chosen.
std::string methods(const Spelling& spelling) {
  return fmt::format("{}, {} or {}", spelling("radii"), spelling("tolerance"), spelling("anytime"));
}

void require_together(const CertifyRequest& r, bool splitting, const Spelling& spelling) {
  const bool staged = is_sequential(r);
  const auto exclusive = [&](bool first, const char* a, bool second, const char* b) {
    require(!first || !second, fmt::format("{} and {} do not go together", spelling(a), spelling(b)));
  };
  exclusive(!r.radii.empty(), "radii", r.tolerance.has_value(), "tolerance");
  exclusive(!r.radii.empty(), "radii", r.anytime, "anytime");
  exclusive(r.tolerance.has_value(), "tolerance", r.anytime, "anytime");
  require(!splitting || !staged,
          fmt::format("{}: is exact from all its splits; {} do not go with it", spelling("noise", r.noise), methods(spelling)));
  require(!staged || r.bound == "cohen",
          fmt::format("{}: only for a fixed number of samples, not with {}", spelling("bound", r.bound), methods(spelling)));
  require(!staged || r.selection == "split",
          fmt::format("{}: only for a fixed number of samples, not with {}", spelling("selection", r.selection), methods(spelling)));
  require(staged || !r.target, fmt::format("{} goes with {}", spelling("target"), methods(spelling)));
  require(staged || !r.futility, fmt::format("{} goes with {}", spelling("futility"), methods(spelling)));
  require(r.anytime || !r.gain, fmt::format("{} goes with {}", spelling("gain"), spelling("anytime")));
  require(!splitting || (r.bound == "cohen" && r.selection == "split" && !r.family_wise),
          fmt::format("{}: is exact; {}, {} and {} do not go with it", spelling("noise", r.noise), spelling("bound"), spelling("selection"),
                      spelling("family_wise")));
}

Sequential sequential_of(const CertifyRequest& r, std::uint64_t step, const Spelling& spelling) {
  const bool label = is_first(spelling, "target", r.target.value_or("label"), "label", "predicted");
  return {label, label ? 0 : r.selection_samples, r.samples, step, r.futility.value_or(0.01)};
}

Method method_of(const CertifyRequest& r, const Circumstances& now, const Spelling& spelling) {
  const bool splitting = now.noise == NoiseKind::split;
  require_together(r, splitting, spelling);
  const bool apart = is_first(spelling, "selection", r.selection, "split", "none");
  const bool cohen = is_first(spelling, "bound", r.bound, "cohen", "pb");
  Sequential staged;
  if (is_sequential(r)) staged = sequential_of(r, now.step, spelling);
  const bool selects = !splitting && (is_sequential(r) ? !staged.target_is_label : apart);
  require(!selects || r.selection_samples > 0, fmt::format("n0 = 0: at least 1 sample is needed to guess the class"));
  if (splitting) return Splitting{noise::splits_of(scale_of(r))};
  if (!r.radii.empty()) {
    require(std::all_of(r.radii.begin(), r.radii.end(), [](double radius) { return std::isfinite(radius); }),
            fmt::format("{}: finite numbers are needed", spelling("radii")));
    NamedRadii named{staged, r.radii};
    std::sort(named.radii.begin(), named.radii.end());
    return named;
  }
  if (r.tolerance) return Tolerance{staged, *r.tolerance};
  if (r.anytime) return Anytime{staged, r.gain};
  return FixedSamples{selects ? r.selection_samples : 0, r.samples, cohen ? stats::Bound::cohen : stats::Bound::pb};
}

Settings settings_of(const NoiseRequest& request, const Circumstances& now, double alpha, Method method) {
  Settings settings{now.noise, scale_of(request), now.noise_error, alpha, 1, std::move(method), false};
  check(settings);
  return settings;
}

}  // namespace

const Spelling Spelling::command_line{Style::command_line};
const Spelling Spelling::python{Style::python};
const Spelling Spelling::json{Style::json};

std::string Spelling::operator()(std::string_view name) const {
  std::string text(name);
  switch (style_) {
    case Style::command_line: std::replace(text.begin(), text.end(), '_', '-'); return "--" + text;
    case Style::python: return text == "lambda" ? "lambda_" : text;  // a word of Python's own
    case Style::json: return "\"" + text + "\"";
  }
  return text;
}

std::string Spelling::operator()(std::string_view name, std::string_view value) const {
  switch (style_) {
    case Style::command_line: return fmt::format("{} {}", (*this)(name), value);
    case Style::python: return fmt::format("{} = '{}'", (*this)(name), value);
    case Style::json: return fmt::format("{}: \"{}\"", (*this)(name), value);
  }
  return {};
}

void check(const NoiseRequest& request, const Spelling& spelling) {
  const std::string name(scale_name(any_kind(request, spelling)));
  const bool is_sigma = name == "sigma";
  const auto& [wanted, other] = is_sigma ? std::tie(request.sigma, request.lambda) : std::tie(request.lambda, request.sigma);
  if (is_sigma) {
    require(wanted.has_value(), fmt::format("{} is required: the standard deviation of the noise", spelling("sigma")));
    require(!other, fmt::format("{} goes with {}, laplace or split", spelling("lambda"), spelling("noise", "uniform")));
  } else {
    require(wanted.has_value(), fmt::format("{}: {} is required, its scale", spelling("noise", request.noise), spelling("lambda")));
    require(!other, fmt::format("{}: its scale is {}, not {}", spelling("noise", request.noise), spelling("lambda"), spelling("sigma")));
  }
}

double scale_of(const NoiseRequest& request) { return request.sigma ? *request.sigma : request.lambda.value_or(0); }

NoiseKind noise_of(const NoiseRequest& request, bool is_8bit, const Spelling& spelling) {
  check(request, spelling);
  const auto kind = choose_noise(request.noise, is_8bit);
  require(kind.has_value(), fmt::format("{}: the images are not 8-bit{}", spelling("noise", request.noise),
                                        request.noise == "grid" ? "; use " + spelling("noise", "gaussian") : ""));
  return *kind;
}

bool is_sequential(const CertifyRequest& request) { return !request.radii.empty() || request.tolerance || request.anytime; }

Settings complete(const CertifyRequest& request, const Circumstances& now, const Spelling& spelling) {
  Settings settings = settings_of(request, now, request.alpha, method_of(request, now, spelling));
  if (!request.family_wise) return settings;
  settings.family_size = now.images;
  settings.alpha /= static_cast<double>(now.images);
  check(settings);
  return settings;
}

Settings complete(const PredictRequest& request, const Circumstances& now, const Spelling&) {
  return settings_of(request, now, request.alpha, Prediction{request.samples});
}

void check(const CertifyRequest& request, const Spelling& spelling) {
  check(static_cast<const NoiseRequest&>(request), spelling);
  complete(request, {.noise = any_kind(request, spelling)}, spelling);
}

void check(const PredictRequest& request, const Spelling& spelling) {
  check(static_cast<const NoiseRequest&>(request), spelling);
  complete(request, {.noise = any_kind(request, spelling)}, spelling);
}

}  // namespace ballast::procedure
