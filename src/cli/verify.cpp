// SPDX-License-Identifier: Apache-2.0
//
// ballast verify MODEL DATA LOG --method M

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "ballast/report/accuracy.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "ballast/verify/threads.hpp"
#include "commands.hpp"
#include "fit.hpp"
#include "help.hpp"
#include "logged_run.hpp"
#include "say.hpp"
#include "verification.hpp"

namespace ballast::cli {
namespace {

struct VerifyArguments : VerificationArguments {
  DataArguments data;
  std::string log;
  bool quiet = false;
};

log::Manifest manifest_of(const VerifyArguments& a, const procedure::Settings& settings, const Verification& verification,
                          const data::Dataset& images) {
  log::Manifest manifest;
  manifest.add("ballast", BALLAST_VERSION);
  manifest.add("command", command_line());
  log::add_to(manifest, settings);
  verification.describe(manifest);
  a.data.describe(manifest, images);
  a.data.describe_rows(manifest, images);
  return manifest;
}

std::string text_of(const std::vector<log::Record>& rows, const procedure::Verification& method) {
  const double shown = method.tested_radius.value_or(0);
  return fmt::format("certified {:.3f} at {}, mean radius {:.4f}", report::certified_accuracy(rows, shown), shown,
                     report::average_certified_radius(rows));
}

// The looser count of Wong et al. 2018: that a model certifies its own answer does not settle which model decides nearby.
std::string cascade_text(const std::vector<log::Record>& rows) {
  return fmt::format("cascade accuracy of Wong et al., not a certificate: {:.4f}\n", report::cascade_accuracy(rows));
}

void verify_images(VerifyArguments a) {
  a.check();
  a.model.prepare(&a.data);
  const procedure::Settings settings = a.settings();
  const auto& method = std::get<procedure::Verification>(settings.method);
  auto images = a.data.open();
  const auto indices = run::indices(a.data.range, images->size());
  const int threads = a.model.threads > 0 ? a.model.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const int at_once = indices.size() > 1 ? threads : 1;  // an image a thread; else the matrix products of the one have them all
  verify::use_threads(at_once > 1 ? 1 : threads);
  const Verification verification(a, *images, at_once);
  const std::string label_map = fit_classes(images, verification.models().front().opened, a.data.label_offset);

  smooth::ThreadPool pool(*verification.models().front().opened.classifier, at_once);
  auto manifest = manifest_of(a, settings, verification, *images);
  if (!label_map.empty()) manifest.add("label_map", label_map);
  const LoggedRun job{*images,
                      indices,
                      pool,
                      run::Spread::images,
                      a.log,
                      log::kind_of(settings),
                      manifest,
                      a.quiet,
                      [&](const std::vector<log::Record>& so_far) { return text_of(so_far, method); }};
  const auto rows =
      run_into_log(job, [&](smooth::Executor&, const data::Example& example, std::size_t) { return verification.row(example); });
  if (a.quiet) return;
  say("{}, {}: {}\n", run::counted(rows.size(), "image"), method.verifier, a.log);
  if (method.tested_radius) {
    say("accurate {:.4f}, certified at {} {:.4f}\n", report::certified_accuracy(rows, 0), *method.tested_radius,
        report::certified_accuracy(rows, *method.tested_radius));
    if (method.models > 1) say("{}", cascade_text(rows));
  } else {
    say("{}", report::accuracy_table(rows, report::sensible_radii(rows)));
  }
}

}  // namespace

void add_verify(CLI::App& program) {
  auto& command = *program.add_subcommand("verify", "Certify the base classifier by a deterministic bound");
  auto a = std::make_shared<VerifyArguments>();
  a->model.add_to(command);
  a->data.add_to(command);
  command.add_option("LOG", a->log, "file for the rows, one an image; LOG.json beside it says how they were made")->required();
  a->add_to(command);
  a->data.add_range_to(command);
  a->data.add_shard_to(command);
  command.add_flag("--quiet", a->quiet, "no progress")->group(heading::running);
  add_examples(command, {"ballast verify model.onnx fashion-mnist verified.tsv --max 100",
                         "ballast verify model.onnx fashion-mnist tested.tsv --radius 0.1 --max 100"});
  command.callback([a] { verify_images(*a); });
}

}  // namespace ballast::cli
