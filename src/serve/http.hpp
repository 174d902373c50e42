// SPDX-License-Identifier: Apache-2.0
//
// A request's head and a reply, as HTTP has them. No library in here.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast::serve {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct RequestHead {
  std::string method;
  std::string path;  // decoded, without what follows a '?'
  Fields fields;

  // Of the first field of this name, in whatever case; empty where there is none.
  std::string_view value(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  bool has(std::string_view name) const { return count(name) > 0; }
};

// Takes text to the client, and never waits for it. False: nobody listens any more.
using Sink = std::function<bool(std::string text)>;

struct Reply {
  int status = 200;
  std::string type, body;
  Fields fields;
  std::function<void(const Sink&)> stream;  // instead of the body: tells it in pieces
};

// Whether two texts are the same but for the case of ASCII letters.
bool same_but_for_case(std::string_view a, std::string_view b);

// %41 is A. What is not written so stays as it is.
std::string percent_decoded(std::string_view text);

}  // namespace ballast::serve
