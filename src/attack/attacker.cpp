// SPDX-License-Identifier: Apache-2.0

#include "ballast/attack/attacker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "aten/placed.hpp"
#include "ball.hpp"
#include "ballast/core/enum_names.hpp"
#include "ballast/core/errors.hpp"
#include "loss_surface.hpp"

namespace ballast::attack {
namespace {

constexpr EnumNames<Objective, 2> objective_names{{{{Objective::mean_loss, "mean-loss"}, {Objective::log_mean, "log-mean"}}}};

// Of one pass there and back; the sums' rounding depends on it.
constexpr std::uint32_t copies_by_thread = 16, copies_by_device = 256;
constexpr int most_steps = 1'000'000;

// Writes nothing but the noise: of a black image, not scaled.
class NoiseAlone {
 public:
  NoiseAlone(const Noise& noise, const ImageShape& shape)
      : writer_(noise.kind, noise.sigma, std::vector<ChannelAffine>(static_cast<std::size_t>(shape.channels))) {
    if (traits(noise.kind).on_grid) black_ = {shape, std::vector<std::uint8_t>(shape.size())};
    else black_ = {shape, std::vector<float>(shape.size())};
  }

  void check(const Image& image) const { writer_.check(image); }

  // Added to the copies in `images`, which are numbered from `first` on.
  void add_to(std::span<double> images, const noise::Stream& stream, std::uint32_t first) const {
    std::vector<float> draws(images.size());
    const std::size_t size = black_.shape.size(), positions = size / static_cast<std::size_t>(black_.shape.channels);
    const InputBuffer buffer{draws.data(), ElementType::f32, black_.shape, size, positions, 1};
    writer_.write(black_, stream, first, static_cast<int>(images.size() / size), buffer);
    for (std::size_t i = 0; i < images.size(); ++i) images[i] += static_cast<double>(draws[i]);
  }

 private:
  noise::NoisyWriter writer_;
  Image black_;
};

std::optional<NoiseAlone> alone(const std::optional<Noise>& noise, const ImageShape& shape) {
  if (!noise) return {};
  require(traits(noise->kind).law == NoiseLaw::gaussian,
          fmt::format("noise {}: attacks are in l2, against Gaussian noise", traits(noise->kind).name));
  return std::optional<NoiseAlone>(std::in_place, *noise, shape);
}

std::vector<double> sum_of(std::span<const double> origin, std::span<const double> shift) {
  std::vector<double> values(origin.begin(), origin.end());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += shift[i];
  return values;
}

}  // namespace

std::string_view to_string(Objective objective) { return objective_names.of(objective); }
std::optional<Objective> objective_from(std::string_view name) { return objective_names.value(name); }

void check(const Options& o) {
  require(std::isfinite(o.rate) && o.rate > 0, fmt::format("rate = {}: must be above 0", o.rate));
  require(o.steps >= 1 && o.steps <= most_steps, fmt::format("steps = {}: 1 to {} are allowed", o.steps, most_steps));
  require(o.copies >= 1, fmt::format("copies = {}: at least 1 is needed", o.copies));
  require(static_cast<std::uint64_t>(o.steps) * o.copies <= most_samples,
          fmt::format("steps = {} of {} copies: at most {} copies in all are allowed", o.steps, o.copies, most_samples));
}

struct Attacker::Parts {
  Options options;
  LossSurface surface;
  std::optional<NoiseAlone> noise;
  bool keeps_to_grid;

  std::uint32_t copies() const { return noise ? options.copies : 1; }

  // Of the step's copies of the image, which the executor shares out.
  Slope slope(smooth::Executor& executor, const std::vector<double>& image, Label label, const noise::Stream& stream, int step) const {
    const std::uint32_t copies_at_once = options.device == "cpu" ? copies_by_thread : copies_by_device;
    const std::uint32_t tasks = (copies() + copies_at_once - 1) / copies_at_once;
    std::vector<Part> parts(tasks);
    executor.run(tasks, [&](model::Session&, int, std::uint64_t task) {
      const std::uint32_t first = static_cast<std::uint32_t>(task) * copies_at_once;
      const std::uint32_t count = std::min(copies_at_once, copies() - first);
      std::vector<double> images;
      for (std::uint32_t i = 0; i < count; ++i) images.insert(images.end(), image.begin(), image.end());
      if (noise) noise->add_to(images, stream, static_cast<std::uint32_t>(step) * copies() + first);
      parts[task] = surface.part(std::move(images), label, options.objective);
    });
    return joined(parts, options.objective, copies());
  }

  void check(const Image& image, Label label, double radius) const {
    require(image.shape == surface.shape(), fmt::format("the image is {}, and the model takes {} (channels x height x width)",
                                                        to_string(image.shape), to_string(surface.shape())));
    if (noise) noise->check(image);
    require(label >= 0 && label < surface.classes(), fmt::format("class {}: the model's are 0 to {}", label, surface.classes() - 1));
    require(std::isfinite(radius) && radius > 0, fmt::format("radius = {}: must be above 0", radius));
  }
};

Attacker::Attacker(graph::Graph graph, const model::Classifier& classifier, std::optional<graph::InputLayout> layout,
                   std::optional<Noise> noise, const Options& options) {
  attack::check(options);
  const ImageShape shape = classifier.image_shape();
  parts_.reset(new Parts{
      options, LossSurface(std::move(graph), shape, layout, classifier.affine(), at::kFloat, model::devices_from(options.device).front()),
      alone(noise, shape), noise && traits(noise->kind).on_grid});
}

Attacker::~Attacker() = default;

Perturbed Attacker::perturb(smooth::Executor& executor, const Image& image, Label label, double radius, std::uint64_t seed,
                            std::uint32_t index) const {
  parts_->check(image, label, radius);
  const noise::Stream stream{seed, noise::Purpose::attack, index};
  const std::vector<double> origin = unit_values(image);
  std::vector<double> shift(origin.size());  // delta in the paper
  for (int step = 0; step < parts_->options.steps; ++step) {
    ascend(shift, parts_->slope(executor, sum_of(origin, shift), label, stream, step).gradient, parts_->options.rate);
    project(shift, radius);
    keep_in_range(shift, origin);
  }
  return parts_->keeps_to_grid ? on_grid(image, shift, radius) : as_floats(image, shift, radius);
}

}  // namespace ballast::attack
