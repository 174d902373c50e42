// SPDX-License-Identifier: Apache-2.0
//
// Clients that send too much, too slowly or never, and those who do not take what they asked for: what they cost, and whom they hold up.

#include <deque>
#include <future>

#include "serve_fixtures.hpp"

namespace ballast::serve::slow_clients_test {
namespace {

using std::chrono::seconds;

std::unique_ptr<model::Classifier> constant_classifier() { return smooth::linear_classifier({0, 0, 0, 0}, 1, small, 20); }

const std::string post_head = "POST /v2/models/m/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

ServerOptions patient() {
  ServerOptions options = any_port();
  options.patience = seconds(600);
  return options;
}

// The status, where the body is a line of JSON that says what is wrong.
std::string status_in(const std::string& reply) {
  const std::size_t body = reply.find("\r\n\r\n{\"error\":\"");
  return reply.starts_with("HTTP/1.1 ") && body != std::string::npos && reply.find('\n', body + 4) == std::string::npos
             ? reply.substr(9, 3)
             : "no refusal: " + reply;
}

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
  return text;
}

TEST(SlowClients, MaySendAHeadOfSoManyLinesAndBytes) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  const auto reply_to = [&](const std::string& text) {
    RawConnection connection(server.port());
    connection.send(text);
    return connection.read_all();
  };
  const std::string first = "GET /v2/health/live HTTP/1.1\r\nConnection: close\r\n";
  EXPECT_NE(reply_to(first + lines(99) + "\r\n").find("200 OK"), std::string::npos);
  EXPECT_EQ(status_in(reply_to(first + lines(100) + "\r\n")), "431");
  EXPECT_EQ(status_in(reply_to(first + "X: " + std::string(17'000, 'y') + "\r\n\r\n")), "431");
  EXPECT_EQ(status_in(reply_to("GET /" + std::string(17'000, 'y') + " HTTP/1.1\r\n\r\n")), "431");
  EXPECT_EQ(status_in(reply_to(first + lines(50'000))), "431");  // no end of the head is waited for
}

// What comes is dropped until the client has read that it is refused, but not for ever.
TEST(SlowClients, MayNotSendHeadersWithoutEnd) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier, small_options(), patient());
  RawConnection connection(server.port());
  connection.send("GET / HTTP/1.1\r\n");
  std::string megabyte;  // of lines of 16 bytes, so that whatever is read ends with one
  for (int i = 0; i < 65'536; ++i) megabyte += "X-abcdef: yyyy\r\n";
  int sent = 0;
  while (sent < 500 && connection.send(megabyte)) ++sent;
  EXPECT_LT(sent, 100);
}

TEST(SlowClients, HaveSoMuchTimeForAHeadInAll) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  RawConnection head(server.port()), body(server.port());
  head.send("GET / HTTP/1.1\r\nX: ");
  body.send(post_head + "Content-Length: 1000\r\n\r\n");
  int drops = 0;
  for (; drops < 100 && !(head.has_ended() && body.has_ended()); ++drops) {
    head.send("y");
    body.send(" ");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_LT(drops, 100);
  EXPECT_EQ(status_in(head.read_all()), "408");
  EXPECT_EQ(status_in(body.read_all()), "408");
}

TEST(SlowClients, HoldNoPlaceThatOthersNeed) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier, small_options(), patient());  // with 16 places
  std::deque<RawConnection> hanging;
  for (int i = 0; i < 120; ++i) {
    hanging.emplace_back(server.port());
    if (i % 4 == 1) hanging.back().send("GET / HTTP/1.1\r\nX");
    if (i % 4 == 2) hanging.back().send(post_head + "Content-Length: 1000\r\n\r\n{");
    if (i % 4 == 3) {  // asks, and does not take the answers
      std::string questions;
      for (int j = 0; j < 500; ++j) questions += "GET / HTTP/1.1\r\n\r\n";
      hanging.back().send(questions);
    }
    EXPECT_EQ(server.client().Get("/v2/health/live")->status, 200) << i;
  }
  EXPECT_EQ(post(server, infer_path, request_json(1))->status, 200);
}

TEST(SlowClients, DoNotTakeThePlaceOfARequestThatIsBeingAnswered) {
  Gate gate;
  const auto classifier = gate.classifier();
  RunningServer server(*classifier, small_options(), patient());
  gate.close();
  auto answer = std::async(std::launch::async, [&] { return post(server, infer_path, request_json(1))->status; });
  ASSERT_TRUE(eventually([&] { return server.service().state().served == 1; }));
  std::deque<RawConnection> hanging;
  for (int i = 0; i < 100; ++i) hanging.emplace_back(server.port());
  EXPECT_EQ(server.client().Get("/v2/health/live")->status, 200);
  gate.open();
  EXPECT_EQ(answer.get(), 200);
}

TEST(SlowClients, DoNotKeepTheServerFromEnding) {
  const auto classifier = constant_classifier();
  RunningServer server(*classifier, small_options(), patient());
  RawConnection silent(server.port()), in_head(server.port()), in_body(server.port()), refused(server.port());
  in_head.send("GET / HT");
  in_body.send(post_head + "Content-Length: 100\r\n\r\n{");
  refused.send("POST /nothing HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n");
  EXPECT_EQ(server.client().Get("/v2/health/live")->status, 200);
  server.stop();  // would else wait for ten minutes, which no test may take
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(in_head.read_all(), "");
  EXPECT_EQ(in_body.read_all(), "");
}

TEST(SlowClients, MayHoldSoManyBytesInAll) {
  constexpr std::size_t mebibyte = 1 << 20;
  const auto classifier = constant_classifier();
  ServerOptions options = patient();
  options.most_body = 32 * mebibyte;
  const RunningServer server(*classifier, small_options(), options);
  std::deque<RawConnection> hanging;
  for (int i = 0; i < 6; ++i) {
    hanging.emplace_back(server.port());
    hanging.back().send(post_head + "Content-Length: 33554432\r\n\r\n" + std::string(30 * mebibyte, ' '));
  }
  const auto refused = [&] { return std::count_if(hanging.begin(), hanging.end(), [](auto& one) { return one.has_ended(); }); };
  ASSERT_TRUE(eventually([&] { return refused() >= 4; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(post(server, infer_path, std::string(10 * mebibyte, ' '))->status, 400);  // no JSON, but it was read
  for (RawConnection& one : hanging) {
    if (one.has_ended()) EXPECT_EQ(status_in(one.read_all()), "429");
  }
}

TEST(SlowClients, MayNotHideWithinChunks) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier, small_options(), patient());
  for (const std::string& start : {std::string("1;x="), std::string("1\r\n{\r\n0\r\nX: "), std::string(5000, '0')}) {
    RawConnection connection(server.port());
    connection.send(post_head + "Transfer-Encoding: chunked\r\n\r\n" + start);
    for (int i = 0; i < 100; ++i) connection.send(std::string(1000, start.back() == '0' ? '0' : 'y'));
    EXPECT_EQ(status_in(connection.read_all()), "400");
  }
}

}  // namespace
}  // namespace ballast::serve::slow_clients_test
