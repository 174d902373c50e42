// SPDX-License-Identifier: Apache-2.0

#include "request.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "ballast/core/enum_names.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::python {
namespace {

// The value that goes with a word. The message names all words.
template <typename Value, std::size_t count>
Value choice(const char* argument, const std::string& word, const EnumNames<Value, count>& names) {
  const auto value = names.value(word);
  require(value.has_value(), fmt::format("{} = '{}': must be one of '{}'", argument, word, fmt::join(names.names(), "', '")));
  return *value;
}

const procedure::Spelling& spelling = procedure::Spelling::python;

}  // namespace

Request::Request(procedure::CertifyRequest request) : request_(std::move(request)) {
  procedure::check(std::get<procedure::CertifyRequest>(request_), spelling);
}

Request::Request(procedure::PredictRequest request) : request_(std::move(request)) {
  procedure::check(std::get<procedure::PredictRequest>(request_), spelling);
}

const procedure::NoiseRequest& Request::noise() const {
  return std::visit([](const auto& request) -> const procedure::NoiseRequest& { return request; }, request_);
}

NoiseKind Request::noise_of(bool is_8bit) const { return procedure::noise_of(noise(), is_8bit, spelling); }

procedure::Settings Request::complete(const procedure::Circumstances& circumstances) const {
  return std::visit([&](const auto& request) { return procedure::complete(request, circumstances, spelling); }, request_);
}

model::ModelOptions model_options(const std::string& engine, const std::string& precision, const std::string& layout, double input_scale,
                                  std::vector<double> mean, std::vector<double> deviation) {
  model::ModelOptions options;
  options.engine = choice("engine", engine, model::engine_names);
  options.precision = choice("precision", precision, model::precision_names);
  options.layout = graph::layout_named(layout);
  require(options.layout || layout == "auto", fmt::format("layout = '{}': must be one of 'auto', 'chw', 'hwc', 'flat'", layout));
  options.input_scale = input_scale;
  options.mean = std::move(mean);
  options.deviation = std::move(deviation);
  return options;
}

}  // namespace ballast::python
