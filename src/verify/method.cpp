// SPDX-License-Identifier: Apache-2.0

#include "ballast/verify/method.hpp"

#include <fmt/format.h>

#include "ballast/core/enum_names.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::verify {
namespace {

constexpr EnumNames<Method, 5> names{{{{Method::crown, "crown"},
                                       {Method::wong, "wong"},
                                       {Method::lipschitz, "lipschitz"},
                                       {Method::ibp, "ibp"},
                                       {Method::sdp_crown, "sdp-crown"}}}};

}  // namespace

std::string_view to_string(Method method) { return names.of(method); }

Method method_from(std::string_view name) {
  const auto method = names.value(name);
  require(method.has_value(), fmt::format("there is no method '{}'; allowed are {}", name, method_names));
  return *method;
}

}  // namespace ballast::verify
