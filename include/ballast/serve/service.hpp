// SPDX-License-Identifier: Apache-2.0
//
// A smoothed classifier, and its base classifier, as models that are asked by
// messages of the Open Inference Protocol. No network in here.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/model/classifier.hpp"
#include "ballast/procedure/settings.hpp"
#include "ballast/protocol/infer.hpp"
#include "ballast/protocol/metadata.hpp"

namespace ballast::serve {

// A request that is well formed and yet not answered.
class Refused : public std::runtime_error {
 public:
  enum class Why { busy, closing };
  Refused(Why why, const std::string& message) : std::runtime_error(message), why_(why) {}
  Why why() const { return why_; }

 private:
  Why why_;
};

// An image to try the page with.
struct SampleImage {
  Image image;       // 8-bit, of the model's shape
  std::string name;  // of its class
};

struct ServiceOptions {
  std::string name = "model";
  std::string model_sha256;               // of its file, for the log
  std::vector<std::string> class_names;   // in the order of labels; empty: not known
  double sigma = 0.25;                    // of the Gaussian noise, in pixel units
  double alpha = 0.001;                   // the most that a request may ask for, and what it gets where it does not ask
  std::uint64_t samples = 100'000;        // n, likewise
  std::uint64_t selection_samples = 100;  // n0

  int threads = 0;           // 0: one a core
  std::size_t at_once = 0;   // requests worked on; 0: twice the threads
  std::size_t waiting = 64;  // requests beside them; more are refused
  std::size_t images = 64;   // in one request
  std::size_t pictures = 4;  // noisy samples shown to a person who watches

  std::vector<SampleImage> sample_images;

  std::function<std::uint64_t()> new_seed;  // of a request's noise; none: from the system's entropy. Others are for tests
};

// What was found out about one image, with what is needed to draw it again.
struct Answer {
  std::optional<Label> label;  // none: abstains
  double radius = 0;           // l2, in pixel units; never rounded up
  double p_lower = 0;
  std::uint64_t samples = 0;          // of the estimate
  std::vector<std::uint64_t> counts;  // their votes by class, and last those for "nan"
  std::uint64_t seed = 0;
  std::uint32_t index = 0;   // in the request, which with the seed fixes the noise
  std::string image_sha256;  // of the pixels as they came
};

// What one request asked for and got, for a log.
struct RequestRecord {
  std::string id;
  procedure::Settings settings;
  bool stopped = false;  // at its deadline
  std::vector<Answer> answers;
};

// Told while votes come in: JSON, an object each time. False: nobody listens any more, which ends the drawing.
using Watcher = std::function<bool(const std::string& json)>;

// Safe to use from several threads at once.
class Service {
 public:
  // The classifier must outlive it. Throws InputError for options that are not allowed.
  Service(const model::Classifier& classifier, const ServiceOptions& options);
  ~Service();

  std::string base_name() const;  // NAME-base
  protocol::ModelMetadata metadata() const;
  protocol::ModelMetadata base_metadata() const;

  // JSON: those of the options.
  std::string sample_images() const;

  // What answers depend on beside their requests: {"model": ..., "model_sha256": ..., "engine": ..., "precision": ..., "instruction_set":
  // ...}.
  std::string identity() const;

  struct Smoothed {
    protocol::InferResponse response;
    RequestRecord record;
  };
  // The smoothed classifier's answers. With probability at least 1 - alpha over
  // the draws, for each image: if a label is given, the smoothed classifier gives it for every
  // perturbation of an l2 norm below the radius. The noise is drawn from secret entropy, which the
  // answer shows afterwards. Throws InputError for what cannot be answered, Refused where there is no place.
  Smoothed smoothed(std::string_view body, std::optional<std::size_t> header_length, const Watcher& watcher = {});

  // The base classifier's labels (-1: its scores held NaN) and scores.
  protocol::InferResponse base(std::string_view body, std::optional<std::size_t> header_length);

  void close();             // refuses what comes from now on
  void wait_until_empty();  // until all that came before is answered

  struct State {
    bool ready = true;
    std::size_t waiting = 0, served = 0;
  };
  State state() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ballast::serve
