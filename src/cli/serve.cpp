// SPDX-License-Identifier: Apache-2.0
//
// ballast serve MODEL --sigma S: certificates and the base classifier over HTTP.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/serve/confinement.hpp"
#include "ballast/serve/server.hpp"
#include "commands.hpp"
#include "fit.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

struct ServeArguments {
  ModelArguments model;
  serve::ServiceOptions service;
  serve::ServerOptions server;
  std::string name, token_file, log;
  std::uint64_t most_body = 4;  // MiB
  std::uint64_t patience = 10;  // seconds
  DataArguments images;
  bool unconfined = false, quiet = false;
};

constexpr std::size_t most_sample_images = 12, most_sample_values = 1'000'000;  // pixels of all channels together

// Spread over the data set, so that classes that stand together are not all one.
void take_sample_images(ServeArguments& a, const ModelArguments::Opened& opened) {
  auto dataset = a.images.open();
  fit_classes(dataset, opened, a.images.label_offset);
  const ImageShape shape = opened.classifier->image_shape();
  const std::size_t fitting = std::max<std::size_t>(1, most_sample_values / shape.size());
  const std::size_t count = std::min({most_sample_images, fitting, dataset->size()});
  if (a.service.class_names.empty()) a.service.class_names = names_of_classes(*dataset, opened);
  const auto& names = a.service.class_names;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = i * (dataset->size() / count);
    const auto example = dataset->at(index);
    require(example.image.shape == shape && example.image.is_8bit(),
            fmt::format("--images: image {} is not one of bytes in the model's size (--resize and --crop make images fit)", index));
    const auto label = static_cast<std::size_t>(example.label);
    a.service.sample_images.push_back({example.image, label < names.size() ? names[label] : fmt::format("class {}", label)});
  }
}

bool is_host_name(const std::string& name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == std::string::npos;
}

// The name in paths: that of the file, or the one given.
std::string name_of(const ServeArguments& a) {
  const std::string name = a.name.empty() ? std::filesystem::path(a.model.file).stem().string() : a.name;
  const bool plain = name.size() <= 64 && is_host_name(name);
  require(plain && name != "." && name != "..", fmt::format("--name {}: 1 to 64 letters, digits, '.', '-' and '_' are needed", name));
  return name;
}

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

void check(const ServeArguments& a) {
  require(a.server.port >= 0 && a.server.port <= 65535, fmt::format("--port {}: 0 (any that is free) to 65535 are allowed", a.server.port));
  require(a.service.images >= 1, "--batch 0: at least one image a request is needed");
  require(a.server.connections >= 1 && a.server.connections <= 10'000,
          fmt::format("--connections {}: 1 to 10000 are allowed", a.server.connections));
  for (const std::string& name : a.server.host_names)
    require(is_host_name(name), fmt::format("--host-name {}: letters, digits, '.', '-' and '_' are needed, without a port", name));
  require(a.most_body >= 1 && a.most_body <= 1024, fmt::format("--max-body {}: 1 to 1024 MiB are allowed", a.most_body));
  require(a.patience >= 1 && a.patience <= 3600, fmt::format("--timeout {}: 1 to 3600 seconds are allowed", a.patience));
}

void serve_model(ServeArguments& a) {
  check(a);
  const std::string read = a.model.prepare();
  if (!read.empty() && !a.quiet) warn("{}; images must come so prepared but for mean and std\n", read);
  a.service.name = name_of(a);
  a.server.most_body = a.most_body * mebibyte;
  a.server.patience = std::chrono::seconds(a.patience);
  a.server.log = a.log;
  a.server.version = BALLAST_VERSION;
  if (!a.token_file.empty()) a.server.token = token_in(a.token_file);
  const auto opened = a.model.open({});
  a.service.threads = a.model.threads;
  a.service.model_sha256 = opened.sha256;
  a.service.class_names = opened.class_names;
  if (!a.images.name.empty()) take_sample_images(a, opened);
  serve::Service service(*opened.classifier, a.service);
  const std::atomic<bool>& stop = stop_on_signal();
  serve::Server server(service, a.server);
  if (!is_loopback(a.server.host) && a.server.token.empty())
    warn("warning: {} can be reached from other machines, and no --token-file is given\n", a.server.host);
  // A GPU's driver opens files of its own at any time.
  if (!a.unconfined && a.model.device == "cpu" && !serve::confine_to_serving() && !a.quiet)
    warn("the system has no seccomp: files, programs and the network stay within this process's reach\n");
  if (!a.quiet) {
    say("{} and {} at http://{}:{}\n", a.service.name, service.base_name(), a.server.host, server.port());
    std::fflush(stdout);
  }
  std::thread serving([&] { server.run(); });
  while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  server.stop();
  serving.join();
}

}  // namespace

void add_serve(CLI::App& program) {
  auto& command =
      *program.add_subcommand("serve", "Answer requests over HTTP: certificates, and the base classifier (Open Inference Protocol)");
  auto a = std::make_shared<ServeArguments>();
  a->model.add_to(command);
  command.add_option("--sigma", a->service.sigma, "standard deviation of the Gaussian noise; pixels are in [0, 1]")->required();
  command.add_option("--n0", a->service.selection_samples, "samples to guess the class")->check(whole_number())->capture_default_str();
  command.add_option("--n", a->service.samples, "samples to bound its probability: the most a request may ask for, and the default")
      ->check(whole_number())
      ->capture_default_str();
  command
      .add_option("--alpha", a->service.alpha,
                  "allowed probability that a certificate is wrong: the most a request may ask for, and the default")
      ->capture_default_str();
  a->images.add_to(command, "--images", false);
  command.add_option("--host", a->server.host, "address to listen on")->capture_default_str();
  command.add_option("--port", a->server.port, "port to listen on; 0 is any that is free")->capture_default_str();
  command.add_option("--host-name", a->server.host_names,
                     "without a token: a name by which clients may call this server, beside IP addresses and localhost; may be repeated");
  command.add_option("--name", a->name, "of the model in paths (default: that of its file)");
  command.add_option("--token-file", a->token_file, "file with the token that clients must show (Authorization: Bearer TOKEN)");
  command.add_option("--log", a->log, "append a line of JSON for each request that was certified, with what is needed to draw it again");
  command.add_option("--queue", a->service.waiting, "requests that may wait; more get status 429")
      ->check(whole_number())
      ->capture_default_str();
  command.add_option("--batch", a->service.images, "images that one request may hold")->check(whole_number())->capture_default_str();
  command.add_option("--max-body", a->most_body, "MiB that one request may hold")->check(whole_number())->capture_default_str();
  command.add_option("--connections", a->server.connections, "connections at the same time; a new one takes the place of the stalest")
      ->check(whole_number())
      ->capture_default_str();
  command.add_option("--timeout", a->patience, "seconds for a request's whole head, for its whole body, and for taking a response")
      ->check(whole_number())
      ->capture_default_str();
  command.add_flag(
      "--unconfined", a->unconfined,
      "keep the right to open files, start programs and connect elsewhere, which is otherwise given up before the first request");
  command.add_flag("--quiet", a->quiet, "do not say where it listens");
  add_examples(command, {"ballast serve model.onnx --sigma 0.25"});
  command.callback([a] { serve_model(*a); });
}

}  // namespace ballast::cli
