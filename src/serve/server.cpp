// SPDX-License-Identifier: Apache-2.0

#include "ballast/serve/server.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "ballast/core/errors.hpp"
#include "ballast/protocol/metadata.hpp"
#include "dealings_log.hpp"
#include "metrics.hpp"
#include "page_template.hpp"
#include "places.hpp"
#include "response.hpp"
#include "token.hpp"

namespace ballast::serve {

namespace {

using Clock = std::chrono::steady_clock;
using httplib::Request;
using httplib::Response;

constexpr int kBacklog = 1024;  // connections that wait to be accepted
constexpr std::size_t kRequestsAConnection = 100'000;
constexpr std::chrono::seconds kIdle{5};  // a connection that waits for its next request
// Before a refusal for want of a place, so that refusing leaves the cores to those who have one.
constexpr std::chrono::milliseconds kPause{50};
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

struct Server::Parts {
  Service& service;
  const ServerOptions options;
  const std::map<std::string, Place> places;
  DealingsLog log;
  Metrics metrics;
  httplib::Server http;
  socket_t listening = INVALID_SOCKET;
  int port = 0;

  enum class Phase { before, running, ended };
  std::mutex mutex;
  std::condition_variable changed;
  Phase phase = Phase::before;

  Parts(Service& served, const ServerOptions& wanted)
      : service(served),
        options(wanted),
        places(places_of(served.metadata().name, served.base_name())),
        log(wanted.log, served.identity()) {
    add_handlers();
    port = options.port == 0 ? http.bind_to_any_port(options.host) : http.bind_to_port(options.host, options.port) ? options.port : -1;
    require(port > 0,
            fmt::format("{}:{}: cannot be listened on (is the port taken, or the host not this machine's?)", options.host, options.port));
    ::listen(listening, kBacklog);  // again: the library's own backlog of 5 loses connections that come all at once
  }

  // False where it was stopped before.
  bool begin() {
    const std::lock_guard lock(mutex);
    if (phase == Phase::ended) return false;
    phase = Phase::running;
    return true;
  }

  void end() {
    const std::lock_guard lock(mutex);
    phase = Phase::ended;
    changed.notify_all();
  }

  // The library stops only what runs already.
  void stop() {
    std::unique_lock lock(mutex);
    if (phase == Phase::before) phase = Phase::ended;
    if (phase == Phase::ended) return;
    while (phase == Phase::running && !http.is_running()) changed.wait_for(lock, std::chrono::milliseconds(1));
    http.stop();
    changed.wait(lock, [&] { return phase == Phase::ended; });
  }

  // Only one server listens on a port: no SO_REUSEPORT, which the library would set.
  void prepare(socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    listening = socket;
  }

  void add_handlers() {
    http.new_task_queue = [this] { return new httplib::ThreadPool(options.connections); };
    http.set_socket_options([this](socket_t socket) { prepare(socket); });
    http.set_tcp_nodelay(true);
    http.set_keep_alive_max_count(kRequestsAConnection);
    http.set_keep_alive_timeout(kIdle.count());
    http.set_read_timeout(options.patience);
    http.set_write_timeout(options.patience);
    http.set_payload_max_length(options.most_body);
    http.set_pre_routing_handler([this](const Request& request, Response& response) {
      if (has_body(request.method)) return httplib::Server::HandlerResponse::Unhandled;
      answer_without_body(request, response);
      return httplib::Server::HandlerResponse::Handled;
    });
    const auto with_body = [this](const Request& request, Response& response, const httplib::ContentReader& reader) {
      answer_with_body(request, response, reader);
    };
    http.Post(".*", with_body).Put(".*", with_body).Patch(".*", with_body).Delete(".*", with_body);
    http.set_error_handler([](const Request&, Response& response) {
      if (response.body.empty()) answer(response, Problem{response.status, usual_message(response.status)});
    });
    http.set_exception_handler(
        [](const Request&, Response& response, std::exception_ptr exception) { answer(response, problem_of(exception)); });
  }

  static bool has_body(const std::string& method) { return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE"; }

  // What is wrong with a request whatever its body says.
  std::optional<Problem> problem_with(const Request& request) const {
    const auto place = places.find(request.path);
    if (place == places.end() || !is_open_to_all(place->second)) {
      const bool allowed = options.token.empty() || shows_token(request.get_header_value("Authorization"), options.token);
      if (!allowed) return Problem{401, "the header Authorization does not show this server's token"};
    }
    if (place == places.end()) return Problem{404, "there is nothing at this path; the models are listed by GET /v2"};
    const char* wanted = is_asked_by_post(place->second) ? "POST" : "GET";
    if (request.method != wanted && !(request.method == "HEAD" && wanted == std::string_view("GET")))
      return Problem{405, fmt::format("this path is for {}", wanted)};
    return std::nullopt;
  }

  void answer_without_body(const Request& request, Response& response) {
    response.set_header("X-Content-Type-Options", "nosniff");
    if (const auto problem = problem_with(request)) return answer(response, *problem);
    response.status = 200;
    switch (places.find(request.path)->second) {
      case Place::page: return show_page(response);
      case Place::server: return response.set_content(server_metadata(), kJson);
      case Place::live: return response.set_content(R"({"live":true})", kJson);
      case Place::ready: return show_ready(response, R"({"ready":true})");
      case Place::smoothed_ready: return show_ready(response, fmt::format(R"({{"name":"{}","ready":true}})", service.metadata().name));
      case Place::base_ready: return show_ready(response, fmt::format(R"({{"name":"{}","ready":true}})", service.base_name()));
      case Place::metrics: return response.set_content(metrics.text(service.state()), "text/plain; version=0.0.4");
      case Place::smoothed: return response.set_content(protocol::write(service.metadata()), kJson);
      case Place::base: return response.set_content(protocol::write(service.base_metadata()), kJson);
      case Place::smoothed_infer:
      case Place::base_infer:
      case Place::demo: return;
    }
  }

  void show_page(Response& response) const {
    response.set_header("Content-Security-Policy", kPagePolicy);
    response.set_header("Cache-Control", "no-cache");
    response.set_content(page_template.data(), page_template.size(), "text/html; charset=utf-8");
  }

  void show_ready(Response& response, const std::string& text) const {
    if (!service.state().ready) return answer(response, Problem{503, "the server is shutting down"});
    response.set_content(text, kJson);
  }

  std::string server_metadata() const {
    nlohmann::ordered_json metadata = nlohmann::ordered_json::parse(
        protocol::write(protocol::ServerMetadata{"ballast", options.version, {std::string(protocol::binary_extension)}}));
    metadata["models"] = {service.metadata().name, service.base_name()};
    return metadata.dump();
  }

  void answer_with_body(const Request& request, Response& response, const httplib::ContentReader& reader) {
    response.set_header("X-Content-Type-Options", "nosniff");
    const bool has_length = request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
    if (!has_length) return answer(response, Problem{411, "Content-Length is needed"});
    if (request.is_multipart_form_data()) return answer(response, Problem{415, "the body is JSON, or JSON and bytes, not a form"});
    std::optional<Problem> problem = problem_with(request);
    if (!problem) problem = problem_with_type(request);
    std::string body;
    const auto trouble = read(reader, problem ? 0 : options.most_body, body, response);
    if (problem || trouble) return answer(response, problem ? *problem : *trouble);
    answer_infer(request, std::move(body), response);
  }

  static std::optional<Problem> problem_with_type(const Request& request) {
    const std::string type = request.get_header_value("Content-Type");
    if (type.empty() || is_media_type(type, kJson) || is_media_type(type, kBytes)) return std::nullopt;
    return Problem{415, fmt::format("Content-Type: {} or {} is needed", kJson, kBytes)};
  }

  // The body; what is beyond `most` is read and dropped, so that the connection stays in step, as long as a client's patience allows.
  std::optional<Problem> read(const httplib::ContentReader& reader, std::size_t most, std::string& body, Response& response) const {
    std::size_t size = 0;
    const Clock::time_point start = Clock::now();
    const bool whole = reader([&](const char* data, std::size_t length) {
      size += length;
      if (size <= most) body.append(data, length);
      return Clock::now() - start < 3 * options.patience;
    });
    if (size > most || response.status == 413) return Problem{413, fmt::format("the body is longer than {} bytes", options.most_body)};
    if (!whole) return Problem{400, "the body did not come whole, or not in time"};
    return std::nullopt;
  }

  void answer_infer(const Request& request, std::string body, Response& response) {
    const Place place = places.find(request.path)->second;
    if (place == Place::demo) return stream(request, std::move(body), response);
    const Clock::time_point start = Clock::now();
    try {
      const auto header_length = header_length_of(request);
      if (place == Place::base_infer) answer(response, protocol::write(service.base(body, header_length)));
      else answer(response, protocol::write(certified(body, header_length, {})));
    } catch (...) {
      answer(response, problem_of(std::current_exception()));
    }
    metrics.add_request(place == Place::base_infer ? service.base_name() : service.metadata().name, response.status, seconds_since(start));
    if (response.status == 429) std::this_thread::sleep_for(kPause);
  }

  protocol::InferResponse certified(const std::string& body, std::optional<std::size_t> header_length, const Watcher& watcher) {
    Service::Smoothed smoothed = service.smoothed(body, header_length, watcher);
    log.add(smoothed.dealing);
    metrics.add_answers(smoothed.dealing);
    return std::move(smoothed.response);
  }

  // Lines of JSON while the votes come in; the last one holds the response, or what went wrong.
  void stream(const Request& request, std::string body, Response& response) {
    const auto header_length = header_length_of(request);
    response.set_header("Cache-Control", "no-store");
    response.set_chunked_content_provider(
        "application/x-ndjson", [this, header_length, text = std::move(body)](std::size_t, httplib::DataSink& sink) {
          const auto write = [&](const std::string& line) { return sink.write((line + "\n").data(), line.size() + 1); };
          const Clock::time_point start = Clock::now();
          int status = 200;
          std::string last;
          try {
            protocol::InferResponse whole = certified(text, header_length, write);
            for (protocol::Tensor& tensor : whole.outputs) tensor.binary = false;
            last = protocol::write(whole).body;
          } catch (...) {
            const Problem problem = problem_of(std::current_exception());
            status = problem.status;
            last = protocol::write_error(problem.message);
          }
          metrics.add_request("demo", status, seconds_since(start));
          if (!write(last)) return false;
          sink.done();
          return true;
        });
  }
};

Server::Server(Service& service, const ServerOptions& options) : parts_(std::make_unique<Parts>(service, options)) {}
Server::~Server() = default;

int Server::port() const { return parts_->port; }

void Server::run() {
  if (!parts_->begin()) return;
  parts_->http.listen_after_bind();
  parts_->end();
}

void Server::stop() {
  parts_->service.close();
  parts_->service.wait_until_empty();
  parts_->stop();
}

}  // namespace ballast::serve
