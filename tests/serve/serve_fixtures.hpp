// SPDX-License-Identifier: Apache-2.0
//
// A server on a port of its own, and what a client sends to it.

#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "ballast/model/callback_classifier.hpp"
#include "ballast/protocol/infer.hpp"
#include "ballast/serve/server.hpp"
#include "smooth/smooth_fixtures.hpp"

namespace ballast::serve {

using Json = nlohmann::json;

inline const ImageShape small{1, 2, 2};
constexpr std::uint64_t known_seed = 7;

inline ServiceOptions small_options() {
  ServiceOptions options;
  options.name = "m";
  options.samples = 1000;
  options.threads = 2;
  options.new_seed = [] { return known_seed; };
  return options;
}

inline ServerOptions any_port() {
  ServerOptions options;
  options.port = 0;
  options.patience = std::chrono::seconds(1);
  options.connections = 16;
  options.version = "test";
  return options;
}

// Runs from its construction to its end.
class RunningServer {
 public:
  explicit RunningServer(const model::Classifier& classifier, const ServiceOptions& service = small_options(),
                         const ServerOptions& server = any_port())
      : service_(classifier, service), server_(service_, server), thread_([this] { server_.run(); }) {}
  ~RunningServer() { stop(); }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  void stop() {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }

  int port() const { return server_.port(); }
  Service& service() { return service_; }

  httplib::Client client() const {
    httplib::Client client("127.0.0.1", port());
    client.set_read_timeout(60);
    return client;
  }

 private:
  Service service_;
  Server server_;
  std::thread thread_;
};

inline const std::string infer_path = "/v2/models/m/infer";
inline const std::string base_path = "/v2/models/m-base/infer";

// A request for one grey image of 2x2 pixels, with these parameters.
inline std::string request_json(int level, const Json& parameters = Json::object(), const std::string& id = "") {
  Json request{{"parameters", parameters},
               {"inputs", {{{"name", "image"}, {"datatype", "UINT8"}, {"shape", {1, 2, 2}}, {"data", std::vector<int>(4, level)}}}}};
  if (!id.empty()) request["id"] = id;
  return request.dump();
}

inline httplib::Result post(const RunningServer& server, const std::string& path, const std::string& body,
                            const httplib::Headers& headers = {}, const char* type = "application/json") {
  auto client = server.client();
  return client.Post(path.c_str(), headers, body, type);
}

// The output of this name in a response of JSON.
inline Json output(const std::string& body, const std::string& name) {
  const Json response = Json::parse(body);
  for (const Json& tensor : response["outputs"]) {
    if (tensor["name"] == name) return tensor["data"];
  }
  return nullptr;
}

inline ::testing::AssertionResult refused(const httplib::Result& result, int status, const std::string& word) {
  if (!result) return ::testing::AssertionFailure() << "no response: " << httplib::to_string(result.error());
  const Json json = Json::parse(result->body, nullptr, false);
  const std::string message = json.is_object() && json.contains("error") ? json["error"].get<std::string>() : "";
  if (result->status == status && message.find(word) != std::string::npos && message.find('\n') == std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "status " << result->status << ": " << result->body;
}

inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// A connection on which anything can be sent.
class RawConnection {
 public:
  explicit RawConnection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    const timeval patience{30, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
  }
  ~RawConnection() { close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // Whether the server took all of it, or at least the machine in its name.
  bool send(const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t count = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }
  void end_sending() { shutdown(socket_, SHUT_WR); }
  // Until the server closes the connection; "waiting" where it does not.
  std::string read_all() {
    std::string text;
    char part[4096];
    ssize_t count;
    while ((count = recv(socket_, part, sizeof part, 0)) > 0) text.append(part, static_cast<std::size_t>(count));
    return count == 0 || errno == ECONNRESET ? text : "waiting";
  }

  // What is there at once, and what comes until this is in it.
  std::string read_until(const std::string& end) {
    std::string text;
    char part[4096];
    ssize_t count;
    while (text.find(end) == std::string::npos && (count = recv(socket_, part, sizeof part, 0)) > 0)
      text.append(part, static_cast<std::size_t>(count));
    return text;
  }
  // Whether the server has said something, or closed the connection.
  bool has_ended() {
    char byte;
    const ssize_t count = recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

 private:
  int socket_;
};

// A classifier that answers 1, while the gate is open.
class Gate {
 public:
  std::unique_ptr<model::Classifier> classifier() {
    return model::classifier_from(
        [this](std::span<const float>, std::span<Label> labels) {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [&] { return open_; });
          std::fill(labels.begin(), labels.end(), 1);
        },
        small, 2, 20);
  }
  void open() { set(true); }
  void close() { set(false); }

 private:
  void set(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
};

}  // namespace ballast::serve
