// SPDX-License-Identifier: Apache-2.0
//
// ballast attack MODEL DATA LOG --radius R [--sigma S]
// ballast attack MODEL DATA LOG --against CERTIFY_LOG

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "ballast/attack/certified.hpp"
#include "ballast/attack/procedure.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/core/whole_file.hpp"
#include "ballast/data/npy.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/report/raster.hpp"
#include "ballast/run/procedures.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/smooth/device_executor.hpp"
#include "ballast/verify/threads.hpp"
#include "commands.hpp"
#include "fit.hpp"
#include "help.hpp"
#include "logged_run.hpp"
#include "options.hpp"
#include "say.hpp"
#include "verification.hpp"

namespace ballast::cli {
namespace {

constexpr double usual_alpha = 0.001, refuting_alpha = 1e-6;
constexpr double just_inside = 0.999;

struct AttackArguments {
  ModelArguments model;
  DataArguments data;
  procedure::NoiseRequest noise;
  std::optional<std::uint64_t> seed;
  std::string log, against, objective = "mean-loss", save;
  std::vector<std::string> cascade;
  std::optional<double> radius, factor, alpha;
  attack::Options options;
  std::uint64_t samples = 10'000;
  bool quiet = false;

  bool refuting() const { return !against.empty() && factor.value_or(just_inside) < 1; }
};

// The arguments as far as they can be judged alone.
void check(AttackArguments& a) {
  require(a.radius.has_value() != !a.against.empty(), "give either --radius, for all images alike, or --against, a log of certificates");
  if (a.radius) require(std::isfinite(*a.radius) && *a.radius > 0, fmt::format("--radius {}: must be above 0", *a.radius));
  require(a.cascade.empty() || !a.against.empty(),
          "--cascade goes with --against: which class a cascade answers depends on its log's radius");
  require(!a.factor || !a.against.empty(), "--factor goes with --against: it multiplies each certified radius");
  if (a.factor) require(std::isfinite(*a.factor) && *a.factor > 0, fmt::format("--factor {}: must be above 0", *a.factor));
  require(!a.refuting() || a.alpha.value_or(refuting_alpha) <= refuting_alpha,
          fmt::format("--alpha {}: at most {} is allowed inside certified radii, where a success refutes a certificate",
                      a.alpha.value_or(0), refuting_alpha));
  if (!a.save.empty()) require_writable(std::filesystem::is_directory(a.save) ? a.save + "/0.png" : a.save);
  a.options.objective = *attack::objective_from(a.objective);
  attack::check(a.options);
}

double alpha_of(const AttackArguments& a) { return a.alpha.value_or(a.refuting() ? refuting_alpha : usual_alpha); }

// The noise that the certificates are of: the log's own, which the arguments may repeat.
void take_noise(procedure::NoiseRequest& noise, const attack::Certificates& certificates, const std::string& file) {
  if (!certificates.settings) {
    require(noise.sigma.has_value(), fmt::format("{}: has no manifest, which names its noise; --sigma is required", file));
    return;
  }
  const procedure::Settings& settings = *certificates.settings;
  require(settings.noise || !noise.sigma, fmt::format("{}: its certificates are of the classifier without noise; leave out --sigma", file));
  if (!settings.noise) return;
  const std::string name(traits(*settings.noise).name);
  require(!noise.sigma || *noise.sigma == settings.scale,
          fmt::format("--sigma {}: the certificates of {} are of sigma {}", noise.sigma.value_or(0), file, settings.scale));
  require(noise.noise == "auto" || noise.noise == name,
          fmt::format("--noise {}: the certificates of {} are of noise {}", noise.noise, file, name));
  noise.sigma = settings.scale;
  noise.noise = name;
}

// Opened and found to fit together.
struct Setup {
  std::unique_ptr<data::Dataset> dataset;
  std::vector<std::size_t> indices;
  ModelArguments::Opened model;
  std::string label_map;  // fit_classes
  std::optional<attack::Certificates> certificates;
  std::optional<attack::Noise> noise;  // none: the plain classifier
  std::optional<noise::NoisyWriter> writer;
  std::unique_ptr<const Verification> cascade;  // where the certificates are of one: its first model is `model`, too
};

// The models that a log of a cascade is of.
std::unique_ptr<const Verification> open_cascade(const AttackArguments& a, const procedure::Settings& settings,
                                                 const data::Dataset& images) {
  VerificationArguments arguments{a.model, a.cascade};
  try {
    arguments.take(settings);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", a.against, error.what()));
  }
  const int threads = a.model.threads > 0 ? a.model.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  verify::use_threads(1);
  return std::make_unique<const Verification>(arguments, images, threads);
}

// Whose certificates they are together.
std::uint64_t models_of(const attack::Certificates& certificates) {
  const auto* verification = certificates.settings ? std::get_if<procedure::Verification>(&certificates.settings->method) : nullptr;
  return verification ? verification->models : 1;
}

Setup open_setup(AttackArguments& a) {
  Setup setup;
  if (!a.against.empty()) {
    setup.certificates = attack::certificates_from(a.against);
    take_noise(a.noise, *setup.certificates, a.against);
  }
  require(a.noise.sigma || a.noise.noise == "auto", fmt::format("--noise {}: --sigma is required, its standard deviation", a.noise.noise));
  a.model.prepare(&a.data);
  setup.dataset = a.data.open();
  setup.indices = run::indices(a.data.range, setup.dataset->size());
  if (setup.certificates) setup.indices = attack::certified_among(setup.indices, *setup.certificates);
  setup.model = a.model.open(DataArguments::shape_of(*setup.dataset));
  setup.label_map = fit_classes(setup.dataset, setup.model, a.data.label_offset);
  run::check_fit(*setup.dataset, *setup.model.classifier);
  run::check_countable(*setup.model.classifier);
  if (a.noise.sigma) {
    setup.noise = attack::Noise{procedure::noise_of(a.noise, setup.dataset->is_8bit(), spelling), *a.noise.sigma};
    setup.writer.emplace(setup.noise->kind, setup.noise->sigma, setup.model.classifier->affine());
  }
  const std::uint64_t models = setup.certificates ? models_of(*setup.certificates) : 1;
  if (models > 1 || !a.cascade.empty()) {
    require(models > 1, fmt::format("{}: its certificates are of one model; leave out --cascade", a.against));
    setup.cascade = open_cascade(a, *setup.certificates->settings, *setup.dataset);
  }
  return setup;
}

// How the rows are judged.
procedure::Settings settings_of(const AttackArguments& a, const Setup& setup) {
  procedure::Settings settings;
  settings.noise.reset();
  procedure::Attack method{setup.noise ? a.samples : 1, a.radius, std::nullopt};
  if (setup.certificates) method.factor = a.factor.value_or(just_inside);
  settings.method = method;
  if (!setup.noise) return settings;
  settings.noise = setup.noise->kind;
  settings.scale = setup.noise->sigma;
  settings.noise_error = setup.writer->noise_error(setup.model.classifier->image_shape().size());
  settings.alpha = alpha_of(a);
  return settings;
}

void add_search(log::Manifest& manifest, const AttackArguments& a) {
  manifest.add("objective", a.objective);
  manifest.add("rate", a.options.rate);
  manifest.add("steps", static_cast<std::uint64_t>(a.options.steps));
  if (a.noise.sigma) manifest.add("copies", std::uint64_t{a.options.copies});
  if (a.against.empty()) return;
  manifest.add("against", a.against);
  manifest.add("against_sha256", sha256_of_file(a.against));
}

log::Manifest manifest_of(const AttackArguments& a, const Setup& setup, std::uint64_t seed) {
  log::Manifest manifest;
  manifest.add("ballast", BALLAST_VERSION);
  manifest.add("command", command_line());
  log::add_to(manifest, settings_of(a, setup));
  add_search(manifest, a);
  if (setup.cascade) setup.cascade->describe(manifest);
  else a.model.describe(manifest, setup.model);
  a.data.describe(manifest, *setup.dataset);
  if (!setup.label_map.empty()) manifest.add("label_map", setup.label_map);
  a.data.describe_rows(manifest, *setup.dataset);
  if (setup.certificates) {
    manifest.set("rows", setup.indices.size());
    manifest.set("first_plan", setup.indices.size());
  }
  manifest.add("seed", seed);
  return manifest;
}

std::uint64_t attack_seed(const AttackArguments& a, const Setup& setup) {
  return a.seed.value_or(noise::derive_seed(
      {setup.model.sha256, setup.dataset->sha256(), a.data.split, fmt::format("sigma {}", a.noise.sigma.value_or(0)), "attack"}));
}

attack::TargetOf targets_of(const AttackArguments& a, const Setup& setup) {
  if (setup.certificates) return attack::targets_of(*setup.certificates, a.factor.value_or(just_inside));
  return [radius = *a.radius](const data::Example& example, std::size_t) { return attack::Target{example.label, radius}; };
}

// FOLDER/INDEX.png where a PNG holds the image as it is, else FOLDER/INDEX.npy.
void save(const std::filesystem::path& folder, const Image& image, std::size_t index) {
  const int channels = image.shape.channels;
  if (image.is_8bit() && (channels == 1 || channels == 3)) {
    write_whole(folder / fmt::format("{}.png", index), report::png(report::raster_of(image)));
    return;
  }
  const std::array<std::size_t, 3> shape{static_cast<std::size_t>(channels), static_cast<std::size_t>(image.shape.height),
                                         static_cast<std::size_t>(image.shape.width)};
  data::write_npy(folder / fmt::format("{}.npy", index), shape, image.unit_pixels());
}

attack::Keep keep_in(const std::string& folder) {
  if (folder.empty()) return {};
  return [folder](const attack::Perturbed& perturbed, std::size_t index) {
    std::filesystem::create_directories(folder);
    save(folder, perturbed.image, index);
  };
}

std::string attack_rates_text(const std::vector<log::Record>& rows) {
  std::size_t successes = 0, correct = 0;
  for (const log::Record& row : rows) successes += row.success, correct += row.correct;
  const auto share = [&](std::size_t count) { return static_cast<double>(count) / static_cast<double>(rows.size()); };
  return fmt::format("successful {:.4f}, correct {:.4f}", share(successes), share(correct));
}

// Steps too few to get to the edge of the ball look like robustness.
std::string reach_text(const AttackArguments& a, const std::vector<log::Record>& rows) {
  const double reach = a.options.rate * a.options.steps;
  const auto beyond = std::count_if(rows.begin(), rows.end(), [&](const log::Record& row) { return row.budget > reach; });
  if (beyond == 0) return {};
  return fmt::format("{} {} allowed to go further than {} steps of {} reach\n", run::counted(static_cast<std::uint64_t>(beyond), "image"),
                     beyond == 1 ? "was" : "were", a.options.steps, a.options.rate);
}

void complain_of_refutations(const AttackArguments& a, const std::vector<log::Record>& rows) {
  if (a.against.empty()) return;
  const double factor = a.factor.value_or(just_inside);
  const auto refuting = attack::refutations(rows, factor);
  if (refuting.empty()) return;
  const log::Record& first = refuting.front();
  const std::string sureness = a.noise.sigma ? fmt::format(" (wrong with probability {} at most)", alpha_of(a)) : "";
  throw std::runtime_error(fmt::format(
      "{} of {} certificates of {} are refuted: image {}, certified as class {} at radius {}, is answered {} at distance {}{}; see {}",
      refuting.size(), rows.size(), a.against, first.index, first.attacked, first.budget / factor, *first.predict, first.distance, sureness,
      a.log));
}

// One on each model.
std::vector<std::unique_ptr<const attack::Attacker>> attackers_of(const AttackArguments& a, const Setup& setup) {
  std::vector<const ModelArguments::Opened*> models{&setup.model};
  if (setup.cascade) {
    models.clear();
    for (const auto& model : setup.cascade->models()) models.push_back(&model.opened);
  }
  std::vector<std::unique_ptr<const attack::Attacker>> attackers;
  attack::Options options = a.options;
  options.device = a.model.device;
  for (const auto* model : models) {
    attackers.push_back(std::make_unique<const attack::Attacker>(model->graph, *model->classifier, graph::layout_named(a.model.layout),
                                                                 setup.noise, options));
  }
  return attackers;
}

attack::Judge judge_of(const AttackArguments& a, const Setup& setup) {
  attack::Judge judge{setup.writer ? &*setup.writer : nullptr, {alpha_of(a), a.samples}, {}};
  if (setup.cascade) judge.function = [cascade = setup.cascade.get()](const Image& image) { return cascade->certified_class(image); };
  return judge;
}

std::vector<log::Record> run_attack(const AttackArguments& a, const Setup& setup) {
  const auto attackers = attackers_of(a, setup);
  std::vector<const attack::Attacker*> each;
  for (const auto& attacker : attackers) each.push_back(attacker.get());
  const std::uint64_t seed = attack_seed(a, setup);
  const log::Manifest manifest = manifest_of(a, setup, seed);
  if (setup.certificates && setup.certificates->manifest) {
    attack::require_same_subject(*setup.certificates->manifest, manifest, a.against);
  }
  const auto pool = smooth::executor_of(*setup.model.classifier, a.model.threads);
  const run::Procedure procedure = attack::procedure_of(each, judge_of(a, setup), targets_of(a, setup), seed, keep_in(a.save));
  const LoggedRun job{
      *setup.dataset, setup.indices,    *pool, setup.noise ? run::Spread::samples : run::Spread::images, a.log, log::Kind::attack, manifest,
      a.quiet,        attack_rates_text};
  return run_into_log(job, procedure);
}

void attack_images(AttackArguments& a) {
  check(a);
  const Setup setup = open_setup(a);
  const std::vector<log::Record> rows = run_attack(a, setup);
  if (!a.quiet) say("{}: {}\n{}\n{}", run::counted(rows.size(), "image"), a.log, attack_rates_text(rows), reach_text(a, rows));
  complain_of_refutations(a, rows);
}

void add_objective(CLI::App& command, AttackArguments& a) {
  command.add_option("--objective", a.objective, "what is made large: the mean loss over the noise, or minus the log of the mean softmax")
      ->check(CLI::IsMember({"mean-loss", "log-mean"}))
      ->capture_default_str();
  command.add_option("--rate", a.options.rate, "length of a step")->capture_default_str();
  command.add_option("--steps", a.options.steps, "steps, each followed by a projection into the ball")->capture_default_str();
  command.add_option("--copies", a.options.copies, "with --sigma: noisy copies a step")->check(whole_number())->capture_default_str();
}

void add_target(CLI::App& command, AttackArguments& a) {
  command.add_option("--radius", a.radius, "l2 ball around each image; pixels are in [0, 1]");
  command.add_option("--against", a.against,
                     "instead: a log of certify or verify, whose certificates are attacked just inside their radii; exit status 1 where "
                     "one is refuted");
  command
      .add_option("--cascade", a.cascade,
                  "with --against: the other models of the cascade that the log is of; each model is attacked in turn")
      ->delimiter(',')
      ->check(CLI::ExistingFile);
  command.add_option("--factor", a.factor, "with --against: so many times each certified radius (0.999); from 1 on nothing is refuted");
}

void add_judge(CLI::App& command, AttackArguments& a) {
  command.add_option("--sigma", a.noise.sigma, "attack the smoothed classifier of Gaussian noise of this standard deviation");
  command
      .add_option("--noise", a.noise.noise,
                  "grid: exact on 8-bit images, which stay so; gaussian: float; auto: grid where images are 8-bit")
      ->check(CLI::IsMember({"auto", "grid", "gaussian"}))
      ->capture_default_str();
  command.add_option("--seed", a.seed, "of the noise (default: derived from model, data and noise)")->check(whole_number());
  command.add_option("--n", a.samples, "with --sigma: samples of PREDICT, which judges the attacked image on draws of its own")
      ->check(whole_number())
      ->capture_default_str();
  command.add_option("--alpha", a.alpha, "with --sigma: allowed probability that its answer is wrong (0.001; 1e-6 inside certified radii)");
}

}  // namespace

void add_attack(CLI::App& program) {
  auto& command =
      *program.add_subcommand("attack", "Search for a perturbation within a radius that changes the answer (projected gradient descent)");
  auto a = std::make_shared<AttackArguments>();
  a->model.add_to(command);
  a->data.add_to(command);
  command.add_option("LOG", a->log, "file for the rows, one an image; LOG.json beside it says how they were made")->required();
  add_target(command, *a);
  add_judge(command, *a);
  add_objective(command, *a);
  command.add_option("--save", a->save,
                     "folder for the attacked images of the rows that this run adds: INDEX.png where they are 8-bit, else INDEX.npy");
  a->data.add_range_to(command);
  a->data.add_shard_to(command);
  command.add_flag("--quiet", a->quiet, "no progress")->group(heading::running);
  add_examples(command, {"ballast attack model.onnx fashion-mnist attacked.tsv --radius 0.5 --max 10",
                         "ballast attack model.onnx fashion-mnist tried.tsv --against log.tsv --max 10"});
  command.callback([a] { attack_images(*a); });
}

}  // namespace ballast::cli
