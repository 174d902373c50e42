// SPDX-License-Identifier: Apache-2.0

#include "ballast/serve/service.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/serve/pool.hpp"
#include "ballast/smooth/certify.hpp"
#include "ballast/smooth/certify_staged.hpp"
#include "ballast/smooth/evaluate.hpp"
#include "ballast/stats/claim.hpp"
#include "images.hpp"
#include "reply.hpp"
#include "tests_kept.hpp"
#include "turns.hpp"
#include "watching.hpp"
#include "wish.hpp"

namespace ballast::serve {

namespace {

using Clock = std::chrono::steady_clock;
using noise::NoiseKind;
using noise::NoisyWriter;
using protocol::InferRequest;
using protocol::InferResponse;

constexpr const char* kVersion = "1";
constexpr std::size_t kOtherValues = 10'000;  // of a request's JSON, beside the pixels

std::uint64_t secret_seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) throw std::runtime_error("the system gives no random bytes");
  return seed;
}

ServiceOptions completed(ServiceOptions options, const Pool& pool) {
  if (options.at_once == 0) options.at_once = 2 * static_cast<std::size_t>(pool.threads());
  if (!options.new_seed) options.new_seed = secret_seed;
  return options;
}

// A classifier of labels alone has no scores.
bool has_scores(Pool& pool) {
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
  Pool pool;
  ServiceOptions options;
  NoisyWriter grid, gaussian;  // for bytes and for floats
  NoisyWriter plain;           // on bytes, as they are: for people to look at
  bool with_scores;
  Turns turns;
  TestsKept tests;

  Parts(const model::Classifier& classifier, const ServiceOptions& wanted)
      : pool(classifier, wanted.threads),
        options(completed(wanted, pool)),
        grid(NoiseKind::grid, options.sigma, classifier.affine()),
        gaussian(NoiseKind::gaussian, options.sigma, classifier.affine()),
        plain(NoiseKind::grid, options.sigma, std::vector<ChannelAffine>(classifier.affine().size())),
        with_scores(has_scores(pool)),
        turns(options.at_once, options.waiting) {
    smooth::check(certify_options({options.alpha, options.samples, {}, std::nullopt, std::nullopt}));
  }

  const model::Classifier& classifier() const { return pool.classifier(); }

  protocol::ReadLimits limits() const { return {options.images * classifier().image_shape().size() + kOtherValues, 4}; }

  smooth::CertifyOptions certify_options(const Wish& wish) const {
    return {{NoiseLaw::gaussian, options.sigma}, wish.alpha, options.selection_samples, wish.samples};
  }

  protocol::ModelMetadata metadata(const std::string& name, const char* platform, std::vector<protocol::TensorMetadata> outputs) const {
    const ImageShape shape = classifier().image_shape();
    return {name, {kVersion}, platform, {{"image", "FP32", {-1, shape.channels, shape.height, shape.width}}}, std::move(outputs)};
  }
};

namespace {

// One request for certificates while it is worked on.
class Certification {
 public:
  Certification(Pool& pool, const ServiceOptions& options, const NoisyWriter& noise, const Wish& wish, Clock::time_point arrival,
                const Watcher& watcher)
      : pool_(pool), options_(options), noise_(noise), wish_(wish), watcher_(watcher) {
    if (wish.deadline) end_ = arrival + *wish.deadline;
  }

  Answer answer(const Image& image, std::uint64_t seed, std::uint32_t index, const smooth::CertifyOptions& fixed, const StagedTest* test) {
    Answer answer;
    answer.seed = seed;
    answer.index = index;
    answer.image_sha256 = sha256_of(image);
    answer.counts.resize(static_cast<std::size_t>(pool_.classifier().classes()) + 1);
    if (!go_on()) return answer;
    smooth::VoteCounter votes(pool_, noise_, image, seed, index);
    fill(answer, test ? staged(votes, *test) : smooth::certify(votes, fixed));
    return answer;
  }

  bool stopped() const { return stopped_; }

 private:
  smooth::Certificate staged(smooth::VoteCounter& votes, const StagedTest& test) {
    const smooth::Target target{std::nullopt, options_.selection_samples};
    const auto ask = [this](const smooth::Progress& progress) { return go_on() && tell(progress); };
    return std::visit([&](const auto& one) -> smooth::Certificate { return smooth::certify(votes, one, target, ask); }, test);
  }

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
    nlohmann::ordered_json line{
        {"samples", progress.counts.total()}, {"counts", progress.counts.votes}, {"candidate", progress.candidate}, {"radius", nullptr}};
    if (progress.radius) line["radius"] = *progress.radius;
    if (!watcher_(line.dump())) stopped_ = true;
    return !stopped_;
  }

  Pool& pool_;
  const ServiceOptions& options_;
  const NoisyWriter& noise_;
  const Wish& wish_;
  const Watcher& watcher_;
  std::optional<Clock::time_point> end_;
  bool stopped_ = false;
};

protocol::Parameters said_of(const Dealing& dealing) {
  return {{"sigma", dealing.sigma},
          {"noise", dealing.noise},
          {"norm", std::string("l2")},
          {"alpha", dealing.alpha},
          {"n", static_cast<std::int64_t>(dealing.samples)},
          {"n0", static_cast<std::int64_t>(dealing.selection_samples)},
          {"stopped_at_deadline", dealing.stopped}};
}

}  // namespace

Service::Service(const model::Classifier& classifier, const ServiceOptions& options)
    : parts_(std::make_unique<Parts>(classifier, options)) {
  require(options.images >= 1, "images: at least one is allowed in a request");
}

Service::~Service() = default;

std::string Service::base_name() const { return parts_->options.name + "-base"; }

protocol::ModelMetadata Service::metadata() const {
  return parts_->metadata(parts_->options.name, "ballast_smoothed", smoothed_outputs(parts_->classifier().classes()));
}

protocol::ModelMetadata Service::base_metadata() const {
  return parts_->metadata(base_name(), "ballast_base", base_outputs(parts_->classifier().classes(), parts_->with_scores));
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
  const Turns::Turn turn(parts_->turns);
  const InferRequest request = protocol::read_request(body, header_length, parts_->limits());
  const ServiceOptions& options = parts_->options;
  const int classes = parts_->classifier().classes();
  check_outputs(request, smoothed_outputs(classes));
  Wish wish = wish_from(request, options);
  const std::vector<Image> images = images_from(request, parts_->classifier().image_shape(), options.images, true);
  const bool bytes = images[0].is_8bit();
  const NoisyWriter& noise = bytes ? parts_->grid : parts_->gaussian;
  const smooth::CertifyOptions fixed = parts_->certify_options(wish);
  smooth::check(fixed);
  if (watcher && !wish.staged()) wish.radii = telling_radii(stats::largest_radius(smooth::claim_settings(fixed, 0), wish.samples));
  std::shared_ptr<const StagedTest> test;
  if (wish.staged())
    test = parts_->tests.get(wish, fixed.smoothing, noise.law_error(parts_->classifier().image_shape().size()),
                             static_cast<std::uint64_t>(parts_->pool.micro_batch()));

  const std::uint64_t seed = options.new_seed();
  if (watcher && bytes) {
    const noise::Stream stream{seed, noise::Purpose::estimation, 0};
    watcher(pictures_json(images[0], parts_->plain, stream, options.pictures));
  }
  Dealing dealing{request.id,    std::string(to_string(bytes ? NoiseKind::grid : NoiseKind::gaussian)),
                  options.sigma, wish.alpha,
                  wish.samples,  options.selection_samples,
                  wish.radii,    wish.tolerance.value_or(0)};
  Certification certification(parts_->pool, options, noise, wish, arrival, watcher);
  for (const Image& image : images)
    dealing.answers.push_back(certification.answer(image, seed, static_cast<std::uint32_t>(dealing.answers.size()), fixed, test.get()));
  dealing.stopped = certification.stopped();
  InferResponse response{options.name, kVersion, request.id, said_of(dealing), smoothed_tensors(request, dealing.answers, classes)};
  return {std::move(response), std::move(dealing)};
}

InferResponse Service::base(std::string_view body, std::optional<std::size_t> header_length) {
  const Turns::Turn turn(parts_->turns);
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
  return {base_name(), kVersion, request.id, {}, base_tensors(request, answers.labels, std::move(answers.scores), classes)};
}

void Service::close() { parts_->turns.close(); }
void Service::wait_until_empty() { parts_->turns.wait_until_empty(); }
Service::State Service::state() const { return {!parts_->turns.is_closed(), parts_->turns.waiting(), parts_->turns.served()}; }

}  // namespace ballast::serve
