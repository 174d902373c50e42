// SPDX-License-Identifier: Apache-2.0

#include "ballast/serve/server.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "ballast/protocol/metadata.hpp"
#include "http_response.hpp"
#include "listener.hpp"
#include "metrics.hpp"
#include "page_template.hpp"
#include "request_log.hpp"
#include "routes.hpp"
#include "strangers.hpp"
#include "token.hpp"

namespace ballast::serve {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* page_policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool has_body(const std::string& method) { return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE"; }

Reply reply_of(std::string text, const char* type = json_type) {
  Reply reply;
  reply.type = type;
  reply.body = std::move(text);
  return reply;
}

Reply reply_of(const protocol::Message& message) {
  Reply reply;
  answer(reply, message);
  return reply;
}

// What goes wrong is a reply too.
template <class Make>
Reply reply_or_problem(const Make& make) {
  try {
    return make();
  } catch (...) {
    return reply_of(problem_of(std::current_exception()));
  }
}

}  // namespace

struct Server::Parts : Answerer {
  Service& service;
  const ServerOptions options;
  const std::map<std::string, Route> routes;
  RequestLog log;
  Metrics metrics;
  Listener listener;

  Parts(Service& served, const ServerOptions& wanted)
      : service(served),
        options(wanted),
        routes(serve::routes(served.metadata().name, served.base_name())),
        log(wanted.log, served.identity()),
        listener(*this, {wanted.host, wanted.port, wanted.connections, wanted.most_body, wanted.patience}) {}

  std::optional<Reply> at_head(const RequestHead& head) override {
    if (const auto problem = problem_with(head)) return reply_of(*problem);
    if (has_body(head.method)) return std::nullopt;
    return reply_or_problem([&] { return reply_without_body(head); });
  }

  Reply with_body(const RequestHead& head, std::string body) override {
    return reply_or_problem([&] { return reply_to_infer(head, std::move(body)); });
  }

  // What is wrong with a request whatever its body says.
  std::optional<Problem> problem_with(const RequestHead& head) const {
    const auto route = routes.find(head.path);
    const bool known = route != routes.end();
    if (!(known && is_health(route->second)) && options.token.empty()) {
      if (auto problem = problem_with_names(head, options.host, options.host_names)) return problem;
    }
    if (!known || !is_open_to_all(route->second)) {
      const bool allowed = options.token.empty() || bearer_token_matches(head.value("Authorization"), options.token);
      if (!allowed) return Problem{401, "the header Authorization does not show this server's token"};
    }
    if (!known) return Problem{404, "there is nothing at this path; the models are listed by GET /v2"};
    const char* wanted = is_asked_by_post(route->second) ? "POST" : "GET";
    if (head.method != wanted && !(head.method == "HEAD" && wanted == std::string_view("GET")))
      return Problem{405, fmt::format("this path is for {}", wanted)};
    return has_body(head.method) ? problem_with_body(head) : std::nullopt;
  }

  static std::optional<Problem> problem_with_body(const RequestHead& head) {
    if (!head.has("Content-Length") && !head.has("Transfer-Encoding")) return Problem{411, "Content-Length is needed"};
    const std::string_view type = head.value("Content-Type");
    if (is_media_type(type, json_type) || is_media_type(type, bytes_type)) return std::nullopt;
    if (type.empty() && !is_from_another_page(head)) return std::nullopt;
    if (is_media_type(type, "multipart/form-data")) return Problem{415, "the body is JSON, or JSON and bytes, not a form"};
    return Problem{415, fmt::format("Content-Type: {} or {} is needed", json_type, bytes_type)};
  }

  Reply reply_without_body(const RequestHead& head) {
    switch (routes.find(head.path)->second) {
      case Route::page: return page();
      case Route::server: return reply_of(server_metadata());
      case Route::live: return reply_of(std::string(R"({"live":true})"));
      case Route::ready: return ready(R"({"ready":true})");
      case Route::smoothed_ready: return ready(fmt::format(R"({{"name":"{}","ready":true}})", service.metadata().name));
      case Route::base_ready: return ready(fmt::format(R"({{"name":"{}","ready":true}})", service.base_name()));
      case Route::metrics: return reply_of(metrics.text(service.state()), "text/plain; version=0.0.4");
      case Route::smoothed: return reply_of(protocol::write(service.metadata()));
      case Route::base: return reply_of(protocol::write(service.base_metadata()));
      case Route::samples: return reply_of(service.sample_images());
      case Route::smoothed_infer:
      case Route::base_infer:
      case Route::demo: break;
    }
    return {};
  }

  static Reply page() {
    Reply reply = reply_of(std::string(page_template), "text/html; charset=utf-8");
    reply.fields = {{"Content-Security-Policy", page_policy}, {"Cache-Control", "no-cache"}};
    return reply;
  }

  Reply ready(const std::string& text) const {
    return service.state().ready ? reply_of(text) : reply_of(Problem{503, "the server is shutting down"});
  }

  std::string server_metadata() const {
    nlohmann::ordered_json metadata = nlohmann::ordered_json::parse(
        protocol::write(protocol::ServerMetadata{"ballast", options.version, {std::string(protocol::binary_extension)}}));
    metadata["models"] = {service.metadata().name, service.base_name()};
    return metadata.dump();
  }

  Reply reply_to_infer(const RequestHead& head, std::string body) {
    const Route route = routes.find(head.path)->second;
    if (route == Route::demo) return stream(header_length_of(head), std::move(body));
    const Clock::time_point start = Clock::now();
    Reply reply = reply_or_problem([&] {
      const auto header_length = header_length_of(head);
      return reply_of(protocol::write(route == Route::base_infer ? service.base(body, header_length) : certified(body, header_length, {})));
    });
    metrics.add_request(route == Route::base_infer ? service.base_name() : service.metadata().name, reply.status, seconds_since(start));
    return reply;
  }

  protocol::InferResponse certified(const std::string& body, std::optional<std::size_t> header_length, const Watcher& watcher) {
    Service::Smoothed smoothed = service.smoothed(body, header_length, watcher);
    log.add(smoothed.record);
    metrics.add_answers(smoothed.record);
    return std::move(smoothed.response);
  }

  // Lines of JSON while the votes come in; the last one holds the response, or what went wrong.
  Reply stream(std::optional<std::size_t> header_length, std::string body) {
    Reply reply;
    reply.type = "application/x-ndjson";
    reply.fields = {{"Cache-Control", "no-store"}};
    reply.stream = [this, header_length, text = std::move(body)](const Sink& sink) {
      const auto write = [&](const std::string& line) { return sink(line + "\n"); };
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
      write(last);
    };
    return reply;
  }
};

Server::Server(Service& service, const ServerOptions& options) : parts_(std::make_unique<Parts>(service, options)) {}
Server::~Server() = default;

int Server::port() const { return parts_->listener.port(); }

void Server::run() { parts_->listener.run(); }

void Server::stop() {
  parts_->service.close();
  parts_->service.wait_until_empty();
  parts_->listener.stop();
}

}  // namespace ballast::serve
