// SPDX-License-Identifier: Apache-2.0
//
// The program as a server: it says where it listens, answers, and ends when it is told to.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <regex>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::serve_test {
namespace {

struct Place : Fixture {
  std::string out = folder / "out";

  Place() { write_file(out, ""); }

  Arguments serve(const Arguments& more = {}) const {
    Arguments arguments{"serve", model, "--sigma", "0.25", "--n", "500", "--port", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Where the program that writes there says it listens.
  int port() const {
    std::smatch found;
    std::string text;
    const bool said =
        eventually([&] { return std::regex_search(text = contents_of(out), found, std::regex("http://127\\.0\\.0\\.1:(\\d+)\n")); });
    return said ? std::stoi(found[1]) : 0;
  }
};

// On which anything can be sent, as far as the server takes it.
class Connection {
 public:
  explicit Connection(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool send(const std::string& text) const {
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t count = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }

 private:
  int socket_;
};

std::string black_image() {
  return nlohmann::json{{"inputs", {{{"name", "image"}, {"datatype", "UINT8"}, {"shape", {1, 8, 8}}, {"data", std::vector<int>(64)}}}}}
      .dump();
}

TEST(Serve, AnswersUntilItIsToldToEnd) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const Place at;
    const std::string log = at.folder / "served.jsonl";
    Process program(at.serve({"--log", log, "--name", "bands"}), {.output = at.out});
    httplib::Client client("127.0.0.1", at.port());
    const auto certified = client.Post("/v2/models/bands/infer", black_image(), "application/json");
    ASSERT_TRUE(certified);
    EXPECT_EQ(certified->status, 200) << certified->body;
    const auto base = client.Post("/v2/models/bands-base/infer", black_image(), "application/json");
    ASSERT_TRUE(base);
    const auto outputs = nlohmann::json::parse(base->body)["outputs"];
    EXPECT_EQ(outputs[0]["data"], (nlohmann::json{2}));
    EXPECT_EQ(outputs[1]["data"], (nlohmann::json{0.0, 0.125, 0.25}));
    program.send(signal);
    const Outcome outcome = program.wait();
    EXPECT_TRUE(succeeded(outcome));
    EXPECT_EQ(outcome.err, "");
    ASSERT_EQ(lines_of(contents_of(log)).size(), 1u);
    EXPECT_EQ(nlohmann::json::parse(contents_of(log))["model_sha256"].get<std::string>().size(), 64u);
  }
}

// Filters of system calls that a process is under.
int filters_of(const std::string& process) {
  std::smatch found;
  const std::string status = contents_of("/proc/" + process + "/status");
  return std::regex_search(status, found, std::regex("Seccomp_filters:\\s*(\\d+)")) ? std::stoi(found[1]) : -1;
}

TEST(Serve, IsConfinedBeforeItSaysWhereItListens) {
  const int own = filters_of("self");
  if (own < 0) GTEST_SKIP() << "the system does not tell of filters";
  for (const bool confined : {true, false}) {
    const Place at;
    Process program(at.serve(confined ? Arguments{} : Arguments{"--unconfined"}), {.output = at.out});
    ASSERT_GT(at.port(), 0);
    EXPECT_EQ(filters_of(std::to_string(program.id())), own + (confined ? 1 : 0));
  }
}

TEST(Serve, OffersImagesOfADataSetToTry) {
  const Place at;
  Process program(at.serve({"--name", "bands", "--images", at.images}), {.output = at.out});
  httplib::Client client("127.0.0.1", at.port());
  const auto images = nlohmann::json::parse(client.Get("/demo/images")->body)["images"];
  ASSERT_EQ(images.size(), 12u);
  EXPECT_EQ(images[0]["pixels"].size(), 64u);
  EXPECT_EQ(images[0]["name"], "class 0");
  program.send(SIGTERM);
  EXPECT_TRUE(succeeded(program.wait()));
  EXPECT_TRUE(complained(run(at.serve({"--images", at.folder / "none"})), 2, "none"));
}

// The base classifier of a server, certified from outside, has the counts of the file; killed in the middle and started again, it is gone
// on with.
TEST(Serve, CanBeCertifiedAcrossTheNetwork) {
  const Place at;
  const auto certify = [&](const std::string& model, const Arguments& more) {
    Arguments arguments{"certify", model, at.images, at.log, "--sigma", "0.25", "--n", "2000", "--seed", "7", "--threads", "2", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  ASSERT_TRUE(succeeded(run(certify(at.model, {}))));
  const auto rows = rows_of(at.log);
  std::filesystem::remove(at.log);
  int port = 0;
  {
    Process server(at.serve({"--name", "bands"}), {.output = at.out});
    port = at.port();
    Process client(certify(fmt::format("http://127.0.0.1:{}/v2/models/bands-base", port), {"--output", "scores", "--retries", "1"}));
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(at.log) && rows_of(at.log).size() > 2; }));
    server.send(SIGKILL);
    EXPECT_EQ(client.wait().status, 1);
  }
  const auto begun = rows_of(at.log);
  ASSERT_LT(begun.size(), rows.size());
  EXPECT_EQ(begun, std::vector(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(begun.size())));
  write_file(at.out, "");
  Process server(with(at.serve({"--name", "bands"}), "--port", std::to_string(port)), {.output = at.out});
  ASSERT_EQ(at.port(), port);
  EXPECT_TRUE(succeeded(run(certify(fmt::format("http://127.0.0.1:{}/v2/models/bands-base", port), {"--output", "scores"}))));
  EXPECT_EQ(rows_of(at.log), rows);
}

// Headers without end from one client and bodies that do not end from many, while others are answered. What is read is dropped or bounded.
TEST(Serve, NeedsLittleMemoryWhateverClientsSend) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer needs memory of its own";
#endif
  const Place at;
  Process program(at.serve({"--name", "bands"}), {.output = at.out});
  const int port = at.port();
  std::string lines;
  for (int i = 0; i < 90'000; ++i) lines += fmt::format("X-{}: y\r\n", i);
  Connection endless(port);
  endless.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 300 && endless.send(lines); ++i) {
  }
  std::deque<Connection> hanging;
  for (int i = 0; i < 120; ++i) {
    hanging.emplace_back(port);
    hanging.back().send("POST /v2/models/bands/infer HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 4194304\r\n\r\n");
    hanging.back().send(std::string(4'000'000, ' '));
  }
  httplib::Client client("127.0.0.1", port);
  EXPECT_EQ(client.Get("/v2/health/live")->status, 200);
  program.send(SIGTERM);
  const Outcome outcome = program.wait();
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_LT(outcome.peak_mib, 300);
}

TEST(Serve, RefusesWhatIsNotAllowed) {
  const Place at;
  write_file(at.folder / "token", "two words\n");
  write_file(at.folder / "empty", "");
  EXPECT_TRUE(complained(run({"serve", at.model}), 2, "--sigma"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--port", "70000")), 2, "--port 70000"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--sigma", "-1")), 2, "sigma"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--n", "5")), 2, "even a unanimous vote abstains"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--alpha", "2")), 2, "alpha"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--name", "a/b")), 2, "--name a/b"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--host-name", "a:80")), 2, "--host-name a:80"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--batch", "0")), 2, "--batch 0"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--connections", "0")), 2, "--connections 0"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--max-body", "0")), 2, "--max-body 0"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--timeout", "0")), 2, "--timeout 0"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--token-file", at.folder / "missing")), 2, "missing"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--token-file", at.folder / "token")), 2, "one line of visible ASCII"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--token-file", at.folder / "empty")), 2, "one line of visible ASCII"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--log", at.folder / "none/log")), 2, "cannot be written"));
  EXPECT_TRUE(complained(run(with(at.serve(), "--host", "203.0.113.1")), 2, "cannot be listened on"));
  EXPECT_TRUE(complained(run({"serve", at.folder / "no.onnx", "--sigma", "0.25"}), 2, "no.onnx"));
}

}  // namespace
}  // namespace ballast::cli::testing::serve_test
