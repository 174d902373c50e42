// SPDX-License-Identifier: Apache-2.0
//
// web/dist/serve.html, embedded by the build.

#pragma once

#include <string_view>

namespace ballast::serve {

extern const std::string_view page_template;

}  // namespace ballast::serve
