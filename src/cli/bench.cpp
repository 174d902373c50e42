// SPDX-License-Identifier: Apache-2.0
//
// ballast bench MODEL: samples a second over the whole hot path (noise,
// network, label, count), beside what the machine can do.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"
#include "ballast/smooth/device_executor.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "ballast/smooth/vote_counter.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

constexpr double undisturbed = 0.95;  // least share of the wall time that the threads must have had the processor

struct BenchArguments {
  ModelArguments model;
  double sigma = 0.25, seconds = 10;
  int rounds = 5;
  bool json = false;
};

double wall_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Rate {
  double per_second = 0, cpu_share = 0;
};

// Samples of one image a second, for about so long.
Rate hot_path(smooth::VoteCounter& votes, const smooth::Executor& pool, double seconds) {
  const std::uint64_t block = static_cast<std::uint64_t>(pool.micro_batch()) * static_cast<std::uint64_t>(pool.threads()) * 4;
  const double wall = wall_seconds(), cpu = cpu_seconds();
  std::uint64_t done = 0;
  double taken = 0;
  for (std::uint64_t count = block; taken < seconds; taken = wall_seconds() - wall) {
    votes.next(noise::Purpose::measurement, count);
    done += count;
    count = std::min(count * 2, block * 32);
  }
  return {static_cast<double>(done) / taken, (cpu_seconds() - cpu) / (taken * pool.threads())};
}

// Noise values a second on one thread.
double noise_rate(const noise::NoisyWriter& noise, const Image& image, model::Session& session) {
  const double start = wall_seconds();
  std::uint32_t first = 0;
  double taken = 0;
  for (; taken < 0.2; taken = wall_seconds() - start) {
    noise.write(image, {1, noise::Purpose::measurement, 1}, first, session.micro_batch(), session.input());
    first += static_cast<std::uint32_t>(session.micro_batch());
  }
  return static_cast<double>(first) * static_cast<double>(image.shape.size()) / taken;
}

// Samples that the network alone labels a second on one thread.
double network_rate(model::Session& session) {
  std::vector<Label> labels(static_cast<std::size_t>(session.micro_batch()));
  const double start = wall_seconds();
  std::uint64_t done = 0;
  double taken = 0;
  for (; taken < 0.2; taken = wall_seconds() - start) {
    session.classify(labels);
    done += static_cast<std::uint64_t>(session.micro_batch());
  }
  return static_cast<double>(done) / taken;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Of whose peak nothing is known here.
void bench_devices(const BenchArguments& a, const model::Classifier& classifier, const noise::NoisyWriter& noise, const Image& image,
                   double gflop) {
  smooth::DeviceExecutor devices(classifier, a.model.threads);
  smooth::VoteCounter votes(devices, noise, image, 1, 0);
  hot_path(votes, devices, 1);
  std::vector<double> rates;
  for (int round = 0; round < a.rounds; ++round) rates.push_back(hot_path(votes, devices, a.seconds / a.rounds).per_second);
  const double rate = median(rates);
  const nlohmann::ordered_json result{{"samples_per_second", rate},          {"gflop_per_sample", gflop},
                                      {"achieved_gflops", rate * gflop},     {"precision", classifier.precision()},
                                      {"engine", classifier.engine()},       {"instruction_set", classifier.instruction_set()},
                                      {"micro_batch", devices.micro_batch()}};
  if (a.json) return say("{}\n", result.dump(2));
  say("{:.0f} samples a second{}, on {}, {}, {}\n", rate, gflop > 0 ? fmt::format(", {:.0f} GFLOP/s", rate * gflop) : "",
      classifier.instruction_set(), classifier.precision(), classifier.engine());
}

void bench(const BenchArguments& a) {
  require(a.seconds > 0 && a.seconds <= 3600 && a.rounds >= 1, "--seconds must lie between 0 and 3600, and --rounds be at least 1");
  ModelArguments model = a.model;
  model.prepare();
  model.may_lack_graph = true;
  const auto opened = model.open({});
  const auto& classifier = opened.classifier;
  const bool has_graph = !opened.graph.nodes.empty();  // TorchScript has none that is known here
  const double gflop = has_graph ? 2e-9 * static_cast<double>(graph::cost(opened.graph).multiply_adds) : 0;
  const ImageShape shape = classifier->image_shape();
  const Image image{shape, std::vector<std::uint8_t>(shape.size(), 127)};
  const noise::NoisyWriter noise(NoiseKind::grid, a.sigma, classifier->affine());
  if (classifier->has_devices()) return bench_devices(a, *classifier, noise, image, gflop);
  smooth::ThreadPool pool(*classifier, a.model.threads), single(*classifier, 1);
  smooth::VoteCounter votes(pool, noise, image, 1, 0), votes_single(single, noise, image, 1, 0);
  const auto precision = model::precision_names.value(classifier->precision()).value_or(model::Precision::fp32);
  const auto session = classifier->new_session();

  hot_path(votes, pool, 0.2);
  std::vector<double> rates, single_rates, peaks, cpu_shares, noise_rates, network_shares;
  for (int round = 0; round < a.rounds; ++round) {
    peaks.push_back(model::peak_gflops(precision, pool.threads()));
    const Rate all = hot_path(votes, pool, a.seconds / a.rounds * 0.6);
    rates.push_back(all.per_second);
    cpu_shares.push_back(all.cpu_share);
    single_rates.push_back(hot_path(votes_single, single, a.seconds / a.rounds * 0.4).per_second);
    noise_rates.push_back(noise_rate(noise, image, *session));
    network_shares.push_back(single_rates.back() / network_rate(*session));
  }
  const double rate = median(rates), peak = median(peaks), noise_values = median(noise_rates) * pool.threads();
  const double noise_share = rate * static_cast<double>(shape.size()) / noise_values, share = median(cpu_shares);
  nlohmann::ordered_json result{{"samples_per_second", rate},
                                {"gflop_per_sample", gflop},
                                {"achieved_gflops", rate * gflop},
                                {"peak_gflops", peak},
                                {"fraction_of_peak", rate * gflop / peak},
                                {"noise_values_per_second", noise_values},
                                {"noise_share", noise_share},
                                {"network_share", median(network_shares)},
                                {"samples_per_second_one_thread", median(single_rates)},
                                {"cpu_over_wall", share},
                                {"disturbed", share < undisturbed},
                                {"precision", classifier->precision()},
                                {"threads", pool.threads()},
                                {"engine", classifier->engine()},
                                {"instruction_set", classifier->instruction_set()},
                                {"micro_batch", pool.micro_batch()}};
  if (a.json) {
    say("{}\n", result.dump(2));
    return;
  }
  say("{:.0f} samples a second on {} threads ({:.0f} on one), {}, {}\n", rate, pool.threads(), median(single_rates),
      classifier->precision(), classifier->engine());
  if (has_graph)
    say("{:.1f} GFLOP/s of {:.1f} that a large matrix product reaches here: {:.0f} %\n", rate * gflop, peak, 100 * rate * gflop / peak);
  say("noise: {:.0f} million values a second, {:.1f} % of the time; the network alone: {:.1f} %\n", noise_values / 1e6, 100 * noise_share,
      100 * median(network_shares));
  if (share < undisturbed)
    say("the threads had the processor {:.0f} % of the time: the machine was disturbed, measure again\n", 100 * share);
}

}  // namespace

void add_bench(CLI::App& program) {
  auto& command = *program.add_subcommand("bench", "Measure samples a second over the whole hot path, and the machine's peak");
  auto a = std::make_shared<BenchArguments>();
  a->model.add_to(command);
  command.add_option("--micro-batch", a->model.micro_batch, "images at a time in one thread; 0 is the engine's choice")
      ->capture_default_str();
  command.add_option("--sigma", a->sigma, "of the noise")->capture_default_str();
  command.add_option("--seconds", a->seconds, "time to measure")->capture_default_str();
  command.add_option("--rounds", a->rounds, "the time is spent in so many rounds, whose medians are printed")->capture_default_str();
  command.add_flag("--json", a->json, "print JSON");
  add_examples(command, {"ballast bench model.onnx --seconds 2"});
  command.callback([a] { bench(*a); });
}

}  // namespace ballast::cli
