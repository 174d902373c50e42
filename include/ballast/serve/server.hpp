// SPDX-License-Identifier: Apache-2.0
//
// A service on the network: the Open Inference Protocol over HTTP, metrics for
// Prometheus, and a page to try it.

#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ballast/serve/service.hpp"

namespace ballast::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8000;                    // 0: any that is free
  std::string token;                  // clients show it as "Authorization: Bearer TOKEN"; empty: none is needed
  std::size_t most_body = 4 << 20;    // bytes of a request
  std::size_t connections = 128;      // at the same time; a new one takes the place of the one that has been waited for the longest
  std::chrono::seconds patience{10};  // for a request's whole head, for its whole body, and for a client to take its response
  // Without a token: the names in Host and Origin that are answered beside `host`, IP addresses and localhost.
  std::vector<std::string> host_names;
  std::filesystem::path log;  // a line of JSON for each request that was certified; empty: none
  std::string version = "0";  // of the program
};

class Server {
 public:
  // Listens from now on. The service must outlive it. Throws InputError where the
  // address is not to be had or the log cannot be written.
  Server(Service& service, const ServerOptions& options);
  ~Server();

  int port() const;

  // Answers requests until stop() is called, from another thread: then those under way are answered, new ones
  // refused, and run() returns; a client that does not send or take what is due holds it up by 8 seconds at most.
  void run();
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ballast::serve
