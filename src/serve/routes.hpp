// SPDX-License-Identifier: Apache-2.0
//
// What stands at which path.

#pragma once

#include <map>
#include <string>

namespace ballast::serve {

enum class Route {
  page,
  server,
  live,
  ready,
  metrics,
  smoothed,
  smoothed_ready,
  smoothed_infer,
  base,
  base_ready,
  base_infer,
  demo,
  samples
};

// With a body; the others are asked by GET or HEAD.
bool is_asked_by_post(Route route);

// Asked by those who look after machines, under whatever name they know this one.
bool is_health(Route route);

// Without a token too.
bool is_open_to_all(Route route);

// smoothed, base: the models' names.
std::map<std::string, Route> routes(const std::string& smoothed, const std::string& base);

}  // namespace ballast::serve
