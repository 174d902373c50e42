// SPDX-License-Identifier: Apache-2.0
//
// The secret that clients show.

#pragma once

#include <string_view>

namespace ballast::serve {

// Whether the header "Authorization" shows the token, "Bearer TOKEN". The time it takes does not tell how much of it was right.
bool bearer_token_matches(std::string_view header, std::string_view token);

}  // namespace ballast::serve
