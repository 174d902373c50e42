// SPDX-License-Identifier: Apache-2.0

#include "http.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/protocol/infer.hpp"
#include "ballast/protocol/metadata.hpp"
#include "exchange.hpp"
#include "replies.hpp"

namespace ballast::remote {
namespace {

using protocol::DataType;
using protocol::TensorMetadata;

// The address in two: "http://HOST:PORT" and "/v2/models/NAME".
struct Url {
  std::string server, path;
};

Url url_of(const std::string& address) {
  const std::size_t host = address.find("://") + 3;
  const std::size_t slash = std::min(address.find('/', host), address.size());
  Url url{address.substr(0, slash), address.substr(slash)};
  while (url.path.ends_with('/')) url.path.pop_back();
  const std::size_t models = url.path.find("/v2/models/");
  require(slash > host && models != std::string::npos && url.path.size() > models + std::string_view("/v2/models/").size(),
          fmt::format("{}: http://HOST:PORT/v2/models/NAME is needed", address));
  return url;
}

constexpr std::size_t mebibyte = 1 << 20;
constexpr std::size_t most_metadata = 4 * mebibyte;
constexpr std::size_t most_of_a_number = 64;  // bytes, as JSON with spaces

// What to do about a reply that stays, or about none at all.
std::string advice_on(int status) {
  switch (status) {
    case 0: return "is the server there, and the address its own? --timeout and --retries wait longer";
    case 401:
    case 403: return "--token-file names the file of the token that the server wants to see";
    case 404: return "has the server a model of this name? http://HOST:PORT/v2/models/NAME is needed";
    case 413: return "--batch sends fewer images at a time";
    case 429:
    case 503: return "the server is busy: --retries waits longer";
    default: return "";
  }
}

// A connection that is kept, and tried again.
class Line {
 public:
  Line(std::string address, const Url& url, const Options& options)
      : address_(std::move(address)), path_(url.path), retries_(options.retries), connection_(url.server, options.timeout) {
    if (!options.token.empty()) fields_.emplace_back("Authorization", "Bearer " + options.token);
  }

  // 200, or std::runtime_error. before_each: called before each try.
  template <typename Before>
  HttpReply post(const protocol::Message& message, std::size_t most_body, const Before& before_each) {
    HttpRequest request{"POST", path_ + "/infer", fields_, message.body};
    request.fields.emplace_back("Content-Type", message.header_length ? "application/octet-stream" : "application/json");
    if (message.header_length) request.fields.emplace_back(protocol::header_length_name, std::to_string(*message.header_length));
    return until_well([&] {
      before_each();
      return exchange(request, most_body);
    });
  }

  HttpReply get(const std::string& path) {
    return until_well([&] { return exchange({"GET", path, fields_, ""}, most_metadata); });
  }

 private:
  // Busy or out of reach: later, perhaps. Anything else: an error that stays.
  static bool passes(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

  // What the server asks for, or twice as long as the last time.
  static double seconds_to_wait(const HttpReply& reply, int tries) {
    constexpr double first = 0.25, longest = 30;
    double seconds = first * static_cast<double>(1 << std::min(tries, 10));
    const std::string after = reply.value("Retry-After");
    std::from_chars(after.data(), after.data() + after.size(), seconds);
    return std::clamp(seconds, 0.0, longest);
  }

  HttpReply exchange(const HttpRequest& request, std::size_t most_body) {
    try {
      return connection_.exchange(request, most_body);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}: {}", address_, error.what()));
    }
  }

  template <typename Try>
  HttpReply until_well(const Try& attempt) {
    for (int tries = 0;; ++tries) {
      HttpReply reply = attempt();
      if (reply.status == 200) return reply;
      const std::string what =
          reply.status > 0 ? fmt::format("status {}: {}", reply.status, protocol::read_error(reply.body)) : reply.trouble;
      const std::string advice = advice_on(reply.status);
      const std::string behind = advice.empty() ? "" : "; " + advice;
      if (reply.status > 0 && !passes(reply.status)) throw std::runtime_error(fmt::format("{}: {}{}", address_, what, behind));
      if (tries == retries_)
        throw std::runtime_error(fmt::format("{}: {} (tried {} time{}){}", address_, what, tries + 1, tries == 0 ? "" : "s", behind));
      std::this_thread::sleep_for(std::chrono::duration<double>(seconds_to_wait(reply, tries)));
    }
  }

  std::string address_, path_;
  int retries_;
  Fields fields_;
  HttpConnection connection_;
};

// The one of this name, or the only one.
const TensorMetadata& chosen(const std::vector<TensorMetadata>& tensors, const std::string& name, const char* what,
                             const std::string& address) {
  std::vector<std::string> names;
  for (const TensorMetadata& tensor : tensors) {
    if (tensor.name == name || (name.empty() && tensors.size() == 1)) return tensor;
    names.push_back(tensor.name);
  }
  throw InputError(fmt::format("{}: --{} is needed, one of: {}", address, what, fmt::join(names, ", ")));
}

// Whether the image's sizes are those behind the batch, -1 being any.
bool fits(const TensorMetadata& tensor, const std::vector<std::int64_t>& sizes) {
  if (tensor.shape.size() != sizes.size() + 1) return false;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (tensor.shape[i + 1] != -1 && tensor.shape[i + 1] != sizes[i]) return false;
  }
  return true;
}

// What is known of the model, once for all connections.
struct Model {
  std::string address;
  Options options;
  Url url;
  TensorMetadata input, output;
  std::vector<std::int64_t> sizes;  // of an image, as the model wants it
  Layout layout;
  bool binary = false;
  int classes = 0;
  std::string description;
};

void take_input(Model& model, const protocol::ModelMetadata& metadata) {
  const ImageShape& shape = model.options.shape;
  const std::int64_t c = shape.channels, h = shape.height, w = shape.width;
  model.input = chosen(metadata.inputs, model.options.input, "input", model.address);
  require(model.input.datatype == "FP32",
          fmt::format("{}: its input {} is {}; FP32 is needed, as noisy pixels are no whole numbers of 0 to 255", model.address,
                      model.input.name, model.input.datatype));
  const auto positions = static_cast<std::size_t>(h * w);
  if (fits(model.input, {c, h, w})) model.sizes = {c, h, w}, model.layout = {positions, 1};
  else if (fits(model.input, {h, w, c})) model.sizes = {h, w, c}, model.layout = {1, static_cast<std::size_t>(c)};
  else if (fits(model.input, {c * h * w})) model.sizes = {c * h * w}, model.layout = {positions, 1};
  else
    throw InputError(fmt::format("{}: its input {} is {}, and the images are {} (channels x height x width)", model.address,
                                 model.input.name, protocol::shape_text(model.input.shape), to_string(shape)));
}

void take_output(Model& model, const protocol::ModelMetadata& metadata) {
  model.output = chosen(metadata.outputs, model.options.output, "output", model.address);
  const std::string& type = model.output.datatype;
  const bool labels = type == "INT64" || type == "INT32", scores = type == "FP32" || type == "FP64";
  require(labels || scores, fmt::format("{}: its output {} is {}; labels (INT64, INT32) or scores (FP32, FP64) are needed", model.address,
                                        model.output.name, type));
  const auto& shape = model.output.shape;
  const std::int64_t told = scores && shape.size() == 2 ? shape[1] : -1;
  require(model.options.classes || told > 0,
          fmt::format("{}: --classes is required: the model does not say how many classes it tells apart", model.address));
  require(!model.options.classes || told <= 0 || told == *model.options.classes,
          fmt::format("{}: --classes {}, and the model has {}", model.address, model.options.classes.value_or(0), told));
  require(told <= 1'000'000, fmt::format("{}: {} classes; 1,000,000 at most are allowed", model.address, told));
  model.classes = model.options.classes ? *model.options.classes : static_cast<int>(told);
  require(model.classes >= 2, fmt::format("{}: a classifier has at least 2 classes", model.address));
}

template <typename Read>
auto read_or_complain(const std::string& address, const Read& read) {
  try {
    return read();
  } catch (const InputError& error) {
    throw std::runtime_error(fmt::format("{}: {}", address, error.what()));  // the server's, not the user's
  }
}

// The version of the model that the first reply named. A server that takes up another model in the middle of a run is found so.
class Version {
 public:
  void require_same(const std::string& version) {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = version;
    require(*first_ == version, fmt::format("answered with version '{}' of the model, and with '{}' before", version, *first_));
  }

 private:
  std::mutex mutex_;
  std::optional<std::string> first_;
};

class ServerPeer : public Peer {
 public:
  ServerPeer(const Model& model, Version& version, Spend spend)
      : model_(model), version_(version), spend_(std::move(spend)), line_(model.address, model.url, model.options) {}

  void ask(std::span<const float> images, std::span<Label> labels) override {
    const std::string id = std::to_string(++asked_);
    const protocol::Message message = protocol::write(request_for(images, labels.size(), id));
    const HttpReply reply = line_.post(message, most_body(labels.size()), [&] { spend_(labels.size()); });
    read_or_complain(model_.address, [&] {
      const std::string length = reply.value(protocol::header_length_name);
      const auto header = length.empty() ? std::nullopt : std::optional(protocol::header_length_from(length));
      const protocol::InferResponse response = protocol::read_response(reply.body, header);
      version_.require_same(response.model_version);
      require(response.id.empty() || response.id == id, fmt::format("answered request {}, and {} was asked", response.id, id));
      read_labels(output_of(response), labels);
      return 0;
    });
  }

 private:
  protocol::InferRequest request_for(std::span<const float> images, std::size_t count, const std::string& id) const {
    protocol::Tensor tensor;
    tensor.name = model_.input.name;
    tensor.type = DataType::fp32;
    tensor.shape = {static_cast<std::int64_t>(count)};
    tensor.shape.insert(tensor.shape.end(), model_.sizes.begin(), model_.sizes.end());
    tensor.values = std::vector<float>(images.begin(), images.end());
    tensor.binary = model_.binary;
    protocol::InferRequest request;
    request.id = id;
    request.inputs.push_back(std::move(tensor));
    request.outputs.push_back({model_.output.name, model_.binary});
    return request;
  }

  // Of a reply with all scores, and something more.
  std::size_t most_body(std::size_t count) const { return mebibyte + most_of_a_number * count * static_cast<std::size_t>(model_.classes); }

  const protocol::Tensor& output_of(const protocol::InferResponse& response) const {
    for (const protocol::Tensor& tensor : response.outputs) {
      if (tensor.name == model_.output.name) return tensor;
    }
    throw InputError(fmt::format("the reply has no output {}", model_.output.name));
  }

  void read_labels(const protocol::Tensor& tensor, std::span<Label> labels) const {
    const auto count = static_cast<std::int64_t>(labels.size());
    const bool a_number_each = tensor.shape == std::vector<std::int64_t>{count} || tensor.shape == std::vector<std::int64_t>{count, 1};
    const auto numbers = [&](const auto& values) {
      for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = label_of_number(values[i], model_.classes, model_.address);
    };
    const auto scores = [&](const auto& values) {
      labels_of_scores([&](std::size_t i) { return static_cast<double>(values[i]); }, model_.classes, labels);
    };
    const bool a_score_a_class = tensor.shape == std::vector<std::int64_t>{count, model_.classes};
    if (tensor.type == DataType::int64 && a_number_each) numbers(tensor.as<std::int64_t>());
    else if (tensor.type == DataType::int32 && a_number_each) numbers(tensor.as<std::int32_t>());
    else if (tensor.type == DataType::fp32 && a_score_a_class) scores(tensor.as<float>());
    else if (tensor.type == DataType::fp64 && a_score_a_class) scores(tensor.as<double>());
    else
      throw InputError(fmt::format("{} images were answered by {} of {}; labels [{}] or scores [{},{}] are needed", count,
                                   to_string(tensor.type), protocol::shape_text(tensor.shape), count, count, model_.classes));
  }

  const Model& model_;
  Version& version_;
  Spend spend_;
  Line line_;
  std::uint64_t asked_ = 0;
};

class Servers : public Peers {
 public:
  Servers(const std::string& address, const Options& options) {
    model_.address = address;
    model_.options = options;
    model_.url = url_of(address);
    Line line(address, model_.url, options);
    const std::string root = model_.url.path.substr(0, model_.url.path.find("/v2/models/") + 3);
    const std::string server_text = line.get(root).body, model_text = line.get(model_.url.path).body;
    const auto server = read_or_complain(address, [&] { return protocol::read_server_metadata(server_text); });
    const auto metadata = read_or_complain(address, [&] { return protocol::read_model_metadata(model_text); });
    model_.binary = std::find(server.extensions.begin(), server.extensions.end(), protocol::binary_extension) != server.extensions.end();
    take_input(model_, metadata);
    take_output(model_, metadata);
    model_.description = fmt::format("{}\n{}\n{}", protocol::write(metadata), model_.input.name, model_.output.name);
  }

  std::unique_ptr<Peer> another(const Spend& spend) const override { return std::make_unique<ServerPeer>(model_, version_, spend); }
  int classes() const override { return model_.classes; }
  Layout layout() const override { return model_.layout; }
  std::string name() const override { return "http"; }
  std::string description() const override { return model_.description; }

 private:
  Model model_;
  mutable Version version_;  // of all connections
};

}  // namespace

std::unique_ptr<Peers> servers(const std::string& address, const Options& options) { return std::make_unique<Servers>(address, options); }

}  // namespace ballast::remote
