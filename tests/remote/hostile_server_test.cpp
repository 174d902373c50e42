// SPDX-License-Identifier: Apache-2.0
//
// Servers that answer too much, too slowly or never: how long they are waited for, and how much is taken from them.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "ballast/core/errors.hpp"
#include "ballast/remote/open.hpp"
#include "exchange.hpp"

namespace ballast::remote::hostile_server_test {
namespace {

// A socket that listens, and says to each client in turn what it is told to.
class RawServer {
 public:
  // talk: on a connection, once a request's head has come.
  explicit RawServer(std::function<void(RawServer&)> talk) : talk_(std::move(talk)), listening_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool listens = bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                         listen(listening_, 10) == 0 && getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (!listens) throw std::runtime_error("cannot listen");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~RawServer() {
    ending_ = true;
    shutdown(listening_, SHUT_RDWR);
    thread_.join();
    close(listening_);
  }

  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int requests() const { return requests_; }
  std::string last_request() const { return request_; }  // after the reply
  std::uint64_t sent() const { return sent_; }

  // False where the client has gone, or the test has ended.
  bool say(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t count = send(connection_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
      sent_ += static_cast<std::uint64_t>(count);
    }
    return !ending_;
  }

 private:
  void serve() {
    while ((connection_ = accept(listening_, nullptr, nullptr)) >= 0) {
      while (hears_request()) talk_(*this);
      close(connection_);
    }
  }

  bool hears_request() {
    std::string text;
    char part[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ending_ ? 0 : recv(connection_, part, sizeof part, 0);
      if (count <= 0) return false;
      text.append(part, static_cast<std::size_t>(count));
    }
    request_ = text;
    ++requests_;
    return true;
  }

  std::function<void(RawServer&)> talk_;
  int listening_ = -1, connection_ = -1, port_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> requests_{0};
  std::atomic<std::uint64_t> sent_{0};
  std::string request_;
  std::thread thread_;
};

constexpr std::size_t megabyte = 1'000'000;
const std::string ok = "HTTP/1.1 200 OK\r\n";

// What is wrong with the reply to one request.
std::string trouble_with(RawServer& server, double timeout = 600) {
  HttpConnection connection(server.address(), timeout);
  try {
    return connection.exchange({"GET", "/", {}, ""}, megabyte).trouble;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

void drip(RawServer& server, const std::string& first, const std::string& drop) {
  server.say(first);
  while (server.say(drop)) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void flood(RawServer& server, const std::string& first, const std::string& part) {
  server.say(first);
  while (server.say(part)) {
  }
}

TEST(HostileServer, HasSoMuchTimeForAReplyInAll) {
  for (const std::string& first :
       {std::string(""), ok + "X: ", ok + "Content-Length: 1000000\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n5"}) {
    RawServer server([&](RawServer& self) { drip(self, first, "1"); });
    const std::string trouble = trouble_with(server, 0.5);
    EXPECT_TRUE(trouble == "no whole reply within 0.5 seconds" || first.empty()) << trouble;
  }
  RawServer silent([](RawServer&) {});
  EXPECT_EQ(trouble_with(silent, 0.3), "no whole reply within 0.3 seconds");
}

TEST(HostileServer, MaySendSoMuchAndNoMore) {
  const std::string lines = [] {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
    return text;
  }();
  const auto refused = [](const std::string& first, const std::string& part) {
    RawServer server([&](RawServer& self) { flood(self, first, part); });
    const std::string trouble = trouble_with(server);
    EXPECT_LT(server.sent(), 30 * megabyte) << "beside what lies in the sockets' buffers";
    return trouble;
  };
  EXPECT_EQ(refused(ok, lines), "answered with a head of more than 65536 bytes");
  EXPECT_EQ(refused(ok + "X: ", std::string(10'000, 'y')), "answered with a head of more than 65536 bytes");
  EXPECT_EQ(refused(ok + "Content-Length: 3500000000\r\n\r\n", std::string(10'000, 'y')), "answered with more than 1000000 bytes");
  EXPECT_EQ(refused(ok + "\r\n", std::string(10'000, 'y')), "answered with more than 1000000 bytes");
  EXPECT_EQ(refused(ok + "Transfer-Encoding: chunked\r\n\r\n", "3e8\r\n" + std::string(1000, 'y') + "\r\n"),
            "answered with more than 1000000 bytes");
  EXPECT_NE(refused(ok + "Transfer-Encoding: chunked\r\n\r\n1;", std::string(10'000, 'y')), "");
  EXPECT_NE(refused(ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", lines), "");
  EXPECT_NE(refused("", std::string(10'000, 'y')), "");
  EXPECT_NE(refused("", "HTTP/1.1 100 Continue\r\n\r\n"), "");
}

TEST(HostileServer, IsAskedForNoCompressionAndNotBelievedOne) {
  RawServer server([](RawServer& self) { self.say(ok + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"); });
  EXPECT_EQ(trouble_with(server), "answered with a compressed body, which was not asked for");
  EXPECT_NE(server.last_request().find("Accept-Encoding: identity\r\n"), std::string::npos) << server.last_request();
}

TEST(HostileServer, EndsARunByOneLine) {
  RawServer server([](RawServer& self) { flood(self, ok + "\r\n", std::string(10'000, 'y')); });
  Options options;
  options.shape = {1, 2, 2};
  options.classes = 2;
  try {
    open(server.address() + "/v2/models/m", options);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()), server.address() + "/v2/models/m: answered with more than 4194304 bytes");
  }
  EXPECT_EQ(server.requests(), 1);
}

TEST(Exchange, KeepsItsConnectionAndOpensAnotherWhereItIsClosed) {
  RawServer server([&](RawServer& self) {
    self.say(self.requests() % 3 == 0 ? ok + "Connection: close\r\nContent-Length: 1\r\n\r\nx" : ok + "Content-Length: 1\r\n\r\nx");
  });
  HttpConnection connection(server.address(), 20);
  for (int i = 0; i < 7; ++i) {
    const HttpReply reply = connection.exchange({"POST", "/", {{"X", "y"}}, "body"}, 10);
    EXPECT_EQ(reply.status, 200) << reply.trouble;
    EXPECT_EQ(reply.body, "x");
  }
  EXPECT_EQ(server.requests(), 7);
}

TEST(Exchange, SaysWhyThereIsNoReply) {
  HttpConnection nobody("http://127.0.0.1:1", 20);
  EXPECT_NE(nobody.exchange({"GET", "/", {}, ""}, 10).trouble.find("cannot connect: "), std::string::npos);
  for (const char* address : {"http://", "http://a:b", "http://:80", "http://a b", "http://user@host", "http://[::1", "https://a:"})
    EXPECT_THROW(HttpConnection(address, 20), InputError) << address;
}

// Nobody's certificate is taken on trust.
TEST(Exchange, TakesNoWordsForTls) {
  RawServer server([](RawServer& self) { self.say(ok + "Content-Length: 1\r\n\r\nx"); });
  HttpConnection connection("https" + server.address().substr(4), 0.5);
  EXPECT_EQ(connection.exchange({"GET", "/", {}, ""}, 10).status, 0);
}

}  // namespace
}  // namespace ballast::remote::hostile_server_test
