// SPDX-License-Identifier: Apache-2.0

#include "ballast/verify/method.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::verify {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 5> names{{{Method::crown, "crown"},
                                                                    {Method::wong, "wong"},
                                                                    {Method::lipschitz, "lipschitz"},
                                                                    {Method::ibp, "ibp"},
                                                                    {Method::sdp_crown, "sdp-crown"}}};

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& [known, name] : names) {
    if (known == method) return name;
  }
  return {};
}

Method method_from(std::string_view name) {
  for (const auto& [method, known] : names) {
    if (known == name) return method;
  }
  throw InputError(fmt::format("there is no method '{}'; allowed are {}", name, method_names));
}

}  // namespace ballast::verify
