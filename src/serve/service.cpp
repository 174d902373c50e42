// SPDX-License-Identifier: Apache-2.0

#include "ballast/serve/service.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "admission_queue.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/serve/shared_thread_pool.hpp"
#include "ballast/smooth/evaluate.hpp"
#include "certify_parameters.hpp"
#include "images.hpp"
#include "live_progress.hpp"
#include "result_tensors.hpp"
#include "test_cache.hpp"

namespace ballast::serve {

namespace {

using Clock = std::chrono::steady_clock;
using noise::NoisyWriter;
using protocol::InferRequest;
using protocol::InferResponse;

constexpr const char* model_version = "1";
constexpr std::size_t other_values = 10'000;  // of a request's JSON, beside the pixels

std::uint64_t secret_seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) throw std::runtime_error("the system gives no random bytes");
  return seed;
}

ServiceOptions completed(ServiceOptions options, const SharedThreadPool& pool) {
  if (options.at_once == 0) options.at_once = 2 * static_cast<std::size_t>(pool.threads());
  if (!options.new_seed) options.new_seed = secret_seed;
  return options;
}

// A classifier of labels alone has no scores.
bool has_scores(SharedThreadPool& pool) {
  try {
    const Image black{pool.classifier().image_shape(), std::vector<std::uint8_t>(pool.classifier().image_shape().size())};
    smooth::evaluate(pool, std::vector<smooth::NumberedImage>{{black, 0}}, nullptr, 0, true);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace

struct Service::Parts {
  SharedThreadPool pool;
  ServiceOptions options;
  NoisyWriter grid, gaussian;  // for bytes and for floats
  NoisyWriter plain;           // on bytes, as they are: for people to look at
  bool with_scores;
  AdmissionQueue queue;
  TestCache tests;

  Parts(const model::Classifier& classifier, const ServiceOptions& wanted)
      : pool(classifier, wanted.threads),
        options(completed(wanted, pool)),
        grid(NoiseKind::grid, options.sigma, classifier.affine()),
        gaussian(NoiseKind::gaussian, options.sigma, classifier.affine()),
        plain(NoiseKind::grid, options.sigma, std::vector<ChannelAffine>(classifier.affine().size())),
        with_scores(has_scores(pool)),
        queue(options.at_once, options.waiting) {
    procedure::check(default_parameters(options), procedure::Spelling::json);
  }

  const model::Classifier& classifier() const { return pool.classifier(); }

  protocol::ReadLimits limits() const { return {options.images * classifier().image_shape().size() + other_values, 4}; }

  const NoisyWriter& noise_for(NoiseKind kind) const { return traits(kind).on_grid ? grid : gaussian; }

  procedure::Settings settings_of(const CertifyParameters& parameters, bool is_8bit) const {
    const NoiseKind kind = procedure::noise_of(parameters, is_8bit, procedure::Spelling::json);
    const double noise_error = noise_for(kind).noise_error(classifier().image_shape().size());
    return procedure::complete(parameters, {kind, noise_error, static_cast<std::uint64_t>(pool.micro_batch()), 1},
                               procedure::Spelling::json);
  }

  protocol::ModelMetadata metadata(const std::string& name, const char* platform, std::vector<protocol::TensorMetadata> outputs) const {
    const ImageShape shape = classifier().image_shape();
    return {name,
            {model_version},
            platform,
            {{"image", "FP32", {-1, shape.channels, shape.height, shape.width}}},
            std::move(outputs),
            options.class_names};
  }
};

namespace {

// One request for certificates while it is worked on.
class Certification {
 public:
  Certification(SharedThreadPool& pool, const NoisyWriter& noise, const smooth::Certifier& certifier, std::uint64_t most_samples,
                std::optional<Clock::time_point> end, const Watcher& watcher)
      : pool_(pool), noise_(noise), certifier_(certifier), most_samples_(most_samples), end_(end), watcher_(watcher) {}

  Answer answer(const Image& image, std::uint64_t seed, std::uint32_t index) {
    Answer answer;
    answer.seed = seed;
    answer.index = index;
    answer.image_sha256 = sha256_of(image);
    answer.counts.resize(static_cast<std::size_t>(pool_.classifier().classes()) + 1);
    if (!go_on()) return answer;
    smooth::VoteCounter votes(pool_, noise_, image, seed, index);
    fill(answer, certifier_(votes, 0, [this](const smooth::Progress& progress) { return go_on() && tell(progress); }));
    return answer;
  }

  bool stopped() const { return stopped_; }

 private:
  static void fill(Answer& answer, const smooth::Certificate& certificate) {
    answer.label = certificate.label;
    answer.radius = certificate.radius;
    answer.p_lower = certificate.p_lower;
    answer.samples = certificate.estimation.total();
    answer.counts = certificate.estimation.votes;
  }

  bool go_on() {
    if (end_ && Clock::now() >= *end_) stopped_ = true;
    return !stopped_;
  }

  bool tell(const smooth::Progress& progress) {
    if (!watcher_) return true;
    nlohmann::ordered_json line{{"samples", progress.counts.total()},
                                {"of", most_samples_},
                                {"counts", progress.counts.votes},
                                {"candidate", progress.candidate},
                                {"radius", nullptr}};
    if (progress.radius) line["radius"] = *progress.radius;
    if (!watcher_(line.dump())) stopped_ = true;
    return !stopped_;
  }

  SharedThreadPool& pool_;
  const NoisyWriter& noise_;
  const smooth::Certifier& certifier_;
  std::uint64_t most_samples_;
  std::optional<Clock::time_point> end_;
  const Watcher& watcher_;
  bool stopped_ = false;
};

protocol::Parameters response_parameters(const RequestRecord& record) {
  const procedure::Settings& settings = record.settings;
  return {{"method", std::string(procedure::name_of(settings.method))},
          {"sigma", settings.scale},
          {"noise", std::string(traits(*settings.noise).name)},
          {"norm", std::string(procedure::norm_of(settings))},
          {"alpha", settings.alpha},
          {"n", static_cast<std::int64_t>(procedure::samples_of(settings))},
          {"n0", static_cast<std::int64_t>(procedure::selection_samples_of(settings))},
          {"stopped_at_deadline", record.stopped}};
}

}  // namespace

Service::Service(const model::Classifier& classifier, const ServiceOptions& options)
    : parts_(std::make_unique<Parts>(classifier, options)) {
  require(options.images >= 1, "images: at least one is allowed in a request");
  for (const SampleImage& sample : options.sample_images)
    require(sample.image.is_8bit() && sample.image.shape == classifier.image_shape(),
            "sample images: 8-bit ones of the model's shape are needed");
}

Service::~Service() = default;

std::string Service::base_name() const { return parts_->options.name + "-base"; }

protocol::ModelMetadata Service::metadata() const {
  return parts_->metadata(parts_->options.name, "ballast_smoothed", smoothed_outputs(parts_->classifier().classes()));
}

protocol::ModelMetadata Service::base_metadata() const {
  return parts_->metadata(base_name(), "ballast_base", base_outputs(parts_->classifier().classes(), parts_->with_scores));
}

std::string Service::sample_images() const {
  nlohmann::ordered_json images = nlohmann::ordered_json::array();
  for (const SampleImage& sample : parts_->options.sample_images)
    images.push_back({{"name", sample.name}, {"pixels", std::get<std::vector<std::uint8_t>>(sample.image.pixels)}});
  return nlohmann::ordered_json{{"images", std::move(images)}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string Service::identity() const {
  const model::Classifier& classifier = parts_->classifier();
  return nlohmann::ordered_json{{"model", parts_->options.name},
                                {"model_sha256", parts_->options.model_sha256},
                                {"engine", classifier.engine()},
                                {"precision", classifier.precision()},
                                {"instruction_set", classifier.instruction_set()}}
      .dump();
}

Service::Smoothed Service::smoothed(std::string_view body, std::optional<std::size_t> header_length, const Watcher& watcher) {
  const Clock::time_point arrival = Clock::now();
  const AdmissionQueue::Slot slot(parts_->queue);
  const InferRequest request = protocol::read_request(body, header_length, parts_->limits());
  const ServiceOptions& options = parts_->options;
  const int classes = parts_->classifier().classes();
  check_outputs(request, smoothed_outputs(classes));
  CertifyParameters parameters = certify_parameters_from(request, options);
  // A person sees the radius grow.
  if (watcher && !procedure::is_sequential(parameters)) parameters.anytime = true, parameters.target = "predicted";
  const std::vector<Image> images = images_from(request, parts_->classifier().image_shape(), options.images, true);
  const bool is_8bit = images[0].is_8bit();
  RequestRecord record{request.id, parts_->settings_of(parameters, is_8bit), false, {}};
  const NoisyWriter& noise = parts_->noise_for(*record.settings.noise);
  const auto certifier = parts_->tests.get(record.settings);

  const std::uint64_t seed = options.new_seed();
  if (watcher && is_8bit) {
    const noise::Stream stream{seed, noise::Purpose::estimation, 0};
    watcher(pictures_json(images[0], parts_->plain, stream, options.pictures));
  }
  std::optional<Clock::time_point> end;
  if (parameters.deadline) end = arrival + *parameters.deadline;
  Certification certification(parts_->pool, noise, *certifier, procedure::samples_of(record.settings), end, watcher);
  for (const Image& image : images)
    record.answers.push_back(certification.answer(image, seed, static_cast<std::uint32_t>(record.answers.size())));
  record.stopped = certification.stopped();
  InferResponse response{options.name, model_version, request.id, response_parameters(record),
                         smoothed_tensors(request, record.answers, classes)};
  return {std::move(response), std::move(record)};
}

InferResponse Service::base(std::string_view body, std::optional<std::size_t> header_length) {
  const AdmissionQueue::Slot slot(parts_->queue);
  const InferRequest request = protocol::read_request(body, header_length, parts_->limits());
  const int classes = parts_->classifier().classes();
  const auto outputs = base_outputs(classes, parts_->with_scores);
  check_outputs(request, outputs);
  for (const auto& [name, value] : request.parameters)
    require(name == "binary_data_output", "the base classifier has no parameters but binary_data_output");
  std::vector<Image> images = images_from(request, parts_->classifier().image_shape(), parts_->options.images, false);
  std::vector<smooth::NumberedImage> numbered;
  for (Image& image : images) numbered.push_back({std::move(image), static_cast<std::uint32_t>(numbered.size())});
  const bool scores = parts_->with_scores && wants(request, "scores");
  smooth::Answers answers = smooth::evaluate(parts_->pool, numbered, nullptr, 0, scores);
  return {base_name(), model_version, request.id, {}, base_tensors(request, answers.labels, std::move(answers.scores), classes)};
}

void Service::close() { parts_->queue.close(); }
void Service::wait_until_empty() { parts_->queue.wait_until_empty(); }
Service::State Service::state() const { return {!parts_->queue.is_closed(), parts_->queue.waiting(), parts_->queue.served()}; }

}  // namespace ballast::serve
