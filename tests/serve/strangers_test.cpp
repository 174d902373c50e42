// SPDX-License-Identifier: Apache-2.0
//
// Requests that a browser sends for pages of others: read by nobody who should not, and not answered where they could be.

#include "serve_fixtures.hpp"

namespace ballast::serve::strangers_test {
namespace {

std::unique_ptr<model::Classifier> constant_classifier() { return smooth::linear_classifier({0, 0, 0, 0}, 1, small, 20); }

std::string status_of(const RunningServer& server, const std::string& first_line, const std::string& fields, const std::string& body = "") {
  RawConnection connection(server.port());
  const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  connection.send(first_line + " HTTP/1.1\r\nConnection: close\r\n" + length + fields + "\r\n" + body);
  return connection.read_all().substr(9, 3);
}

TEST(Strangers, NamesLeadHereOnlyWhereTheyAreKnown) {
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.host_names = {"certs.example"};
  const RunningServer server(*classifier, small_options(), options);
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:8000", "[::1]:8000", "192.0.2.7", "localhost", "LocalHost:8000", "certs.example", "Certs.Example:80"}) {
    for (const char* path : {"GET /", "GET /v2", "GET /metrics", "GET /v2/health/live"})
      EXPECT_EQ(status_of(server, path, "Host: " + std::string(host) + "\r\n"), "200") << host << path;
    EXPECT_EQ(status_of(server, "POST " + infer_path, "Host: " + std::string(host) + "\r\n", request_json(1)), "200") << host;
  }
  for (const char* host : {"evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "certs.example.evil",
                           "", "[::1", "2130706433"}) {
    for (const char* path : {"GET /", "GET /v2", "GET /metrics", "GET /nothing", "POST /v2"})
      EXPECT_EQ(status_of(server, path, "Host: " + std::string(host) + "\r\n"), "403") << host << path;
    EXPECT_EQ(status_of(server, "POST " + infer_path, "Host: " + std::string(host) + "\r\n", request_json(1)), "403") << host;
    for (const char* path : {"GET /v2/health/live", "GET /v2/health/ready"})
      EXPECT_EQ(status_of(server, path, "Host: " + std::string(host) + "\r\n"), "200") << host << path;
  }
  EXPECT_EQ(status_of(server, "GET /v2", "Host: localhost\r\nHost: evil.example\r\n"), "400");
}

TEST(Strangers, PagesOfOthersAreNotAnswered) {
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.host_names = {"certs.example"};
  const RunningServer server(*classifier, small_options(), options);
  const std::string json = "Content-Type: application/json\r\n";
  const auto status = [&](const std::string& host, const std::string& origin) {
    const std::string fields = "Host: " + host + "\r\nOrigin: " + origin + "\r\n" + json;
    return status_of(server, "POST " + infer_path, fields, request_json(1));
  };
  EXPECT_EQ(status("127.0.0.1:8000", "http://127.0.0.1:8000"), "200");
  EXPECT_EQ(status("LOCALHOST:8000", "http://localhost:8000"), "200");
  EXPECT_EQ(status("127.0.0.1:8000", "https://certs.example"), "200");  // behind a proxy
  for (const char* origin :
       {"http://127.0.0.1:9000", "http://localhost:8000", "https://evil.example", "null", "", "http://", "127.0.0.1:8000"})
    EXPECT_EQ(status("127.0.0.1:8000", origin), "403") << origin;
}

// A browser sends a body without a type across origins without asking first.
TEST(Strangers, ABodyWithoutATypeIsTakenFromNoPage) {
  const auto classifier = constant_classifier();
  for (const std::string token : {"", "s3cret"}) {
    ServerOptions options = any_port();
    options.token = token;
    const RunningServer server(*classifier, small_options(), options);
    const auto status = [&](const std::string& fields) {
      const std::string shown = token.empty() ? "" : "Authorization: Bearer " + token + "\r\n";
      return status_of(server, "POST " + infer_path, "Host: localhost\r\n" + shown + fields, request_json(1));
    };
    for (const char* fields : {"", "Sec-Fetch-Site: none\r\n", "Sec-Fetch-Site: same-origin\r\n"})
      EXPECT_EQ(status(fields), "200") << fields;
    for (const char* fields : {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n", "Origin: http://localhost\r\n"})
      EXPECT_EQ(status(fields), "415") << fields;
  }
}

TEST(Strangers, AServerThatWantsATokenHasAnyName) {
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.token = "s3cret";
  const RunningServer server(*classifier, small_options(), options);
  EXPECT_EQ(status_of(server, "GET /v2", "Host: evil.example\r\n"), "401");
  EXPECT_EQ(status_of(server, "GET /v2", "Host: certs.example\r\nAuthorization: Bearer s3cret\r\n"), "200");
}

}  // namespace
}  // namespace ballast::serve::strangers_test
