// SPDX-License-Identifier: Apache-2.0

#include "places.hpp"

namespace ballast::serve {

bool is_asked_by_post(Place place) { return place == Place::smoothed_infer || place == Place::base_infer || place == Place::demo; }

bool is_health(Place place) { return place == Place::live || place == Place::ready; }

bool is_open_to_all(Place place) { return place == Place::page || is_health(place); }

std::map<std::string, Place> places_of(const std::string& smoothed, const std::string& base) {
  std::map<std::string, Place> places{{"/", Place::page},
                                      {"/v2", Place::server},
                                      {"/v2/", Place::server},
                                      {"/v2/health/live", Place::live},
                                      {"/v2/health/ready", Place::ready},
                                      {"/metrics", Place::metrics},
                                      {"/demo", Place::demo}};
  for (const char* version : {"", "/versions/1"}) {
    const std::string first = "/v2/models/" + smoothed + version, second = "/v2/models/" + base + version;
    places.insert({{first, Place::smoothed}, {first + "/ready", Place::smoothed_ready}, {first + "/infer", Place::smoothed_infer}});
    places.insert({{second, Place::base}, {second + "/ready", Place::base_ready}, {second + "/infer", Place::base_infer}});
  }
  return places;
}

}  // namespace ballast::serve
