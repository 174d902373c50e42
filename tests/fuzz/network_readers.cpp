// SPDX-License-Identifier: Apache-2.0
//
// What comes over the network and out of a pipe, from either side.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "answers.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "ballast/protocol/infer.hpp"
#include "ballast/protocol/metadata.hpp"
#include "ballast/remote/open.hpp"
#include "ballast/serve/server.hpp"
#include "http.hpp"
#include "readers.hpp"

namespace ballast::fuzz {
namespace {

constexpr ImageShape small{1, 1, 2};
constexpr int classes = 3;

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

const model::Classifier& classifier() {
  static const auto made = model::classifier_from(
      [](std::span<const float>, std::span<Label> labels) { std::fill(labels.begin(), labels.end(), 1); }, small, classes, 20);
  return *made;
}

serve::Service& service() {
  static serve::Service made(classifier(), [] {
    serve::ServiceOptions options;
    options.name = "m";
    options.samples = options.selection_samples = 20;
    options.threads = 1;
    options.images = 4;
    return options;
  }());
  return made;
}

// A connection, or what listens for one, that is closed in the end.
struct Socket {
  int descriptor;
  explicit Socket(int opened) : descriptor(opened) {
    if (descriptor < 0) throw std::logic_error("no socket");
  }
  ~Socket() { close(descriptor); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // What comes until the other side closes, or until this is in it.
  std::string receive(std::string_view until = {}) const {
    std::string text;
    char part[4096];
    for (ssize_t count; (count = recv(descriptor, part, sizeof part, 0)) > 0;) {
      text.append(part, static_cast<std::size_t>(count));
      if (!until.empty() && text.find(until) != std::string::npos) break;
    }
    return text;
  }
};

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// Ballast's own server, for as long as the process lasts.
int server_port() {
  static const int port = [] {
    serve::ServerOptions options;
    options.port = 0;
    options.patience = std::chrono::seconds(1);
    auto* server = new serve::Server(service(), options);
    std::thread([server] { server->run(); }).detach();
    return server->port();
  }();
  return port;
}

// A server that gives one of three replies as it is told: on itself, on its model, and on images.
class FalseServer {
 public:
  FalseServer() : listening_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    const auto* place = reinterpret_cast<const sockaddr*>(&address);
    if (bind(listening_.descriptor, place, sizeof address) != 0 || listen(listening_.descriptor, 10) != 0 ||
        getsockname(listening_.descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::logic_error("cannot listen");
    port_ = ntohs(address.sin_port);
    std::thread([this] { serve(); }).detach();
  }

  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v2/models/m"; }

  std::size_t given = 0;  // which of the replies
  std::string text;       // and what it is, head and all

 private:
  static std::string reply(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  void serve() {
    using namespace protocol;
    const std::string good[] = {
        reply(write(ServerMetadata{"s", "1", {"binary_tensor_data"}})),
        reply(write(ModelMetadata{"m", {"1"}, "p", {{"image", "FP32", {-1, 1, 1, 2}}}, {{"scores", "FP32", {-1, classes}}}})),
        reply(
            write(InferResponse{"m", "1", "1", {}, {{"scores", DataType::fp32, {1, classes}, std::vector<float>{0, 1, 0}, false}}}).body)};
    for (;;) {
      const Socket connection(accept(listening_.descriptor, nullptr, nullptr));
      for (;;) {
        const std::string request = connection.receive("\r\n\r\n");
        if (request.empty()) break;
        const std::size_t asked = request.starts_with("POST") ? 2 : request.starts_with("GET /v2/models") ? 1 : 0;
        connection.send_all(asked == given ? text : good[asked]);
        if (asked == given) break;
      }
    }
  }

  Socket listening_;
  int port_ = 0;
};

// A command that has said all that it will say.
class Said : public remote::Answers {
 public:
  explicit Said(Bytes bytes) : Answers("exec:said"), rest_(bytes) {}

 private:
  void wait_for_more(remote::Clock::time_point) override {
    if (rest_.empty()) throw std::runtime_error(who_ + " ended");
    const std::size_t count = std::min<std::size_t>(rest_.size(), 7);
    output_.insert(output_.end(), rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(count));
    rest_ = rest_.subspan(count);
  }

  Bytes rest_;
};

}  // namespace

// The body of a request to each of the models. The first two bytes, where they are not 0, are the length of the JSON before tensors.
void read_request(Bytes input) {
  if (input.size() < 2) return;
  const std::size_t length = input[0] + 256U * input[1];
  const auto header = length > 0 ? std::optional(length) : std::nullopt;
  const std::string_view body = text_of(input.subspan(2));
  is_read([&] { protocol::read_request(body, header); });
  is_read([&] { service().smoothed(body, header); });
  is_read([&] { service().base(body, header); });
}

// All that a client sends.
void read_http(Bytes input) {
  const int port = server_port();
  const Socket connection(socket(AF_INET, SOCK_STREAM, 0));
  const sockaddr_in address = local(port);
  if (connect(connection.descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::logic_error("the server cannot be reached");
  connection.send_all(text_of(input));
  shutdown(connection.descriptor, SHUT_WR);
  const std::string reply = connection.receive();
  if (!reply.empty() && !reply.starts_with("HTTP/1.")) throw std::logic_error("the server's reply is no HTTP");
}

// What a server replies with. The first byte says to which of the client's three requests.
void read_reply(Bytes input) {
  static auto* const server = new FalseServer;
  if (input.empty()) return;
  server->given = input[0] % 3;
  server->text = text_of(input.subspan(1));
  is_read<std::runtime_error>([&] {
    remote::Options options;
    options.shape = small;
    options.timeout = 1;
    options.retries = 0;
    const auto peers = remote::servers(server->address(), options);
    std::vector<Label> labels(1);
    peers->another([](std::size_t) {})->ask(std::vector<float>(2), labels);
  });
  // Without the way there.
  const std::string_view body = text_of(input.subspan(1));
  is_read([&] { protocol::read_response(body, {}); });
  is_read([&] { protocol::read_server_metadata(body); });
  is_read([&] { protocol::read_model_metadata(body); });
  protocol::read_error(body);
}

// What a command answers for three images.
void read_answer(Bytes input) {
  std::vector<Label> labels(3);
  is_read<std::runtime_error>([&] { Said(input).read_labels(labels, classes, {}); });
}

}  // namespace ballast::fuzz
