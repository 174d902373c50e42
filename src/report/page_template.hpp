// SPDX-License-Identifier: Apache-2.0
//
// web/dist/report.html, embedded by the build.

#pragma once

#include <string_view>

namespace ballast::report {

extern const std::string_view page_template;

}  // namespace ballast::report
