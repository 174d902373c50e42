// SPDX-License-Identifier: Apache-2.0
//
// The engines on a small network: near its definition, and every score a
// function of its image alone.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "ballast/core/sha256.hpp"
#include "ballast/graph/quantise.hpp"
#include "ballast/model/open.hpp"
#include "ballast/smooth/vote_counter.hpp"
#include "checks.hpp"

namespace ballast::selftest {
namespace {

using graph::Dims;

constexpr ImageShape engine_shape{3, 12, 12};
constexpr int classes = 10;
constexpr double fp32_tolerance = 1e-4, bf16_tolerance = 0.05, int8_tolerance = 0.1;
constexpr graph::Extremes rounded_between{-6, 6};  // values have a deviation of about 1

// From -1 to 1, times the root of 3 / fan_in: what keeps the deviation of values about 1.
graph::Tensor weights(Dims dims, std::uint32_t number) {
  const auto count = static_cast<std::size_t>(graph::elements(dims));
  const double fan_in = static_cast<double>(count) / static_cast<double>(dims[0]);
  std::vector<std::uint32_t> words(count);
  noise::fill_words({1, noise::Purpose::initialisation, number}, 0, 0, 0, words);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>((std::ldexp(static_cast<double>(words[i]), -31) - 1) * std::sqrt((dims.size() > 1 ? 3 : 0.1) / fan_in));
  }
  return {std::move(dims), std::move(values)};
}

std::vector<float> image_number(std::size_t number) {
  std::vector<std::uint32_t> words(engine_shape.size());
  noise::fill_words({2, noise::Purpose::measurement, static_cast<std::uint32_t>(number)}, 0, 0, 0, words);
  std::vector<float> pixels(words.size());
  std::transform(words.begin(), words.end(), pixels.begin(), [](std::uint32_t word) { return static_cast<float>(word >> 24) / 255.0f; });
  return pixels;
}

void put(const InputBuffer& buffer, std::span<const ChannelAffine> affine, std::size_t place, const std::vector<float>& pixels) {
  noise::write_clean({engine_shape, pixels}, affine, static_cast<int>(place), buffer);
}

// Scores of the images of these numbers, in this order.
std::vector<float> scores_of(model::Session& session, const model::Classifier& classifier, std::span<const std::size_t> numbers) {
  const auto affine = classifier.affine();
  for (std::size_t place = 0; place < numbers.size(); ++place) put(session.input(), affine, place, image_number(numbers[place]));
  const auto scores = session.scores(static_cast<int>(numbers.size()));
  return {scores.begin(), scores.end()};
}

struct Map {
  std::int64_t channels, height, width;
  std::vector<double> values;
};

Map convolved(const Map& in, const graph::Tensor& weight, const graph::Tensor& bias, const graph::Convolution& convolution) {
  const std::int64_t stride = convolution.strides[0], pad = convolution.pads[0], kernel = weight.dims[2];
  Map out{weight.dims[0], (in.height + 2 * pad - kernel) / stride + 1, (in.width + 2 * pad - kernel) / stride + 1, {}};
  for (std::int64_t o = 0; o < out.channels; ++o) {
    for (std::int64_t y = 0; y < out.height; ++y) {
      for (std::int64_t x = 0; x < out.width; ++x) {
        double sum = static_cast<double>(bias.values[static_cast<std::size_t>(o)]);
        for (std::int64_t c = 0; c < in.channels; ++c) {
          for (std::int64_t i = 0; i < kernel; ++i) {
            for (std::int64_t j = 0; j < kernel; ++j) {
              const std::int64_t row = y * stride - pad + i, column = x * stride - pad + j;
              if (row < 0 || row >= in.height || column < 0 || column >= in.width) continue;
              sum += in.values[static_cast<std::size_t>((c * in.height + row) * in.width + column)] *
                     static_cast<double>(weight.values[static_cast<std::size_t>(((o * in.channels + c) * kernel + i) * kernel + j)]);
            }
          }
        }
        out.values.push_back(sum);
      }
    }
  }
  return out;
}

Map multiplied(const Map& in, const graph::Tensor& weight, const graph::Tensor& bias) {
  Map out{weight.dims[0], 1, 1, {}};
  for (std::size_t o = 0; o < static_cast<std::size_t>(out.channels); ++o) {
    double sum = static_cast<double>(bias.values[o]);
    for (std::size_t i = 0; i < in.values.size(); ++i) sum += in.values[i] * static_cast<double>(weight.values[o * in.values.size() + i]);
    out.values.push_back(sum);
  }
  return out;
}

Finding nearness(const std::string& name, std::span<const float> scores, std::size_t images, double tolerance) {
  const graph::Graph network = small_network();
  double farthest = 0, largest = 0;
  for (std::size_t image = 0; image < images; ++image) {
    const auto plain = plain_scores(network, image_number(image));
    for (std::size_t c = 0; c < plain.size(); ++c) {
      const double distance = std::abs(static_cast<double>(scores[image * plain.size() + c]) - plain[c]);
      farthest = std::isnan(distance) ? std::numeric_limits<double>::infinity() : std::max(farthest, distance);
      largest = std::max(largest, std::abs(plain[c]));
    }
  }
  Finding finding{"engine", name + ", scores beside the definition's"};
  finding.found = fmt::format("{:.1e} of the largest", farthest / largest);
  finding.allowed = fmt::format("{:.0e}", tolerance);
  finding.verdict = farthest <= tolerance * largest ? Finding::Verdict::holds : Finding::Verdict::fails;
  finding.numbers = {{"farthest_share", farthest / largest}, {"tolerance", tolerance}};
  finding.random = false;
  return finding;
}

// Alone, in a full batch, in another order, in batches that are not full, and beside neighbours that are no numbers.
Finding independence(const std::string& name, const model::Classifier& classifier, model::Session& session) {
  const auto places = static_cast<std::size_t>(session.micro_batch()), width = static_cast<std::size_t>(classifier.classes());
  std::vector<float> alone;
  for (std::size_t image = 0; image < places; ++image) {
    const auto scores = scores_of(session, classifier, std::array{image});
    alone.insert(alone.end(), scores.begin(), scores.end());
  }
  std::uint64_t compared = 0, different = 0;
  const auto compare = [&](std::span<const float> scores, std::size_t place, std::size_t image) {
    ++compared;
    different += std::memcmp(&scores[place * width], &alone[image * width], width * sizeof(float)) != 0;
  };
  std::vector<std::size_t> order(places);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t turn = 0; turn < places; ++turn) {
    std::rotate(order.begin(), order.begin() + 1, order.end());
    if (turn % 2 == 1) std::reverse(order.begin(), order.end());
    const auto few = std::span(order).first(turn % 3 == 0 ? places : 1 + turn * 7 % places);
    const auto scores = scores_of(session, classifier, few);
    for (std::size_t place = 0; place < few.size(); ++place) compare(scores, place, few[place]);
  }
  const auto affine = classifier.affine();
  for (std::size_t place = 0; place < places; ++place) {
    for (std::size_t other = 0; other < places; ++other) {
      const float pixel = other % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : 1e30f;
      put(session.input(), affine, other, other == place ? image_number(0) : std::vector<float>(engine_shape.size(), pixel));
    }
    compare(session.scores(static_cast<int>(places)), place, 0);
  }
  Finding finding{"engine", name + ", scores whatever the place and the neighbours"};
  finding.found = fmt::format("{} of {} differ", different, compared);
  finding.allowed = "0";
  finding.verdict = different == 0 ? Finding::Verdict::holds : Finding::Verdict::fails;
  finding.numbers = {{"different", static_cast<double>(different)}, {"compared", static_cast<double>(compared)}};
  finding.random = false;
  return finding;
}

// Votes of the fp32 engine as they were recorded; another processor's may differ.
constexpr std::uint64_t vote_samples = 4000;
constexpr std::array<std::uint64_t, classes + 1> recorded_votes{0, 534, 27, 0, 10, 0, 0, 0, 0, 3429, 0};

Finding votes_beside_record(const model::Classifier& classifier, model::Session& session) {
  const noise::NoisyWriter noise(NoiseKind::grid, 0.5, classifier.affine());
  std::vector<std::uint8_t> bytes(engine_shape.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 % 256);
  const Image image{engine_shape, bytes};
  smooth::InlineExecutor executor(classifier, session);
  smooth::VoteCounter counter(executor, noise, image, 1, 0);
  const auto votes = counter.next(noise::Purpose::measurement, vote_samples).votes;
  std::uint64_t moved = 0;
  for (std::size_t c = 0; c < votes.size(); ++c) moved += votes[c] > recorded_votes[c] ? votes[c] - recorded_votes[c] : 0;
  Finding finding{"engine", "onednn fp32, votes beside the recorded ones"};
  finding.found = fmt::format("{} of {} moved", moved, vote_samples);
  finding.allowed = "any, but said";
  finding.verdict = moved == 0 ? Finding::Verdict::holds : Finding::Verdict::differs;
  finding.numbers = {{"moved", static_cast<double>(moved)}, {"samples", static_cast<double>(vote_samples)}};
  for (std::size_t c = 0; c < votes.size(); ++c) finding.numbers.emplace_back(fmt::format("votes_{}", c), static_cast<double>(votes[c]));
  finding.random = false;
  return finding;
}

}  // namespace

graph::Graph small_network() {
  graph::Graph network;
  graph::ValueId x = network.add_input("image", {graph::batch, engine_shape.channels, engine_shape.height, engine_shape.width});
  std::uint32_t number = 0;
  const auto constant = [&](Dims dims) {
    ++number;
    return network.add_constant(fmt::format("constant_{}", number), weights(std::move(dims), number));
  };
  const auto add = [&](graph::Operation operation, std::vector<graph::ValueId> inputs, Dims dims = {}) {
    x = network.append(std::move(operation), fmt::format("node_{}", network.nodes.size()), std::move(inputs), std::move(dims));
  };
  // Channels that fill the blocks of memory layouts, and such that do not.
  for (const auto& [out, stride] : {std::pair{16, 1}, std::pair{32, 2}, std::pair{22, 1}, std::pair{5, 1}}) {
    graph::Convolution convolution;
    convolution.strides = {stride, stride};
    convolution.pads = {1, 1, 1, 1};
    const std::int64_t in = network.dims(x)[1];
    add(convolution, {x, constant({out, in, 3, 3}), constant({out})});
    add(graph::Activation{graph::Activation::Kind::relu}, {x});
  }
  const Dims dims = network.dims(x);
  add(graph::Reshape{}, {x}, {graph::batch, dims[1] * dims[2] * dims[3]});
  add(graph::Linear{}, {x, constant({classes, network.dims(x)[1]}), constant({classes})});
  network.output = x;
  return network;
}

std::vector<double> plain_scores(const graph::Graph& network, const std::vector<float>& image) {
  Map map{engine_shape.channels, engine_shape.height, engine_shape.width, {image.begin(), image.end()}};
  for (const graph::Node& node : network.nodes) {
    const auto tensor = [&](std::size_t input) -> const graph::Tensor& { return network.tensor(node.inputs[input]); };
    if (const auto* convolution = std::get_if<graph::Convolution>(&node.operation))
      map = convolved(map, tensor(1), tensor(2), *convolution);
    else if (std::holds_alternative<graph::Linear>(node.operation)) map = multiplied(map, tensor(1), tensor(2));
    else if (std::holds_alternative<graph::Activation>(node.operation))
      for (double& value : map.values) value = std::max(value, 0.0);
  }
  return map.values;
}

Findings check_engine(const std::string& name, const model::Classifier& classifier, double tolerance) {
  const auto session = classifier.new_session();
  std::vector<std::size_t> numbers(static_cast<std::size_t>(session->micro_batch()));
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  const auto scores = scores_of(*session, classifier, numbers);
  return {nearness(name, scores, numbers.size(), tolerance), independence(name, classifier, *session)};
}

std::vector<Check> engine_checks() {
  const auto check = [](const char* name, model::Engine engine, model::Precision precision, double tolerance) {
    graph::Graph network = small_network();
    if (precision == model::Precision::int8)
      network = graph::quantised(network, std::vector(graph::values_to_quantise(network).size(), rounded_between));
    const auto classifier = model::classifier_from(network, {.shape = engine_shape, .engine = engine, .precision = precision});
    Findings findings = check_engine(name, *classifier, tolerance);
    if (engine == model::Engine::onednn && precision == model::Precision::fp32)
      findings.push_back(votes_beside_record(*classifier, *classifier->new_session()));
    return findings;
  };
  using model::Engine, model::Precision;
  std::vector<Check> checks{[=] { return check("onednn fp32", Engine::onednn, Precision::fp32, fp32_tolerance); }};
  if (model::has_bf16()) checks.emplace_back([=] { return check("onednn bf16", Engine::onednn, Precision::bf16, bf16_tolerance); });
  if (model::has_int8()) checks.emplace_back([=] { return check("onednn int8", Engine::onednn, Precision::int8, int8_tolerance); });
  if (model::has_aten()) checks.emplace_back([=] { return check("aten fp32", Engine::aten, Precision::fp32, fp32_tolerance); });
  return checks;
}

}  // namespace ballast::selftest
