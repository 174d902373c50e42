// SPDX-License-Identifier: Apache-2.0

#include "strangers.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace ballast::serve {

namespace {

// "host:8000", "[::1]:8000" without the port.
std::string host_in(std::string_view authority) {
  if (!authority.starts_with('[')) return std::string(authority.substr(0, authority.find(':')));
  const std::size_t end = authority.find(']');
  return end == std::string_view::npos ? "" : std::string(authority.substr(1, end - 1));
}

bool is_ip_address(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_among(const std::string& host, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return same_but_for_case(name, host); });
}

// What stands in a browser's Origin behind "http://"; empty where it hides its page.
std::string_view authority_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

}  // namespace

std::optional<Problem> problem_with_names(const RequestHead& head, const std::string& listening, const std::vector<std::string>& names) {
  if (head.count("Host") > 1 || head.count("Origin") > 1) return Problem{400, "the headers Host and Origin may stand there once"};
  const std::string_view authority = head.value("Host");
  const std::string host = host_in(authority);
  const bool known = !head.has("Host") || is_ip_address(host) || is_among(host, {"localhost", listening}) || is_among(host, names);
  if (!known) return Problem{403, "Host: an IP address, localhost or a name of this server is needed (serve --host-name NAME)"};
  const std::string_view origin = authority_of(head.value("Origin"));
  const bool own = !head.has("Origin") || (!origin.empty() && (same_but_for_case(origin, authority) || is_among(host_in(origin), names)));
  if (!own) return Problem{403, "Origin: requests of other pages are not answered (serve --host-name NAME, or a token)"};
  return std::nullopt;
}

bool is_from_another_page(const RequestHead& head) {
  const std::string_view site = head.value("Sec-Fetch-Site");
  return head.has("Origin") || !(site.empty() || site == "same-origin" || site == "none");
}

}  // namespace ballast::serve
