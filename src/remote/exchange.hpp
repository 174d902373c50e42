// SPDX-License-Identifier: Apache-2.0
//
// Requests of HTTP over one connection, with a bound on the time and on the bytes of each reply, whatever the server does.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast::remote {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method, path;
  Fields fields;
  std::string body;
};

struct HttpReply {
  int status = 0;  // 0: there is none, and `trouble` says why
  Fields fields;
  std::string body;
  std::string trouble;

  std::string value(std::string_view name) const;  // of the first field of this name, in whatever case; empty where there is none
};

class HttpConnection {
 public:
  // server: "http://HOST[:PORT]" or "https://...", HOST a name, an IPv4 address or an IPv6 address in brackets. Connects with the first
  // request, and again where the server has closed the connection. Certificates are checked against those that the system trusts.
  // Throws InputError where this is no such address.
  HttpConnection(const std::string& server, double timeout);
  ~HttpConnection();

  // A reply that has come whole within the timeout, from the beginning of the connection to the reply's last byte; no status where
  // none has. Throws std::runtime_error for a reply that is no HTTP, has a head of more than 64 KiB, a body of more than
  // most_body bytes or a compressed one, which is never asked for.
  HttpReply exchange(const HttpRequest& request, std::size_t most_body);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ballast::remote
