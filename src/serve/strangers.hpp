// SPDX-License-Identifier: Apache-2.0
//
// Requests that a browser sends because a page of somebody else told it to.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http.hpp"
#include "http_response.hpp"

namespace ballast::serve {

// What is wrong with the names in a request to a server that wants no token. Host must be an IP address, localhost, the address listened on
// or one of `names`: any other may be a stranger's name, made to lead here (DNS rebinding). Origin, which browsers send for pages and
// nobody else does, must be that same host and port, or one of `names`. Host may lack; browsers always send it.
std::optional<Problem> problem_with_names(const RequestHead& head, const std::string& listening, const std::vector<std::string>& names);

// Whether a browser sent it for another page, as far as it says so.
bool is_from_another_page(const RequestHead& head);

}  // namespace ballast::serve
