// SPDX-License-Identifier: Apache-2.0
//
// What HTTP asks of a server beside answers: connections that are kept, bodies that are asked for first, older clients.

#include "serve_fixtures.hpp"

namespace ballast::serve::conversation_test {
namespace {

std::unique_ptr<model::Classifier> constant_classifier() { return smooth::linear_classifier({0, 0, 0, 0}, 1, small, 20); }

std::string post_text(const std::string& path, const std::string& body, const std::string& more = "") {
  return "POST " + path +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         more + "\r\n" + body;
}

int times(const std::string& part, const std::string& text) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Conversation, AnswersRequestsThatComeAtOnceInTheirOrder) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  RawConnection connection(server.port());
  connection.send(post_text(infer_path, request_json(1)) + post_text("/nothing", "{}") + "HEAD / HTTP/1.1\r\n\r\n" +
                  post_text(base_path, request_json(1), "Connection: close\r\n") + "GET / HTTP/1.1\r\n\r\n");
  const std::string reply = connection.read_all();
  EXPECT_EQ(times("HTTP/1.1 ", reply), 4) << reply;
  EXPECT_LT(reply.find("200 OK"), reply.find("404 Not Found"));
  EXPECT_EQ(times("200 OK", reply), 3);
  EXPECT_EQ(reply.find("<html"), std::string::npos) << "HEAD has no body";
}

TEST(Conversation, AsksForABodyThatWaitsToBeAskedFor) {
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.token = "s3cret";
  const RunningServer server(*classifier, small_options(), options);
  const std::string body = request_json(1), head = post_text(infer_path, "").substr(0, post_text(infer_path, "").find("Content-Length"));
  const std::string rest = "Content-Length: " + std::to_string(body.size()) + "\r\nExpect: 100-continue\r\n\r\n";
  RawConnection allowed(server.port()), refused(server.port());
  allowed.send(head + "Authorization: Bearer s3cret\r\nConnection: close\r\n" + rest);
  EXPECT_EQ(allowed.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  allowed.send(body);
  EXPECT_TRUE(allowed.read_all().starts_with("HTTP/1.1 200 OK"));
  refused.send(head + rest);
  EXPECT_TRUE(refused.read_until("}").starts_with("HTTP/1.1 401"));
}

TEST(Conversation, RefusesBeforeTheBodyIsThere) {
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.token = "s3cret";
  const RunningServer server(*classifier, small_options(), options);
  for (const char* length : {"Content-Length: 1000", "Content-Length: 4000000", "Content-Length: 5000000", "Transfer-Encoding: chunked"}) {
    RawConnection connection(server.port());
    connection.send("POST /v2/models/m/infer HTTP/1.1\r\nContent-Type: application/json\r\n" + std::string(length) + "\r\n\r\n");
    EXPECT_TRUE(connection.read_until("}").starts_with("HTTP/1.1 401")) << length;
  }
  RawConnection connection(server.port());
  connection.send(
      "POST /v2/models/m/infer HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer s3cret\r\nContent-Length: "
      "5000000\r\n\r\n");
  EXPECT_TRUE(connection.read_until("}").starts_with("HTTP/1.1 413"));
}

TEST(Conversation, SpeaksToClientsOfHttp10) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  RawConnection plain(server.port()), kept(server.port()), told(server.port());
  plain.send("GET /v2/health/live HTTP/1.0\r\n\r\n");
  EXPECT_NE(plain.read_all().find("{\"live\":true}"), std::string::npos);
  kept.send("GET /v2/health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /v2/health/live HTTP/1.0\r\n\r\n");
  EXPECT_EQ(times("{\"live\":true}", kept.read_all()), 2);
  const std::string body = request_json(1);
  told.send("POST /demo HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  const std::string reply = told.read_all();
  EXPECT_EQ(reply.find("chunked"), std::string::npos);
  EXPECT_NE(reply.find("\r\n\r\n{\"pictures\""), std::string::npos) << reply;
  EXPECT_NE(reply.find("\"outputs\""), std::string::npos);
}

TEST(Conversation, UnderstandsAPathHoweverItIsWritten) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  auto client = server.client();
  for (const char* path : {"/v2/models/%6d", "/v2/models/m?x=1", "/v2/health/live?", "/v2/health/live?a=%zz&b"})
    EXPECT_EQ(client.Get(path)->status, 200) << path;
  for (const char* path : {"/v2/models/%6", "/v2/models/%zz", "/v2/models/m%00", "/v2/models/m%2finfer?", "*"}) {
    RawConnection connection(server.port());
    connection.send("GET " + std::string(path) + " HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(connection.read_all().find("200 OK"), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace ballast::serve::conversation_test
