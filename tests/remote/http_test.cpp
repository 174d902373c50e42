// SPDX-License-Identifier: Apache-2.0
//
// Models on a server, here one of this process.

#include <gtest/gtest.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/protocol/infer.hpp"
#include "ballast/protocol/metadata.hpp"
#include "ballast/remote/open.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "ballast/smooth/vote_counter.hpp"

namespace ballast::remote::http_test {
namespace {

constexpr ImageShape shape{2, 1, 3};

Label shade_of(std::span<const float> image) { return static_cast<Label>(std::clamp(image[0] * 4, 0.0f, 3.0f)); }

// The first value of the image decides among four classes.
class Server {
 public:
  bool binary = true;
  protocol::ModelMetadata metadata{"m", {"1"}, "test", {{"x", "FP32", {-1, 2, 1, 3}}}, {{"label", "INT64", {-1}}}};
  // Instead of what is right; a status above 0 is answered as an error.
  std::function<int(int request, protocol::InferResponse&)> spoil = [](int, protocol::InferResponse&) { return 0; };
  std::string token;
  std::atomic<int> requests{0}, images{0};

  Server() {
    server_.Get("/v2", [this](const httplib::Request&, httplib::Response& out) {
      protocol::ServerMetadata about{"test", "1", {}};
      if (binary) about.extensions.emplace_back(protocol::binary_extension);
      out.set_content(protocol::write(about), "application/json");
    });
    server_.Get("/v2/models/m", [this](const httplib::Request&, httplib::Response& out) {
      out.set_content(protocol::write(metadata), "application/json");
    });
    server_.Post("/v2/models/m/infer", [this](const httplib::Request& in, httplib::Response& out) { infer(in, out); });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~Server() {
    server_.stop();
    thread_.join();
  }
  std::string address(const std::string& name = "m") const { return "http://127.0.0.1:" + std::to_string(port_) + "/v2/models/" + name; }

 private:
  void infer(const httplib::Request& in, httplib::Response& out) {
    const int request_number = ++requests;
    const std::string length = in.get_header_value(std::string(protocol::header_length_name));
    const auto request =
        protocol::read_request(in.body, length.empty() ? std::nullopt : std::optional(protocol::header_length_from(length)));
    EXPECT_EQ(request.inputs.at(0).binary, binary);
    EXPECT_EQ(in.get_header_value("Authorization"), token.empty() ? "" : "Bearer " + token);
    const auto count = static_cast<std::size_t>(request.inputs[0].shape.at(0));
    images += static_cast<int>(count);
    protocol::InferResponse response{"m", "1", request.id, {}, {answer(request.inputs[0].as<float>(), count)}};
    if (const int status = spoil(request_number, response); status > 0) {
      out.status = status;
      out.set_header("Retry-After", "0");
      return out.set_content(protocol::write_error("busy"), "application/json");
    }
    const auto message = protocol::write(response);
    if (message.header_length) out.set_header(std::string(protocol::header_length_name), std::to_string(*message.header_length));
    out.set_content(message.body, message.header_length ? "application/octet-stream" : "application/json");
  }

  protocol::Tensor answer(const std::vector<float>& values, std::size_t count) const {
    const auto& output = metadata.outputs.front();
    protocol::Tensor tensor;
    tensor.name = output.name;
    tensor.binary = binary;
    tensor.shape = {static_cast<std::int64_t>(count)};
    std::vector<Label> labels;
    for (std::size_t i = 0; i < count; ++i) labels.push_back(shade_of(std::span(values).subspan(i * shape.size(), shape.size())));
    if (output.datatype == "INT64") {
      tensor.type = protocol::DataType::int64;
      tensor.values = std::vector<std::int64_t>(labels.begin(), labels.end());
    } else {
      std::vector<float> scores;
      for (const Label label : labels) {
        for (Label c = 0; c < 4; ++c) scores.push_back(c == label ? 1.0f : 0.5f);
      }
      tensor.shape.push_back(4);
      tensor.values = scores;
    }
    return tensor;
  }

  httplib::Server server_;
  std::thread thread_;
  int port_ = 0;
};

Options options() {
  Options chosen;
  chosen.shape = shape;
  chosen.classes = 4;
  chosen.timeout = 20;
  return chosen;
}

std::vector<std::uint64_t> votes_of(const model::Classifier& classifier, int threads = 2) {
  smooth::ThreadPool pool(classifier, threads);
  const noise::NoisyWriter noise(NoiseKind::grid, 0.25, classifier.affine());
  const Image image{shape, std::vector<std::uint8_t>{110, 7, 3, 200, 90, 255}};
  return smooth::VoteCounter(pool, noise, image, 9, 3).next(noise::Purpose::estimation, 300).votes;
}

std::vector<std::uint64_t> votes_here() {
  const auto classifier = model::classifier_from(
      [](std::span<const float> pixels, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = shade_of(pixels.subspan(i * shape.size(), shape.size()));
      },
      shape, 4);
  return votes_of(*classifier);
}

template <typename Error>
std::string said(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

void expect_in(const std::string& text, const std::string& part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

TEST(Http, CountsAsTheSameClassifierHere) {
  const auto expected = votes_here();
  ASSERT_GT(*std::min_element(expected.begin(), expected.begin() + 3), 0u);
  for (const bool binary : {false, true}) {
    for (const bool scores : {false, true}) {
      Server server;
      server.binary = binary;
      if (scores) server.metadata.outputs = {{"scores", "FP32", {-1, 4}}};
      Options chosen = options();
      if (scores) chosen.classes.reset();  // the metadata says
      EXPECT_EQ(votes_of(*open(server.address(), chosen).classifier), expected) << binary << scores;
    }
  }
}

TEST(Http, PutsImagesIntoTheLayoutOfTheModel) {
  // Three rows of one pixel, two channels behind: the first value is still that of channel 0, position 0.
  for (const std::vector<std::int64_t>& sizes : {std::vector<std::int64_t>{-1, 1, 3, 2}, {-1, 6}, {8, -1, -1, -1}}) {
    Server server;
    server.metadata.inputs[0].shape = sizes;
    EXPECT_EQ(votes_of(*open(server.address(), options()).classifier), votes_here());
  }
}

TEST(Http, DescribesTheModelByWhatTheServerSays) {
  Server server;
  const std::string before = open(server.address(), options()).description;
  EXPECT_EQ(open(server.address(), options()).description, before);
  server.metadata.versions = {"2"};
  EXPECT_NE(open(server.address(), options()).description, before);
}

TEST(Http, TriesAgainWhereTheServerIsBusy) {
  Server server;
  server.token = "secret";
  Options chosen = options();
  chosen.token = "secret";
  std::atomic<int> refused{0};
  server.spoil = [&](int request, protocol::InferResponse&) {
    const int status = request % 3 == 1 ? 503 : request % 3 == 2 ? 429 : 0;
    refused += status > 0;
    return status;
  };
  EXPECT_EQ(votes_of(*open(server.address(), chosen).classifier, 1), votes_here());
  EXPECT_GT(refused, 10);
}

TEST(Http, GivesUpAfterSoManyTries) {
  Server server;
  Options chosen = options();
  chosen.retries = 2;
  server.spoil = [](int, protocol::InferResponse&) { return 503; };
  expect_in(said<std::runtime_error>([&] { open(server.address(), chosen); }), "status 503: busy (tried 3 times)");
  EXPECT_EQ(server.requests, 3);
  chosen.retries = 0;
  expect_in(said<std::runtime_error>([&] { open("http://127.0.0.1:1/v2/models/m", chosen); }), "(tried 1 time); is the server there");
  server.spoil = [](int, protocol::InferResponse&) { return std::this_thread::sleep_for(std::chrono::milliseconds(1500)), 0; };
  chosen.timeout = 0.3;
  expect_in(said<std::runtime_error>([&] { open(server.address(), chosen); }), "(tried 1 time); is the server there");
}

TEST(Http, NeverTriesAgainWhatIsWrong) {
  Server server;
  const auto spoiled = [&](const std::function<void(protocol::InferResponse&)>& how) {
    server.requests = 0;
    server.spoil = [&how](int, protocol::InferResponse& response) { return how(response), 0; };
    const std::string text = said<std::runtime_error>([&] { open(server.address(), options()); });
    EXPECT_EQ(server.requests, 1) << text;
    return text;
  };
  using Numbers = std::vector<std::int64_t>;
  expect_in(spoiled([](auto& r) { r.outputs[0].shape = {7}, r.outputs[0].values = Numbers(7); }), "8 images were answered by INT64 of [7]");
  expect_in(spoiled([](auto& r) { r.outputs[0].values = Numbers(8, 4); }), "answered label 4; 0 to 3 are allowed");
  expect_in(spoiled([](auto& r) { r.outputs[0].values = Numbers(8, -1); }), "answered label -1");
  expect_in(spoiled([](auto& r) { r.outputs[0].name = "other"; }), "no output label");
  expect_in(spoiled([](auto& r) { r.id = "77"; }), "answered request 77, and 1 was asked");
  expect_in(spoiled([](auto& r) { r.outputs[0].type = protocol::DataType::fp32, r.outputs[0].values = std::vector<float>(8); }),
            "answered by FP32 of [8]");
  server.requests = 0;
  server.spoil = [](int, protocol::InferResponse&) { return 400; };
  expect_in(said<std::runtime_error>([&] { open(server.address(), options()); }), "status 400: busy");
  EXPECT_EQ(server.requests, 1);
  expect_in(said<std::runtime_error>([&] { open(server.address("gone"), options()); }), "status 404");
}

TEST(Http, EndsWhereTheServerTakesUpAnotherVersion) {
  Server server;
  server.spoil = [](int request, protocol::InferResponse& response) { return response.model_version = request > 6 ? "2" : "1", 0; };
  const Opened opened = open(server.address(), options());
  expect_in(said<std::runtime_error>([&] { votes_of(*opened.classifier); }), "answered with version '2' of the model, and with '1' before");
}

TEST(Http, RefusesModelsThatDoNotFit) {
  Server server;
  const auto refused = [&](const std::function<void(protocol::ModelMetadata&, Options&)>& change) {
    const auto before = server.metadata;
    Options chosen = options();
    change(server.metadata, chosen);
    const std::string text = said<InputError>([&] { open(server.address(), chosen); });
    server.metadata = before;
    return text;
  };
  expect_in(refused([](auto& m, auto&) { m.inputs[0].shape = {-1, 3, 1, 3}; }), "is [-1,3,1,3], and the images are 2x1x3");
  expect_in(refused([](auto& m, auto&) { m.inputs[0].datatype = "UINT8"; }), "is UINT8; FP32 is needed");
  expect_in(refused([](auto& m, auto&) { m.inputs.push_back({"y", "FP32", {-1}}); }), "--input is needed, one of: x, y");
  expect_in(refused([](auto& m, auto&) { m.outputs.push_back({"z", "FP32", {-1, 4}}); }), "--output is needed, one of: label, z");
  expect_in(refused([](auto& m, auto&) { m.outputs[0].datatype = "BYTES"; }), "is BYTES; labels (INT64, INT32) or scores");
  expect_in(refused([](auto&, auto& o) { o.classes.reset(); }), "--classes is required");
  expect_in(refused([](auto& m, auto&) { m.outputs = {{"s", "FP32", {-1, 7}}}; }), "--classes 4, and the model has 7");
  for (const char* address : {"http://", "http://host", "http://host/v2/models/", "http://host/v1/models/m"})
    expect_in(said<InputError>([&] { open(address, options()); }), "http://HOST:PORT/v2/models/NAME is needed");
}

TEST(Http, CountsEveryTryAgainstTheBudget) {
  Server server;
  server.spoil = [](int request, protocol::InferResponse&) { return request == 1 ? 503 : 0; };
  Options chosen = options();
  chosen.budget = 8 + 8 + 8 + 1 + 100;
  const Opened opened = open(server.address(), chosen);
  expect_in(said<std::runtime_error>([&] { votes_of(*opened.classifier); }), "the budget of 125 images is spent");
  EXPECT_LE(server.images, 125);
}

}  // namespace
}  // namespace ballast::remote::http_test
