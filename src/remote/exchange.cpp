// SPDX-License-Identifier: Apache-2.0
//
// The only file of this part that knows the library.
//
// GCC 12 may end the temporaries of an expression with co_await twice, so here none has any but trivial ones: what is handed
// to a coroutine has a name.

#include "exchange.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>  // before Asio, whose coroutines forget it in some releases

#include "ballast/core/errors.hpp"

namespace ballast::remote {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = http::response_parser<http::string_body>;
using Tls = asio::ssl::stream<tcp::socket&>;

constexpr std::size_t most_head = 64 << 10;
constexpr std::size_t piece_size = 64 << 10;  // bytes that are read at once
constexpr std::size_t bytes_a_byte = 8;       // of a body that comes in chunks, even of one byte each
constexpr int most_interim = 10;              // replies of status 1xx before the reply
constexpr double longest = 1e6;               // seconds; what is beyond is as good as for ever

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

bool same_but_for_case(std::string_view a, std::string_view b) { return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()}); }

struct Host {
  bool tls = false;
  std::string name, port, authority;
};

Host host_of(const std::string& server) {
  Host host;
  host.tls = server.starts_with("https://");
  host.authority = server.substr(server.find("://") + 3);
  const std::size_t end_of_name = host.authority.starts_with('[') ? host.authority.find(']') + 1 : 0;
  const std::size_t colon = host.authority.find(':', end_of_name);
  host.name = host.authority.substr(0, colon);
  if (host.name.starts_with('[')) host.name = host.name.substr(1, host.name.size() - 2);
  host.port = colon == std::string::npos ? (host.tls ? "443" : "80") : host.authority.substr(colon + 1);
  const bool fine = !host.name.empty() && !host.port.empty() && host.port.size() <= 5 &&
                    host.port.find_first_not_of("0123456789") == std::string::npos &&
                    host.authority.find_first_of("@?#\\ \r\n\t") == std::string::npos;
  require(fine, fmt::format("{}: http://HOST:PORT is needed", server));
  return host;
}

std::string head_text(const HttpRequest& request, const std::string& authority) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: identity\r\nUser-Agent: ballast\r\n", request.method,
                                 request.path, authority);
  for (const auto& [name, value] : request.fields) text += fmt::format("{}: {}\r\n", name, value);
  if (request.method != "GET") text += fmt::format("Content-Length: {}\r\n", request.body.size());
  return text + "\r\n";
}

HttpReply reply_of(Parser& parser) {
  auto& message = parser.get();
  HttpReply reply;
  reply.status = static_cast<int>(message.result_int());
  for (const auto& field : message) reply.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
  reply.body = std::move(message.body());
  return reply;
}

}  // namespace

std::string HttpReply::value(std::string_view name) const {
  for (const auto& [field, text] : fields) {
    if (same_but_for_case(field, name)) return text;
  }
  return "";
}

struct HttpConnection::Parts {
  const Host host;
  const Clock::duration timeout;
  const double seconds;
  asio::io_context io{1};
  asio::ssl::context trust{asio::ssl::context::tls_client};
  tcp::resolver resolver{io};
  tcp::socket socket{io};
  std::optional<Tls> tls;
  boost::beast::flat_buffer buffer{most_head + piece_size};
  std::string trouble;

  Parts(const std::string& server, double wanted)
      : host(host_of(server)),
        timeout(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(wanted, longest)))),
        seconds(wanted) {
    if (!host.tls) return;
    error_code ignored;
    trust.set_default_verify_paths(ignored);
    trust.set_verify_mode(asio::ssl::verify_peer);
  }
  ~Parts() { close(); }

  void close() {
    error_code ignored;
    resolver.cancel();
    tls.reset();
    socket.close(ignored);
    buffer.clear();
  }

  // Runs a coroutine to its end, but no longer than until then.
  template <class Result>
  std::optional<Result> within(awaitable<Result> work) {
    std::optional<Result> result;
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr error, Result value) {
      ended = true;
      failure = error;
      if (!error) result = std::move(value);
    });
    io.restart();
    io.run_for(timeout);
    if (!ended) {
      error_code ignored;
      resolver.cancel();
      socket.close(ignored);
      io.restart();
      io.run();
      return std::nullopt;
    }
    if (failure) std::rethrow_exception(failure);
    return result;
  }

  // Whether the server has neither closed it nor said anything that nobody asked for.
  bool still_open() {
    char byte = 0;
    const ssize_t count = socket.is_open() ? recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) : 0;
    return (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) || (count > 0 && host.tls);
  }

  awaitable<bool> connect() {
    error_code error;
    const auto found = co_await resolver.async_resolve(host.name, host.port, into(error));
    if (!error) co_await asio::async_connect(socket, found, into(error));
    if (!error) socket.set_option(tcp::no_delay(true), error);
    if (!error && host.tls) {
      tls.emplace(socket, trust);
      SSL_set_tlsext_host_name(tls->native_handle(), host.name.c_str());
      tls->set_verify_callback(asio::ssl::host_name_verification(host.name));
      co_await tls->async_handshake(asio::ssl::stream_base::client, into(error));
    }
    if (error) trouble = fmt::format("cannot connect: {}", error.message());
    co_return !error;
  }

  template <class Stream>
  awaitable<HttpReply> talk(Stream& stream, const std::string& head, const std::string& body, std::size_t most_body) {
    error_code error;
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(body)};
    co_await asio::async_write(stream, parts, into(error));
    HttpReply reply;
    for (int i = 0; i <= most_interim && !error && reply.status < 200; ++i) {
      Parser parser;
      parser.header_limit(most_head);
      parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // counted below, as are the bytes of the head
      for (std::size_t size = 0; !error && !parser.is_done();) {
        if (buffer.size() > 0) {
          const std::size_t read = parser.put(buffer.data(), error);
          buffer.consume(read);
          size += read;
        }
        require_within_limits(parser, size, error, most_body);
        if (parser.is_done()) break;
        if (parser.is_header_done() && !parser.eager()) {  // only now is it known that the body is none too long
          parser.eager(true);
          continue;
        }
        const std::size_t count = co_await stream.async_read_some(buffer.prepare(piece_size), into(error));
        buffer.commit(count);
        if (error == asio::error::eof && parser.is_header_done() && parser.need_eof()) parser.put_eof(error);
      }
      if (error) break;
      reply = reply_of(parser);
      if (reply.status >= 200 && !parser.keep_alive()) close();
    }
    if (!error && reply.status < 200) throw std::runtime_error("answered nothing but statuses of 1xx");
    if (error) reply = {}, reply.trouble = fmt::format("the connection ended before the reply ({})", error.message());
    co_return reply;
  }

  // size: bytes that were parsed, of which the head, chunks and trailers may be a part. What the parser wants more of is no error.
  void require_within_limits(const Parser& parser, std::size_t size, error_code& error, std::size_t most_body) const {
    const std::size_t body = parser.get().body().size();
    const bool long_head = !parser.is_header_done() && size + buffer.size() > most_head;
    if (error == http::error::header_limit || long_head)
      throw std::runtime_error(fmt::format("answered with a head of more than {} bytes", most_head));
    const std::uint64_t announced = parser.is_header_done() ? parser.content_length().value_or(0) : 0;
    if (body > most_body || announced > most_body) throw std::runtime_error(fmt::format("answered with more than {} bytes", most_body));
    if (error == http::error::need_more) error = {};
    if (error) throw std::runtime_error(fmt::format("did not answer as HTTP has it ({})", error.message()));
    const bool wordy = size > bytes_a_byte * body + 2 * most_head || buffer.size() > most_head;
    if (wordy) throw std::runtime_error("answered in chunks or with trailers of too long lines");
  }

  awaitable<HttpReply> connect_and_talk(const std::string& head, const std::string& body, std::size_t most_body) {
    HttpReply reply;
    bool connected = still_open();
    if (!connected) {
      close();
      connected = co_await connect();
    }
    if (!connected) reply.trouble = trouble;
    else if (tls) reply = co_await talk(*tls, head, body, most_body);
    else reply = co_await talk(socket, head, body, most_body);
    co_return reply;
  }
};

HttpConnection::HttpConnection(const std::string& server, double timeout) : parts_(std::make_unique<Parts>(server, timeout)) {}

HttpConnection::~HttpConnection() = default;

HttpReply HttpConnection::exchange(const HttpRequest& request, std::size_t most_body) {
  const std::string head = head_text(request, parts_->host.authority);
  try {
    std::optional<HttpReply> reply = parts_->within(parts_->connect_and_talk(head, request.body, most_body));
    if (!reply) reply = HttpReply{0, {}, {}, fmt::format("no whole reply within {:g} seconds", parts_->seconds)};
    if (reply->status == 0) parts_->close();
    const std::string encoding = reply->value("Content-Encoding");
    if (!encoding.empty() && !same_but_for_case(encoding, "identity"))
      throw std::runtime_error("answered with a compressed body, which was not asked for");
    return *std::move(reply);
  } catch (...) {
    parts_->close();
    throw;
  }
}

}  // namespace ballast::remote
