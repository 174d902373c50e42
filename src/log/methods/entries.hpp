// SPDX-License-Identifier: Apache-2.0
//
// Entries of a manifest as values. All throw InputError.

#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>

#include "ballast/core/errors.hpp"
#include "ballast/core/noise.hpp"
#include "ballast/log/manifest.hpp"

namespace ballast::log {

template <typename Value>
Value value_of(const Manifest& manifest, const std::string& name) {
  const Manifest::Entry* entry = manifest.find(name);
  require(entry, fmt::format("the manifest has no entry '{}'", name));
  try {
    const auto value = nlohmann::json::parse(entry->json);
    if (!std::is_same_v<Value, std::uint64_t> || value.is_number_unsigned()) return value.get<Value>();
  } catch (const nlohmann::json::exception&) {
  }
  throw InputError(fmt::format("the manifest's entry '{}' is {}", name, entry->json));
}

template <typename Value>
Value value_or(const Manifest& manifest, const std::string& name, Value otherwise) {
  return manifest.find(name) ? value_of<Value>(manifest, name) : otherwise;
}

template <typename Value>
void require_entry(bool allowed, const char* name, const Value& value, const char* what) {
  require(allowed, fmt::format("the manifest's {} is {}; it {}", name, value, what));
}

// From least to what the noise can number.
inline std::uint64_t samples_entry(const Manifest& manifest, const char* name, std::uint64_t least) {
  const auto samples = value_of<std::uint64_t>(manifest, name);
  require(samples >= least && samples <= most_samples,
          fmt::format("the manifest's {} is {}; it must be from {} to {}", name, samples, least, most_samples));
  return samples;
}

inline std::optional<double> above_zero(const Manifest& manifest, const char* name) {
  if (!manifest.find(name)) return {};
  const auto value = value_of<double>(manifest, name);
  require_entry(std::isfinite(value) && value > 0, name, value, "must be above 0");
  return value;
}

}  // namespace ballast::log
