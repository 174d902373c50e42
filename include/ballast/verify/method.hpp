// SPDX-License-Identifier: Apache-2.0
//
// The deterministic certifiers by name.

#pragma once

#include <string>
#include <string_view>

namespace ballast::verify {

// How the margins of a network are bounded over an l2 ball of inputs:
//   crown      lines around each ReLU, walked back to the input (Zhang et al. 2018, adaptive lower slopes)
//   wong       the same with parallel lines (Wong and Kolter 2018, Wong et al. 2018)
//   lipschitz  operator norms, the last layer by pairs of classes (Tsuzuku et al. 2018, Proposition 2)
//   ibp        intervals, exact up to the first activation (interval bound propagation)
//   sdp_crown  crown with offsets that know of the ball (arXiv 2506.06665)
enum class Method { crown, wong, lipschitz, ibp, sdp_crown };

inline constexpr std::string_view method_names = "crown, wong, lipschitz, ibp, sdp-crown";

// "sdp-crown".
std::string_view to_string(Method method);

// The method of that name; throws InputError naming those there are.
Method method_from(std::string_view name);

}  // namespace ballast::verify
