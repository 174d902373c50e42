// SPDX-License-Identifier: Apache-2.0
//
// Load on a running `ballast serve`: so many connections, each asking again as soon as it is answered. Every answer
// is checked: its id is the request's, its label that of a request alone, its counts add up to the samples.
//
//   serve_load --port 8000 --model NAME --shape 1,28,28 --n 1000 --connections 64 --seconds 30

#include <fmt/format.h>
#include <httplib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

struct Arguments {
  std::string host = "127.0.0.1", model;
  int port = 8000, connections = 64, seconds = 30;
  std::vector<int> shape{1, 28, 28};
  int n = 0;
  bool base = false;
};

struct Tally {
  std::mutex mutex;
  std::vector<double> seconds;  // of the requests that were answered
  std::size_t refused = 0, wrong = 0, lost = 0;
};

std::string request_of(const Arguments& a, const std::string& id) {
  int pixels = 1;
  for (const int size : a.shape) pixels *= size;
  std::vector<int> data;
  for (int i = 0; i < pixels; ++i) data.push_back(i * 7 % 256);
  Json request{{"id", id}, {"inputs", {{{"name", "image"}, {"datatype", "UINT8"}, {"shape", a.shape}, {"data", data}}}}};
  if (!a.base && a.n > 0) request["parameters"]["n"] = a.n;
  return request.dump();
}

Json output(const Json& response, const std::string& name) {
  for (const Json& tensor : response.at("outputs")) {
    if (tensor.at("name") == name) return tensor.at("data");
  }
  return nullptr;
}

bool is_right(const Arguments& a, const std::string& body, const std::string& id, const Json& label) {
  const Json response = Json::parse(body, nullptr, false);
  if (!response.is_object() || response.value("id", "") != id || output(response, "label") != label) return false;
  if (a.base) return true;
  std::uint64_t sum = 0;
  for (const Json& count : output(response, "counts")) sum += count.get<std::uint64_t>();
  return output(response, "samples") == Json{sum} && (a.n == 0 || sum == static_cast<std::uint64_t>(a.n));
}

void ask_again_and_again(const Arguments& a, int number, const Json& label, Clock::time_point end, Tally& tally) {
  httplib::Client client(a.host, a.port);
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_connection_timeout(60);
  client.set_read_timeout(300);
  const std::string path = fmt::format("/v2/models/{}{}/infer", a.model, a.base ? "-base" : "");
  for (int i = 0; Clock::now() < end; ++i) {
    const std::string id = fmt::format("{}-{}", number, i), body = request_of(a, id);
    const auto start = Clock::now();
    const auto result = client.Post(path.c_str(), body, "application/json");
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const std::lock_guard lock(tally.mutex);
    if (!result) ++tally.lost;
    else if (result->status == 429) ++tally.refused;
    else if (result->status != 200 || !is_right(a, result->body, id, label)) ++tally.wrong;
    else tally.seconds.push_back(seconds);
  }
}

double quantile(const std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

int load(const Arguments& a) {
  httplib::Client alone(a.host, a.port);
  alone.set_read_timeout(300);
  const std::string path = fmt::format("/v2/models/{}{}/infer", a.model, a.base ? "-base" : "");
  const auto first = alone.Post(path.c_str(), request_of(a, "alone"), "application/json");
  if (!first || first->status != 200) {
    fmt::print(stderr, "the first request failed: {}\n", first ? first->body : httplib::to_string(first.error()));
    return 1;
  }
  const Json label = output(Json::parse(first->body), "label");
  Tally tally;
  const auto start = Clock::now(), end = start + std::chrono::seconds(a.seconds);
  std::vector<std::thread> threads;
  for (int i = 0; i < a.connections; ++i) threads.emplace_back([&, i] { ask_again_and_again(a, i, label, end, tally); });
  for (std::thread& thread : threads) thread.join();
  const double wall = std::chrono::duration<double>(Clock::now() - start).count();
  std::sort(tally.seconds.begin(), tally.seconds.end());
  fmt::print("{} connections, {:.1f} s: {} right, {} refused (429), {} wrong, {} lost; {:.1f} answers a second\n", a.connections, wall,
             tally.seconds.size(), tally.refused, tally.wrong, tally.lost, static_cast<double>(tally.seconds.size()) / wall);
  fmt::print("milliseconds: median {:.1f}, 90 % {:.1f}, 99 % {:.1f}, longest {:.1f}\n", 1e3 * quantile(tally.seconds, 0.5),
             1e3 * quantile(tally.seconds, 0.9), 1e3 * quantile(tally.seconds, 0.99), 1e3 * quantile(tally.seconds, 1));
  return tally.wrong + tally.lost == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"Load on a running ballast serve."};
  Arguments a;
  program.add_option("--host", a.host);
  program.add_option("--port", a.port);
  program.add_option("--model", a.model)->required();
  program.add_option("--shape", a.shape)->delimiter(',');
  program.add_option("--n", a.n, "samples a request; 0: the server's own");
  program.add_option("--connections", a.connections);
  program.add_option("--seconds", a.seconds);
  program.add_flag("--base", a.base, "the base classifier instead");
  CLI11_PARSE(program, argc, argv);
  return load(a);
}
