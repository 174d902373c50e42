// SPDX-License-Identifier: Apache-2.0
//
// The only file that knows the library. All connections are coroutines of one thread, so nothing here is locked; requests are answered in
// other threads, which hand their replies over by asio::post.
//
// GCC 12 may end the temporaries of an expression with co_await twice (its bugs 99576 and 100611 are of that kind). So here none has any
// but trivial ones: what is handed to a coroutine has a name, and co_await stands in no ?:, && or ||.

#include "listener.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <limits>
#include <list>
#include <utility>  // before Asio, whose coroutines forget it in some releases

#include "ballast/core/errors.hpp"
#include "http_response.hpp"

namespace ballast::serve {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::string_body>;

constexpr int backlog = 1024;  // connections that wait to be accepted
constexpr std::size_t most_head = 16 << 10;
constexpr std::size_t most_lines = 100;
constexpr std::size_t piece_size = 64 << 10;        // bytes that are read at once
constexpr std::size_t bytes_a_byte = 8;             // of a body that comes in chunks, even of one byte each
constexpr std::size_t held_connections = 64 << 20;  // bytes of all bodies
constexpr std::size_t worth_reading = 256 << 10;    // of a body that is not wanted, to keep its connection
constexpr std::size_t most_dropped = 64 << 20;      // bytes that are read so that a client who sends comes to read
constexpr std::chrono::seconds idle{5};             // for a connection's next request
constexpr std::chrono::seconds farewell_time{8};    // for replies that are due at the end
// Before a refusal for want of a place, so that refusing leaves the cores to those who have one.
constexpr std::chrono::milliseconds accept_pause{50};
const std::string no_text, continue_line = "HTTP/1.1 100 Continue\r\n\r\n", last_chunk = "0\r\n\r\n";

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

RequestHead head_of(const Parser& parser) {
  const auto& message = parser.get();
  const std::string target(message.target());
  RequestHead head{std::string(message.method_string()), percent_decoded(target.substr(0, target.find('?'))), {}};
  for (const auto& field : message) head.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return head;
}

std::string head_text(const Reply& reply, const std::string& length, bool keep) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(reply.status)));
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n", reply.status, std::string(reason), reply.type);
  for (const auto& [name, value] : reply.fields) text += fmt::format("{}: {}\r\n", name, value);
  text += "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n";
  return text + fmt::format("{}Connection: {}\r\n\r\n", length, keep ? "keep-alive" : "close");
}

class Connection;

}  // namespace

struct Listener::Parts {
  Answerer& answerer;
  const ListenerOptions options;
  std::list<Connection*> waited_for;  // first the one that has been waited for the longest
  std::size_t open = 0;
  std::size_t held = 0;  // bytes of all bodies
  bool ending = false, ended = false;
  asio::io_context io{1};  // connections that it still has end with it, and need what stands above
  tcp::acceptor acceptor{io};
  int port = 0;
  asio::steady_timer room{io}, farewell{io};
  asio::thread_pool answering;

  Parts(Answerer& who, const ListenerOptions& wanted) : answerer(who), options(wanted), answering(wanted.connections) { listen(); }
  ~Parts() { ended = true; }

  void listen();
  awaitable<void> accept();
  awaitable<void> wait_for_room(Clock::duration longest);
  void serve(tcp::socket socket);
  bool turn_out_one();
  void leave();
  std::size_t most_held() const { return std::max(held_connections, 2 * options.most_body); }
  void make_room(Connection& asker);
  void end();
};

namespace {

// One client. What it is waited for decides what happens at the deadline, and who is turned out for others.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class Wait { nothing, request, head, body, rest, taking };

  Connection(Listener::Parts& parts, tcp::socket socket)
      : parts_(parts), socket_(std::move(socket)), deadline_(parts.io), woken_(parts.io) {
    ++parts_.open;
  }
  ~Connection() {
    hold(0);
    wait_for_nothing();
    give_up_place();
  }

  awaitable<void> converse() {
    for (bool goes_on = true; goes_on && !parts_.ending;) {
      goes_on = co_await request_comes();
      if (goes_on) goes_on = co_await answer_request();
    }
    gone_ = true;
    deadline_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  void turn_out() {
    give_up_place();
    close();
  }

  void close() {
    wait_for_nothing();
    error_code ignored;
    socket_.close(ignored);
  }

  // Its body has to go for those of others.
  void crowd_out() {
    crowded_ = true;
    hold(0);
    error_code ignored;
    socket_.cancel(ignored);
  }

  Wait wait() const { return wait_; }
  double bytes_a_second(Clock::time_point now) const { return static_cast<double>(held_) / seconds(now - since_); }
  Clock::time_point since() const { return since_; }

 private:
  void give_up_place() {
    if (std::exchange(has_place_, false)) parts_.leave();
  }

  void wait_for(Wait what, Clock::duration time) {
    wait_for_nothing();
    wait_ = what;
    since_ = Clock::now();
    place_ = parts_.waited_for.insert(parts_.waited_for.end(), this);
    late_ = false;
    deadline_.expires_after(time);
    deadline_.async_wait([weak = weak_from_this()](error_code error) {
      if (const auto self = weak.lock(); self && !error) self->deadline_passes();
    });
  }

  void wait_for_nothing() {
    if (std::exchange(wait_, Wait::nothing) == Wait::nothing) return;
    parts_.waited_for.erase(place_);
    deadline_.cancel();
  }

  void deadline_passes() {
    if (wait_ == Wait::nothing || deadline_.expiry() > Clock::now()) return;  // it was moved meanwhile
    late_ = true;
    error_code ignored;
    if (wait_ == Wait::taking) socket_.close(ignored);
    else socket_.cancel(ignored);
  }

  void hold(std::size_t bytes) {
    parts_.held += bytes - held_;
    held_ = bytes;
  }

  // More bytes in the buffer; false where there are none to come, or no more time.
  awaitable<bool> more(std::size_t most) {
    const std::size_t size = std::min(most, buffer_.max_size() - buffer_.size());
    if (size == 0 || late_ || crowded_) co_return false;
    error_code error;
    const std::size_t count = co_await socket_.async_read_some(buffer_.prepare(size), into(error));
    buffer_.commit(count);
    co_return !error && !late_ && !crowded_;
  }

  awaitable<bool> request_comes() {
    if (buffer_.size() > 0) co_return true;
    wait_for(Wait::request, idle);
    const bool comes = co_await more(most_head);
    co_return comes;
  }

  // Whether the connection goes on.
  awaitable<bool> answer_request() {
    Parser parser;
    parser.header_limit(most_head);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // counted below, so that refusals come before the body is read
    wait_for(Wait::head, parts_.options.patience);
    head_ = {};
    std::optional<Problem> problem;
    co_await read_head(parser, problem);
    if (problem) co_await refuse(*problem);
    if (problem || !parser.is_header_done()) co_return false;
    head_ = head_of(parser);
    is_1_1_ = parser.get().version() >= 11;
    keep_ = parser.keep_alive();
    const bool asks_first = same_but_for_case(head_.value("Expect"), "100-continue") && is_1_1_;
    std::optional<Reply> reply = parts_.answerer.at_head(head_);
    if (!reply && parser.content_length() && *parser.content_length() > parts_.options.most_body) reply = reply_of(too_long());
    if (reply) {
      const bool goes_on = co_await answer_unread(parser, *reply, asks_first);
      co_return goes_on;
    }
    if (asks_first && !parser.is_done()) {
      const bool taken = co_await send(continue_line, no_text);
      if (!taken) co_return false;
    }
    co_await read_body(parser, problem);
    if (problem) co_await refuse(*problem);
    if (problem) co_return false;
    const bool goes_on = co_await answer_whole(parser.get().body());
    co_return goes_on;
  }

  Problem too_long() const { return {413, fmt::format("the body is longer than {} bytes", parts_.options.most_body)}; }

  Problem late(const char* what) const {
    return {408, fmt::format("the {} of the request did not come whole within {:g} seconds", what, seconds(parts_.options.patience))};
  }

  // The library takes a coding that it does not know for none, and the body for the next request.
  static bool is_in_unknown_coding(const Parser& parser) {
    const auto [first, last] = parser.get().equal_range(http::field::transfer_encoding);
    const auto is_chunked = [](const auto& field) { return same_but_for_case(std::string(field.value()), "chunked"); };
    return !std::all_of(first, last, is_chunked) || std::distance(first, last) > 1;
  }

  // Without a problem, and without a head: a client that has gone.
  awaitable<void> read_head(Parser& parser, std::optional<Problem>& problem) {
    error_code error;
    for (std::size_t size = 0;;) {
      const std::size_t read = parser.put(buffer_.data(), error);
      buffer_.consume(read);
      size += read;
      // The library's own limit forgets the lines that it has read, where what comes ends with the end of a line.
      if (size > most_head || (error == http::error::need_more && size + buffer_.size() >= most_head)) error = http::error::header_limit;
      if (error != http::error::need_more) break;
      const bool comes = co_await more(most_head);
      if (!comes && late_) problem = late("head");
      if (!comes) co_return;
    }
    const auto lines = static_cast<std::size_t>(std::distance(parser.get().begin(), parser.get().end()));
    if (error == http::error::header_limit) problem = {431, fmt::format("the head of the request is longer than {} bytes", most_head)};
    else if (error) problem = {400, "this is not a request of HTTP"};
    else if (is_in_unknown_coding(parser)) problem = {501, "of transfer codings only chunked is understood"};
    else if (lines > most_lines) problem = {431, fmt::format("the head of the request has {} lines; {} are allowed", lines, most_lines)};
  }

  awaitable<void> read_body(Parser& parser, std::optional<Problem>& problem) {
    wait_for(Wait::body, parts_.options.patience);
    const std::string& body = parser.get().body();
    parser.eager(true);
    for (std::size_t size = 0;;) {
      error_code error;
      const std::size_t read = buffer_.size() > 0 && !parser.is_done() ? parser.put(buffer_.data(), error) : 0;
      buffer_.consume(read);
      size += read;
      hold(body.size());
      if (parts_.held > parts_.most_held()) parts_.make_room(*this);
      problem = problem_with_body_so_far(body, size, error);
      if (problem || parser.is_done()) break;
      const bool comes = co_await more(piece_size);
      if (comes || crowded_) continue;
      if (late_) problem = late("body");
      else problem = Problem{400, "the body did not come whole"};
      break;
    }
    if (!problem) co_return;
    std::string().swap(parser.get().body());  // now, not when the client has taken the refusal
    hold(0);
  }

  std::optional<Problem> problem_with_body_so_far(const std::string& body, std::size_t size, error_code error) const {
    if (crowded_) return Problem{429, "the server holds as many bytes of requests as it may; try again later"};
    if (error && error != http::error::need_more) return Problem{400, "the body is not as HTTP has it"};
    if (body.size() > parts_.options.most_body) return too_long();
    const bool wordy = size > bytes_a_byte * body.size() + most_head || buffer_.size() > most_head;
    if (wordy) return Problem{400, "the body's chunks or trailers have too long lines"};
    return std::nullopt;
  }

  // The end of a conversation that has gone wrong.
  awaitable<void> refuse(const Problem& problem) {
    crowded_ = false;
    keep_ = false;
    const Reply reply = reply_of(problem);
    const bool taken = co_await send(reply);
    if (taken) co_await drop_all();
  }

  // What is left of the body is dropped: for the next request where it is short, else until the client has had time to read the reply.
  awaitable<bool> answer_unread(const Parser& parser, const Reply& reply, bool asks_first) {
    const std::uint64_t unknown = worth_reading + 1,
                        announced = parser.is_header_done() ? parser.content_length().value_or(unknown) : unknown;
    const std::uint64_t left = parser.is_done() ? 0 : announced;
    keep_ = keep_ && left <= worth_reading && !(asks_first && left > 0);
    const bool taken = co_await send(reply);
    if (!taken) co_return false;
    if (!keep_ && left > 0) co_await drop_all();
    if (!keep_) co_return false;
    const bool dropped = co_await drop(left);
    co_return dropped;
  }

  awaitable<bool> drop(std::uint64_t bytes) {
    wait_for(Wait::rest, parts_.options.patience);
    for (;;) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, buffer_.size()));
      buffer_.consume(count);
      bytes -= count;
      if (bytes == 0) co_return true;
      const bool comes = co_await more(piece_size);
      if (!comes) co_return false;
    }
  }

  // A connection that is closed while bytes come in takes the reply with it.
  awaitable<void> drop_all() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    const bool all = co_await drop(most_dropped);
    static_cast<void>(all);
  }

  awaitable<bool> answer_whole(std::string& body) {
    wait_for_nothing();
    reply_.reset();
    outbox_.clear();
    told_ = false;
    asio::post(parts_.answering, [self = shared_from_this(), text = std::move(body)]() mutable {
      self->find_answer(std::move(text));
      // The thread that all connections belong to lets go of it last: its end touches what they share.
      asio::io_context& io = self->parts_.io;
      asio::post(io, [last = std::move(self)] {});
    });
    while (!reply_) co_await sleep();
    hold(0);
    if (reply_->status == 429) co_await pause();
    bool taken = false;
    if (reply_->stream) taken = co_await tell();
    else taken = co_await send(*reply_);
    co_return taken&& keep_;
  }

  // In a thread of those who answer.
  void find_answer(std::string body) {
    try {
      answer_or_fail(std::move(body));
    } catch (const std::exception&) {  // not even memory to say so
      wake([](Connection& self) {
        if (!self.reply_) self.reply_ = reply_of({503, "out of memory"});
        self.told_ = true;
        self.close();
      });
    }
  }

  void answer_or_fail(std::string body) {
    Reply reply = parts_.answerer.with_body(head_, std::move(body));
    const auto stream = reply.stream;
    wake([reply = std::move(reply)](Connection& self) mutable { self.reply_ = std::move(reply); });
    if (!stream) return;
    stream([this](std::string text) {
      if (gone_) return false;
      wake([piece = std::move(text)](Connection& self) { self.outbox_ += piece; });
      return true;
    });
    wake([](Connection& self) { self.told_ = true; });
  }

  template <class Change>
  void wake(Change change) {
    asio::post(parts_.io, [self = shared_from_this(), change = std::move(change)]() mutable {
      change(*self);
      self->woken_.cancel();
    });
  }

  awaitable<void> sleep() {
    error_code ignored;
    woken_.expires_at(Clock::time_point::max());
    co_await woken_.async_wait(into(ignored));
  }

  awaitable<void> pause() {
    error_code ignored;
    asio::steady_timer timer(parts_.io, accept_pause);
    co_await timer.async_wait(into(ignored));
  }

  // The reply in pieces, as they come.
  awaitable<bool> tell() {
    keep_ = keep_ && is_1_1_ && !parts_.ending;
    std::string piece = head_text(*reply_, is_1_1_ ? "Transfer-Encoding: chunked\r\n" : "", keep_);
    bool taken = co_await send(piece, no_text);
    while (taken && !(told_ && outbox_.empty())) {
      wait_for_nothing();
      while (!told_ && outbox_.empty()) co_await sleep();
      piece = next_piece();
      taken = co_await send(piece, no_text);
    }
    if (taken && is_1_1_) taken = co_await send(last_chunk, no_text);
    if (!taken) gone_ = true;
    co_return taken;
  }

  std::string next_piece() {
    std::string text = std::exchange(outbox_, {});
    return is_1_1_ && !text.empty() ? fmt::format("{:x}\r\n{}\r\n", text.size(), text) : text;
  }

  awaitable<bool> send(const Reply& reply) {
    keep_ = keep_ && !parts_.ending;
    const std::string head = head_text(reply, fmt::format("Content-Length: {}\r\n", reply.body.size()), keep_);
    const std::string& body = head_.method == "HEAD" ? no_text : reply.body;
    const bool taken = co_await send(head, body);
    co_return taken;
  }

  awaitable<bool> send(const std::string& first, const std::string& second) {
    wait_for(Wait::taking, parts_.options.patience);
    error_code error;
    const std::array<asio::const_buffer, 2> parts{asio::buffer(first), asio::buffer(second)};
    co_await asio::async_write(socket_, parts, into(error));
    co_return !error;
  }

  Listener::Parts& parts_;
  tcp::socket socket_;
  asio::steady_timer deadline_, woken_;
  boost::beast::flat_buffer buffer_{most_head + piece_size};
  bool has_place_ = true;

  Wait wait_ = Wait::nothing;
  Clock::time_point since_;
  std::list<Connection*>::iterator place_;
  bool late_ = false, crowded_ = false;
  std::size_t held_ = 0;

  RequestHead head_;
  bool is_1_1_ = true, keep_ = false;
  std::optional<Reply> reply_;
  std::string outbox_;
  bool told_ = false;
  std::atomic<bool> gone_{false};
};

}  // namespace

// Only one server listens on a port: no SO_REUSEPORT.
void Listener::Parts::listen() {
  error_code error;
  tcp::resolver resolver(io);
  const auto flags = tcp::resolver::passive | tcp::resolver::numeric_service;
  for (const auto& entry : resolver.resolve(options.host, std::to_string(options.port), flags, error)) {
    acceptor.open(entry.endpoint().protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(entry.endpoint(), error);
    if (!error) acceptor.listen(backlog, error);
    if (!error) break;
    error_code ignored;
    acceptor.close(ignored);
  }
  require(acceptor.is_open(),
          fmt::format("{}:{}: cannot be listened on ({}); --port 0 takes any that is free, and --host must be an address of this machine",
                      options.host, options.port, error.message()));
  port = acceptor.local_endpoint().port();
  asio::co_spawn(io, accept(), [](std::exception_ptr) {});
}

awaitable<void> Listener::Parts::accept() {
  while (!ending) {
    error_code error;
    tcp::socket socket(io);
    co_await acceptor.async_accept(socket, into(error));
    if (error) {  // no more descriptors, or a client that has gone again
      turn_out_one();
      co_await wait_for_room(accept_pause);
    } else {
      while (!ending && open >= options.connections && !turn_out_one()) co_await wait_for_room(std::chrono::hours(1));
      if (!ending) serve(std::move(socket));
    }
  }
}

awaitable<void> Listener::Parts::wait_for_room(Clock::duration longest) {
  error_code ignored;
  room.expires_after(longest);
  co_await room.async_wait(into(ignored));
}

// A client for whom there is no memory is gone; the others are not.
void Listener::Parts::serve(tcp::socket socket) {
  try {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto connection = std::make_shared<Connection>(*this, std::move(socket));
    asio::co_spawn(io, connection->converse(), [connection](std::exception_ptr) { connection->close(); });
  } catch (const std::bad_alloc&) {
  }
}

// False where all are being answered.
bool Listener::Parts::turn_out_one() {
  if (waited_for.empty()) return false;
  waited_for.front()->turn_out();
  return true;
}

void Listener::Parts::leave() {
  --open;
  if (ended) return;
  room.cancel();
  if (ending && open == 0) farewell.cancel();
}

void Listener::Parts::make_room(Connection& asker) {
  const Clock::time_point now = Clock::now();
  Connection* slowest = nullptr;
  for (Connection* one : waited_for) {
    if (one->wait() != Connection::Wait::body || now - one->since() < std::chrono::seconds(1)) continue;
    if (!slowest || one->bytes_a_second(now) < slowest->bytes_a_second(now)) slowest = one;
  }
  (slowest ? *slowest : asker).crowd_out();
}

void Listener::Parts::end() {
  if (std::exchange(ending, true)) return;
  error_code ignored;
  acceptor.close(ignored);
  room.cancel();
  const auto all = waited_for;
  for (Connection* one : all) {
    if (one->wait() != Connection::Wait::taking) one->turn_out();
  }
  if (open == 0) return;
  farewell.expires_after(farewell_time);
  farewell.async_wait([this](error_code error) {
    if (!error) io.stop();
  });
}

Listener::Listener(Answerer& answerer, const ListenerOptions& options) : parts_(std::make_unique<Parts>(answerer, options)) {}

Listener::~Listener() = default;

int Listener::port() const { return parts_->port; }

void Listener::run() {
  for (bool failed = true; failed;) {
    try {
      parts_->io.run();
      failed = false;
    } catch (const std::exception&) {  // out of memory: that connection is gone, the others are not
    }
  }
  parts_->answering.join();
}

void Listener::stop() {
  asio::post(parts_->io, [parts = parts_.get()] { parts->end(); });
}

}  // namespace ballast::serve
