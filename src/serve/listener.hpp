// SPDX-License-Identifier: Apache-2.0
//
// HTTP for clients that cannot be trusted: whatever they send, or do not send, they cost a bounded time and memory, and
// hold nothing that others need.

#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "http.hpp"

namespace ballast::serve {

// Who answers the requests. Nothing is thrown: what goes wrong is a reply.
class Answerer {
 public:
  virtual ~Answerer() = default;

  // The reply to a request whose body need not be read; none: it is to be read. Called in the one thread that all connections share, so
  // it may not wait.
  virtual std::optional<Reply> at_head(const RequestHead& head) = 0;

  // Called in one of as many threads as there may be connections; it may wait.
  virtual Reply with_body(const RequestHead& head, std::string body) = 0;
};

struct ListenerOptions {
  std::string host;
  int port = 0;                        // 0: any that is free
  std::size_t connections = 128;       // at the same time
  std::size_t most_body = 4 << 20;     // bytes of one body
  std::chrono::milliseconds patience;  // for a head; for a body; for a client to take a reply, or a part of one that is told in pieces
};

// A head that is longer than 16 KiB or 100 lines gets status 431; what does not come whole in time, 408; a body that is too long, 413; what
// is no HTTP, 400; a transfer coding other than chunked, 501. Bodies hold 64 MiB at most in all (or two of the longest): where that is not
// enough the slowest client of a second or more gets status 429, or the one who brings too much. Where there are as many connections as may
// be, a new one takes the place of the one that has been waited for the longest, be it for a request, the rest of one, or to take its
// reply; a request that is being answered keeps its place.
class Listener {
 public:
  // Listens from now on; the answerer must outlive it. Throws InputError where the address is not to be had.
  Listener(Answerer& answerer, const ListenerOptions& options);
  ~Listener();

  int port() const;

  // Serves until stop() is called, from any thread, before or after: then replies that are due are still sent, for 8 seconds at
  // most, and all else is closed.
  void run();
  void stop();

  struct Parts;

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace ballast::serve
