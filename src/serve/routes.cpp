// SPDX-License-Identifier: Apache-2.0

#include "routes.hpp"

namespace ballast::serve {

bool is_asked_by_post(Route route) { return route == Route::smoothed_infer || route == Route::base_infer || route == Route::demo; }

bool is_health(Route route) { return route == Route::live || route == Route::ready; }

bool is_open_to_all(Route route) { return route == Route::page || is_health(route); }

std::map<std::string, Route> routes(const std::string& smoothed, const std::string& base) {
  std::map<std::string, Route> paths{{"/", Route::page},
                                     {"/v2", Route::server},
                                     {"/v2/", Route::server},
                                     {"/v2/health/live", Route::live},
                                     {"/v2/health/ready", Route::ready},
                                     {"/metrics", Route::metrics},
                                     {"/demo", Route::demo},
                                     {"/demo/images", Route::samples}};
  for (const char* version : {"", "/versions/1"}) {
    const std::string first = "/v2/models/" + smoothed + version, second = "/v2/models/" + base + version;
    paths.insert({{first, Route::smoothed}, {first + "/ready", Route::smoothed_ready}, {first + "/infer", Route::smoothed_infer}});
    paths.insert({{second, Route::base}, {second + "/ready", Route::base_ready}, {second + "/infer", Route::base_infer}});
  }
  return paths;
}

}  // namespace ballast::serve
