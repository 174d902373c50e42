// SPDX-License-Identifier: Apache-2.0
//
// The server as its clients meet it: what it says of itself, whom it refuses, and how it ends.

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "ballast/core/errors.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/stats/radii_test.hpp"
#include "ballast/stats/round_down.hpp"
#include "serve_fixtures.hpp"

namespace ballast::serve::server_test {
namespace {

std::unique_ptr<model::Classifier> constant_classifier() { return smooth::linear_classifier({0, 0, 0, 0}, 1, small, 20); }

// Answers 1, after four milliseconds for twenty images.
std::unique_ptr<model::Classifier> slow_classifier() {
  return model::classifier_from(
      [](std::span<const float>, std::span<Label> labels) {
        std::this_thread::sleep_for(std::chrono::milliseconds(4));
        std::fill(labels.begin(), labels.end(), 1);
      },
      small, 2, 20);
}

TEST(Server, SaysWhatItIs) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  auto client = server.client();
  EXPECT_EQ(Json::parse(client.Get("/v2")->body),
            (Json{{"name", "ballast"}, {"version", "test"}, {"extensions", {"binary_tensor_data"}}, {"models", {"m", "m-base"}}}));
  EXPECT_EQ(client.Get("/v2/health/live")->status, 200);
  EXPECT_EQ(client.Get("/v2/health/ready")->status, 200);
  for (const char* path : {"/v2/models/m/ready", "/v2/models/m-base/ready", "/v2/models/m/versions/1/ready"})
    EXPECT_EQ(client.Get(path)->status, 200) << path;
  const auto smoothed = protocol::read_model_metadata(client.Get("/v2/models/m")->body);
  EXPECT_EQ(smoothed.name, "m");
  EXPECT_EQ(smoothed.inputs.at(0).shape, (std::vector<std::int64_t>{-1, 1, 2, 2}));
  EXPECT_EQ(smoothed.outputs.size(), 7U);
  const auto base = protocol::read_model_metadata(client.Get("/v2/models/m-base")->body);
  EXPECT_EQ(base.outputs.at(0).name, "label");
  EXPECT_EQ(client.Head("/v2")->status, 200);
  const auto page = client.Get("/");
  EXPECT_EQ(page->status, 200);
  EXPECT_NE(page->get_header_value("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
}

TEST(Server, RefusesPathsAndMethodsThatItDoesNotHave) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  auto client = server.client();
  EXPECT_TRUE(refused(client.Get("/v3"), 404, "nothing at this path"));
  EXPECT_TRUE(refused(client.Get("/v2/models/other"), 404, "nothing at this path"));
  EXPECT_TRUE(refused(client.Get("/v2/../etc/passwd"), 404, "nothing at this path"));
  EXPECT_TRUE(refused(client.Get(infer_path.c_str()), 405, "POST"));
  EXPECT_TRUE(refused(client.Post("/v2", "{}", "application/json"), 405, "GET"));
  EXPECT_TRUE(refused(client.Delete(infer_path.c_str(), "x", "application/json"), 405, "POST"));
  EXPECT_TRUE(refused(client.Put(infer_path.c_str(), "x", "application/json"), 405, "POST"));
  EXPECT_TRUE(refused(client.Options(infer_path.c_str()), 405, "POST"));
  EXPECT_TRUE(refused(client.Post("/v2/models/other/infer", "{}", "application/json"), 404, "nothing at this path"));
}

TEST(Server, RefusesWhatIsNoRequestForItsModel) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  const auto with = [](const std::string& type, const Json& shape, const Json& data) {
    return Json{{"inputs", {{{"name", "image"}, {"datatype", type}, {"shape", shape}, {"data", data}}}}}.dump();
  };
  for (const std::string& path : {infer_path, base_path}) {
    EXPECT_TRUE(refused(post(server, path, "hello"), 400, "not JSON"));
    EXPECT_TRUE(refused(post(server, path, ""), 400, "not JSON"));
    EXPECT_TRUE(refused(post(server, path, R"({"inputs":[]})"), 400, "one tensor of the name"));
    EXPECT_TRUE(refused(post(server, path, with("UINT8", {2, 2}, {1, 2, 3, 4})), 400, "[1,2,2] is needed"));
    EXPECT_TRUE(refused(post(server, path, with("UINT8", {1, 4}, {1, 2, 3, 4})), 400, "[1,2,2] is needed"));
    EXPECT_TRUE(refused(post(server, path, with("UINT8", {0, 1, 2, 2}, Json::array())), 400, "0 images"));
    EXPECT_TRUE(refused(post(server, path, with("UINT8", {65, 1, 2, 2}, std::vector<int>(260, 1))), 400, "65 images; 1 to 64"));
    EXPECT_TRUE(refused(post(server, path, with("FP64", {1, 2, 2}, {1, 2, 3, 4})), 400, "UINT8 and FP32 are allowed"));
    EXPECT_TRUE(refused(post(server, path, with("FP32", {1, 2, 2}, {1, 2, 3, nullptr})), 400, "not FP32"));
    EXPECT_TRUE(refused(post(server, path, request_json(1), {{"Inference-Header-Content-Length", "x"}}), 400, "not a number"));
    EXPECT_TRUE(refused(post(server, path, request_json(1), {{"Inference-Header-Content-Length", "100000"}}), 400, "more than the body"));
    EXPECT_TRUE(refused(post(server, path, std::string(100'000, '[')), 400, "deep"));
    EXPECT_TRUE(refused(post(server, path, request_json(1), {}, "text/plain"), 415, "Content-Type"));
    EXPECT_TRUE(refused(post(server, path, request_json(1), {}, "multipart/form-data; boundary=x"), 415, "form"));
    EXPECT_EQ(post(server, path, request_json(1), {}, "application/json; charset=utf-8")->status, 200);
  }
  EXPECT_TRUE(refused(post(server, infer_path, with("FP32", {1, 2, 2}, {0, 1, 1.5, 1})), 400, "[0, 1]"));
}

TEST(Server, GivesNoMoreThanItsLimits) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  const auto refusal = [&](const Json& parameters, const std::string& word) {
    return refused(post(server, infer_path, request_json(1, parameters)), 400, word);
  };
  EXPECT_TRUE(refusal({{"alpha", 0.01}}, "at most 0.001"));
  EXPECT_TRUE(refusal({{"alpha", 0}}, "alpha"));
  EXPECT_TRUE(refusal({{"alpha", "x"}}, "alpha"));
  EXPECT_TRUE(refusal({{"n", 1001}}, "from 1 to 1000"));
  EXPECT_TRUE(refusal({{"n", -1}}, "from 1 to 1000"));
  EXPECT_TRUE(refusal({{"n", 2.5}}, "whole number"));
  EXPECT_TRUE(refusal({{"n", 5}}, "even a unanimous vote abstains"));
  EXPECT_TRUE(refusal({{"aplha", 0.0001}}, "not known"));
  EXPECT_TRUE(refusal({{"radii", "0,,1"}}, "radii"));
  EXPECT_TRUE(refusal({{"radii", "0,nan"}}, "radii"));
  EXPECT_TRUE(refusal({{"radii", "0,0"}}, "rise"));
  EXPECT_TRUE(refusal({{"radii", "0,9"}}, "radius 9"));
  EXPECT_TRUE(refusal({{"radii", true}}, "radii"));
  EXPECT_TRUE(refusal({{"tolerance", 1}}, "tolerance"));
  EXPECT_TRUE(refusal({{"tolerance", 0.1}, {"radii", "0"}}, "do not go together"));
  EXPECT_TRUE(refusal({{"anytime", true}, {"radii", "0"}}, "\"radii\" and \"anytime\" do not go together"));
  EXPECT_TRUE(refusal({{"anytime", 1}}, "true or false"));
  EXPECT_TRUE(refusal({{"gain", 0.1}}, "\"gain\" goes with \"anytime\""));
  EXPECT_TRUE(refusal({{"anytime", true}, {"gain", 1}}, "gain"));
  EXPECT_TRUE(refusal({{"deadline_ms", 0}}, "deadline_ms"));
  EXPECT_TRUE(refusal({{"deadline_ms", 10}, {"anytime", false}}, "deadline_ms goes with"));
  EXPECT_TRUE(refusal({{"anytime", true}, {"n", 11}}, "samples are needed at any time"));
  EXPECT_TRUE(refused(post(server, base_path, request_json(1, {{"n", 10}})), 400, "no parameters"));
  EXPECT_EQ(post(server, infer_path, request_json(1, {{"alpha", 0.0001}, {"n", 999}}))->status, 200);
}

TEST(Server, WantsItsToken) {
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.token = "s3cret";
  const RunningServer server(*classifier, small_options(), options);
  auto client = server.client();
  for (const std::string header : {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "bearer s3cret", "Basic s3cret", "s3cret"}) {
    const httplib::Headers headers{{"Authorization", header}};
    EXPECT_TRUE(refused(client.Get("/v2", headers), 401, "token")) << header;
    EXPECT_TRUE(refused(client.Get("/metrics", headers), 401, "token"));
    EXPECT_TRUE(refused(client.Get("/demo/images", headers), 401, "token"));
    EXPECT_TRUE(refused(client.Get("/nothing", headers), 401, "token"));
    EXPECT_TRUE(refused(post(server, infer_path, request_json(1), headers), 401, "token"));
    EXPECT_TRUE(refused(post(server, "/demo", request_json(1), headers), 401, "token"));
  }
  const httplib::Headers right{{"Authorization", "Bearer s3cret"}};
  EXPECT_EQ(client.Get("/v2", right)->status, 200);
  EXPECT_EQ(post(server, infer_path, request_json(1), right)->status, 200);
  for (const char* path : {"/v2/health/live", "/v2/health/ready", "/"}) EXPECT_EQ(client.Get(path)->status, 200) << path;
}

TEST(Server, RefusesABodyThatIsTooLongAndServesTheNextRequestOfTheConnection) {
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.most_body = 1000;
  const RunningServer server(*classifier, small_options(), options);
  auto client = server.client();
  client.set_keep_alive(true);
  const std::string long_body(100'000, 'x');
  EXPECT_TRUE(refused(client.Post(infer_path.c_str(), long_body, "application/json"), 413, ""));
  EXPECT_EQ(client.Post(infer_path.c_str(), request_json(1), "application/json")->status, 200);
  // In chunks, whose length nobody says beforehand.
  const auto chunked = client.Post(
      infer_path.c_str(),
      [&](std::size_t, httplib::DataSink& sink) {
        for (int i = 0; i < 100; ++i) sink.write(long_body.data(), 1000);
        sink.done();
        return true;
      },
      "application/json");
  EXPECT_TRUE(refused(chunked, 413, "longer than 1000 bytes"));
  EXPECT_EQ(client.Post(infer_path.c_str(), request_json(1), "application/json")->status, 200);
}

TEST(Server, OutlivesGarbage) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  for (const std::string& text : {std::string("\r\n\r\n"), std::string("hello\r\n\r\n"), all_bytes, std::string(100'000, 'A'),
                                  "GET " + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n", std::string("GET / HTTP/9.9\r\n\r\n"),
                                  std::string("POST /v2/models/m/infer HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n{}"),
                                  std::string("POST /v2/models/m/infer HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    RawConnection connection(server.port());
    connection.send(text);
    connection.end_sending();
    const std::string reply = connection.read_all();
    EXPECT_EQ(reply.find("200 OK"), std::string::npos) << text.substr(0, 60);
    EXPECT_NE(reply, "waiting") << text.substr(0, 60);
  }
  EXPECT_EQ(post(server, infer_path, request_json(1))->status, 200);
}

// What follows would else be taken for the next request, and a proxy may see it otherwise.
TEST(Server, RefusesTransferCodingsThatItDoesNotKnow) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  for (const char* coding : {"chunke%d", "gzip, chunked", "identity", "chunked\r\nTransfer-Encoding: chunked"}) {
    RawConnection connection(server.port());
    connection.send("POST /v2/models/m/infer HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: " + std::string(coding) +
                    "\r\n\r\n0\r\n\r\nGET /v2/health/live HTTP/1.1\r\n\r\n");
    const std::string reply = connection.read_all();
    EXPECT_EQ(reply.find("{\"live\":true}"), std::string::npos) << coding;
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 501") || reply.starts_with("HTTP/1.1 400")) << coding << ": " << reply;
  }
}

TEST(Server, AnswersARequestWithoutABodyThoughTheNextIsThere) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  RawConnection connection(server.port());
  connection.send(
      "POST /v2/models/m/infer HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"
      "GET /v2/health/live HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string reply = connection.read_all();
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 400")) << reply;
  EXPECT_NE(reply.find("{\"live\":true}"), std::string::npos) << reply;
}

TEST(Server, WantsALength) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  RawConnection connection(server.port());
  connection.send("POST /v2/models/m/infer HTTP/1.1\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
  const std::string reply = connection.read_all();
  EXPECT_NE(reply.find("411"), std::string::npos) << reply;
  EXPECT_NE(reply.find("Content-Length is needed"), std::string::npos) << reply;
}

TEST(Server, IsNotHeldUpByClientsThatHang) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  RawConnection in_header(server.port()), in_body(server.port()), silent(server.port());
  in_header.send("POST /v2/models/m/infer HT");
  in_body.send("POST /v2/models/m/infer HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_EQ(post(server, infer_path, request_json(1))->status, 200);
  EXPECT_EQ(in_header.read_all().find("200 OK"), std::string::npos);
  EXPECT_EQ(in_body.read_all().find("200 OK"), std::string::npos);
  EXPECT_EQ(silent.read_all(), "");
}

TEST(Server, RefusesWhatTheQueueHasNoPlaceFor) {
  Gate gate;
  ServiceOptions options = small_options();
  options.at_once = 1;
  options.waiting = 2;
  const auto classifier = gate.classifier();
  RunningServer server(*classifier, options);
  gate.close();
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  const auto ask = [&] { clients.emplace_back([&] { answered += post(server, infer_path, request_json(1))->status == 200; }); };
  ask();
  ASSERT_TRUE(eventually([&] { return server.service().state().served == 1; }));
  ask();
  ask();
  ASSERT_TRUE(eventually([&] { return server.service().state().waiting == 2; }));
  const auto refusal = post(server, infer_path, request_json(1));
  EXPECT_TRUE(refused(refusal, 429, "the queue is full: 2 requests wait"));
  EXPECT_EQ(refusal->get_header_value("Retry-After"), "1");
  EXPECT_TRUE(refused(post(server, base_path, request_json(1)), 429, "the queue is full"));
  EXPECT_EQ(server.client().Get("/v2/health/ready")->status, 200);
  gate.open();
  for (auto& client : clients) client.join();
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(post(server, infer_path, request_json(1))->status, 200);
}

TEST(Server, AnswersWhatIsUnderWayBeforeItEnds) {
  Gate gate;
  const auto classifier = gate.classifier();
  ServiceOptions options = small_options();
  options.at_once = 1;
  RunningServer server(*classifier, options);
  gate.close();
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) clients.emplace_back([&] { answered += post(server, infer_path, request_json(1))->status == 200; });
  ASSERT_TRUE(eventually([&] { return server.service().state().served == 1 && server.service().state().waiting == 2; }));
  std::thread stopper([&] { server.stop(); });
  ASSERT_TRUE(eventually([&] { return !server.service().state().ready; }));
  EXPECT_TRUE(refused(post(server, infer_path, request_json(1)), 503, "shutting down"));
  EXPECT_TRUE(refused(server.client().Get("/v2/health/ready"), 503, "shutting down"));
  EXPECT_EQ(answered, 0);
  gate.open();
  for (auto& client : clients) client.join();
  stopper.join();
  EXPECT_EQ(answered, 3);
  auto late = server.client();
  late.set_connection_timeout(1);
  EXPECT_FALSE(late.Get("/v2"));
}

TEST(Server, CanBeStoppedAtAnyMoment) {
  const auto classifier = constant_classifier();
  for (int i = 0; i < 5; ++i) RunningServer(*classifier).stop();
  Service service(*classifier, small_options());
  Server server(service, any_port());
  server.stop();
  server.run();  // returns at once
  server.stop();
}

TEST(Server, ClaimsAtADeadlineOnlyWhatItsVotesHaveProvedByThen) {
  const auto classifier = slow_classifier();
  ServiceOptions options = small_options();
  options.samples = 100'000;
  const RunningServer server(*classifier, options);
  // A unanimous vote needs about 40,000 samples for 0.9, which take 8 seconds at least.
  const std::vector<double> radii{0, 0.1, 0.25, 0.5, 0.9};
  const noise::NoisyWriter noise(NoiseKind::grid, 0.25, classifier->affine());
  const stats::RadiiTest test({radii, 0.001, 100'000, 20, 0.01, {NoiseLaw::gaussian, 0.25}, noise.noise_error(small.size())});
  for (const int deadline : {1, 100, 700}) {
    const auto result = post(server, infer_path, request_json(1, {{"radii", "0,0.1,0.25,0.5,0.9"}, {"deadline_ms", deadline}}));
    ASSERT_TRUE(result);
    ASSERT_EQ(result->status, 200) << result->body;
    EXPECT_EQ(Json::parse(result->body)["parameters"]["stopped_at_deadline"], true);
    const auto samples = output(result->body, "samples")[0].get<std::uint64_t>();
    EXPECT_LT(samples, 100'000U);
    stats::RadiiTest::Walk walk(test);
    while (test.looks()[walk.next_look()] <= samples) walk.look(0);
    const std::size_t certified = walk.certified();
    EXPECT_EQ(output(result->body, "label")[0], certified > 0 ? 1 : -1) << samples;
    EXPECT_EQ(output(result->body, "radius")[0].get<double>(), certified > 0 ? test.radius(certified - 1) : 0) << samples;
  }
}

// A deadline alone is answered by the radius at any time, as is a request for it.
TEST(Server, AnswersAtAnyTime) {
  const auto classifier = slow_classifier();
  ServiceOptions options = small_options();
  options.samples = 100'000;
  const RunningServer server(*classifier, options);
  const double noise_error = noise::NoisyWriter(NoiseKind::grid, 0.25, classifier->affine()).noise_error(small.size());
  for (const Json& asked :
       {Json{{"deadline_ms", 300}}, Json{{"deadline_ms", 300}, {"anytime", true}}, Json{{"anytime", true}, {"gain", 0.9}}}) {
    const auto result = post(server, infer_path, request_json(1, asked));
    ASSERT_TRUE(result);
    ASSERT_EQ(result->status, 200) << result->body;
    EXPECT_EQ(Json::parse(result->body)["parameters"]["method"], "certify-anytime");
    const auto samples = output(result->body, "samples")[0].get<std::uint64_t>();
    EXPECT_LT(samples, 100'000U);
    const auto claim = stats::anytime_claim(samples, 0, 0.001, {NoiseLaw::gaussian, 0.25}, noise_error);
    EXPECT_EQ(output(result->body, "label")[0], claim.radius ? 1 : -1);
    EXPECT_EQ(output(result->body, "radius")[0].get<double>(), claim.radius.value_or(0));
    if (claim.radius) EXPECT_EQ(output(result->body, "p_lower")[0].get<double>(), claim.p_lower);
  }
}

TEST(Server, CountsWhatItDoes) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  auto client = server.client();
  for (int i = 0; i < 3; ++i) post(server, infer_path, request_json(1, {{"n", 100}}));
  post(server, infer_path, "hello");
  post(server, base_path, request_json(1));
  const auto metrics = client.Get("/metrics");
  EXPECT_EQ(metrics->get_header_value("Content-Type"), "text/plain; version=0.0.4");
  for (const char* line : {"ballast_requests_total{model=\"m\",code=\"200\"} 3\n", "ballast_requests_total{model=\"m\",code=\"400\"} 1\n",
                           "ballast_requests_total{model=\"m-base\",code=\"200\"} 1\n", "ballast_request_seconds_bucket{le=\"+Inf\"} 5\n",
                           "ballast_request_seconds_count 5\n", "ballast_queue_depth 0\n", "ballast_requests_active 0\n",
                           "ballast_ready 1\n", "ballast_images_total 3\n", "ballast_samples_total 300\n", "ballast_abstentions_total 0\n"})
    EXPECT_NE(metrics->body.find(line), std::string::npos) << line << metrics->body;
}

TEST(Server, LogsWhatIsNeededToDrawAgain) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "ballast_serve_log.jsonl";
  std::filesystem::remove(file);
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.log = file;
  {
    const RunningServer server(*classifier, small_options(), options);
    post(server, infer_path, request_json(1, {{"n", 100}}, "first"));
    post(server, infer_path, request_json(2, {{"radii", "0,0.25"}}, "second"));
    post(server, infer_path, "no request");
    post(server, base_path, request_json(1));
  }
  std::ifstream in(file);
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["id"], "first");
  EXPECT_EQ(lines[0]["n"], 100);
  EXPECT_EQ(lines[0]["sigma"], 0.25);
  EXPECT_EQ(lines[0]["model"], "m");
  EXPECT_EQ(lines[0]["engine"], "callback");
  EXPECT_EQ(lines[0]["images"][0]["seed"], known_seed);
  EXPECT_EQ(lines[0]["images"][0]["label"], 1);
  EXPECT_EQ(lines[0]["images"][0]["image_sha256"], "27ecd0a598e76f8a2fd264d427df0a119903e8eae384e478902541756f089dd1");
  EXPECT_EQ(lines[1]["radii"], (Json{0.0, 0.25}));
  EXPECT_EQ(lines[1]["images"].size(), 1U);
  std::filesystem::remove(file);
  options.log = "/no/such/folder/log";
  Service service(*classifier, small_options());
  EXPECT_THROW(Server(service, options), InputError);
}

TEST(Server, GivesNoAnswerThatItCannotLog) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.log = "/dev/full";
  const RunningServer server(*classifier, small_options(), options);
  EXPECT_TRUE(refused(post(server, infer_path, request_json(1)), 500, "the log could not be written"));
  EXPECT_EQ(post(server, base_path, request_json(1))->status, 200);
}

TEST(Server, LeavesNoPartOfALineThatTheDiskHasNoRoomFor) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "ballast_serve_full.jsonl";
  std::filesystem::remove(file);
  const auto classifier = constant_classifier();
  ServerOptions options = any_port();
  options.log = file;
  const RunningServer server(*classifier, small_options(), options);
  EXPECT_EQ(post(server, infer_path, request_json(1))->status, 200);
  const std::uintmax_t size = std::filesystem::file_size(file);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{size + 20, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto infer = post(server, infer_path, request_json(1));
  const auto demo = post(server, "/demo", request_json(1));
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(refused(infer, 500, "the log could not be written"));
  EXPECT_EQ(infer->body.find("radius"), std::string::npos);
  EXPECT_NE(demo->body.find("the log could not be written"), std::string::npos);
  EXPECT_EQ(demo->body.find("outputs"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(file), size);
  EXPECT_EQ(post(server, infer_path, request_json(1))->status, 200);
  std::ifstream in(file);
  int lines = 0;
  for (std::string line; std::getline(in, line); ++lines) EXPECT_TRUE(Json::accept(line)) << line;
  EXPECT_EQ(lines, 2);
  Service service(*classifier, small_options());
  EXPECT_THROW(Server(service, options), InputError);  // two servers would cut each other's lines
  std::filesystem::remove(file);
}

TEST(Server, RefusesAnAddressThatIsTaken) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  Service service(*classifier, small_options());
  ServerOptions options = any_port();
  options.port = server.port();
  EXPECT_THROW(Server(service, options), InputError);
  options.host = "203.0.113.1";
  EXPECT_THROW(Server(service, options), InputError);
}

TEST(Server, FailsOneRequestWhereTheClassifierFails) {
  std::atomic<bool> broken{false};
  const auto classifier = model::classifier_from(
      [&](std::span<const float>, std::span<Label> labels) {
        if (broken) throw std::runtime_error("the accelerator is gone");
        std::fill(labels.begin(), labels.end(), 1);
      },
      small, 2, 20);
  const RunningServer server(*classifier);
  broken = true;
  EXPECT_TRUE(refused(post(server, infer_path, request_json(1)), 500, "the accelerator is gone"));
  broken = false;
  EXPECT_EQ(post(server, infer_path, request_json(1))->status, 200);
}

TEST(Demo, TellsTheVotesAsTheyComeAndTheAnswerAtTheEnd) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  const auto result = post(server, "/demo", request_json(100, {{"radii", "0,0.1,0.25,0.5"}}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->get_header_value("Content-Type"), "application/x-ndjson");
  std::istringstream in(result->body);
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  ASSERT_GE(lines.size(), 4U);
  ASSERT_EQ(lines[0]["pictures"].size(), 4U);
  EXPECT_EQ(lines[0]["pictures"][0].size(), 4U);
  std::uint64_t samples = 0;
  double radius = -1;
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    EXPECT_GE(lines[i]["samples"].get<std::uint64_t>(), samples);
    EXPECT_EQ(lines[i]["of"], 1000);
    samples = lines[i]["samples"];
    EXPECT_EQ(lines[i]["counts"], (Json{0, samples, 0}));
    const double now = lines[i]["radius"].is_null() ? -1 : lines[i]["radius"].get<double>();
    EXPECT_GE(now, radius);
    radius = now;
  }
  EXPECT_GE(samples, 20U);
  EXPECT_EQ(output(lines.back().dump(), "radius")[0].get<double>(), 0.5);
  EXPECT_EQ(lines.back().dump(), Json::parse(post(server, infer_path, request_json(100, {{"radii", "0,0.1,0.25,0.5"}}))->body).dump());
}

TEST(Demo, HasTheImagesToTryThatItWasGiven) {
  const auto classifier = constant_classifier();
  ServiceOptions options = small_options();
  options.sample_images = {{{small, std::vector<std::uint8_t>{0, 1, 2, 255}}, "cat"}};
  const RunningServer server(*classifier, options);
  EXPECT_EQ(Json::parse(server.client().Get("/demo/images")->body), Json::parse(R"({"images":[{"name":"cat","pixels":[0,1,2,255]}]})"));
  const RunningServer none(*classifier);
  EXPECT_EQ(Json::parse(none.client().Get("/demo/images")->body), Json::parse(R"({"images":[]})"));
  options.sample_images[0].image.shape = {1, 4, 1};
  EXPECT_THROW(Service(*classifier, options), InputError);
}

TEST(Demo, SaysWhatWentWrong) {
  const auto classifier = constant_classifier();
  const RunningServer server(*classifier);
  const auto result = post(server, "/demo", "{}");
  ASSERT_TRUE(result);
  EXPECT_NE(Json::parse(result->body)["error"].get<std::string>().find("inputs"), std::string::npos);
  EXPECT_TRUE(refused(post(server, "/demo", request_json(1), {{"Inference-Header-Content-Length", "x"}}), 400, "not a number"));
}

}  // namespace
}  // namespace ballast::serve::server_test
