// SPDX-License-Identifier: Apache-2.0

#include "audit_draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/core/errors.hpp"
#include "ballast/log/recertify.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/run/progress.hpp"
#include "ballast/run/replay.hpp"
#include "ballast/smooth/device_executor.hpp"
#include "fit.hpp"
#include "recheck.hpp"
#include "smoothing_run.hpp"

namespace ballast::cli {
namespace {

constexpr std::size_t usual_rows = 10;

std::string value_of(const log::Manifest& manifest, const std::string& name) {
  const auto* entry = manifest.find(name);
  return entry ? entry->json : "missing";
}

// Entries in which the log's maker and this machine differ, so that a vote here and there may fall otherwise.
std::vector<std::string> other_circumstances(const log::Manifest& there, const log::Manifest& here) {
  std::vector<std::string> lines;
  for (const char* name : {"engine", "precision", "instruction_set"}) {
    if (value_of(there, name) != value_of(here, name)) {
      lines.push_back(fmt::format("{} {} there, {} here", name, value_of(there, name), value_of(here, name)));
    }
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "; other arithmetic: " + line;
  return text;
}

// What a log was drawn from, opened and found to be that.
struct Subject {
  const procedure::Settings& settings;
  const data::Dataset& dataset;
  smooth::Executor& executor;
  const noise::NoisyWriter& noise;
  std::vector<std::string> others;  // in which this machine's arithmetic is not the log's
};

// Rows as this machine draws them. A log of fewer samples, drawn from others' votes, has these drawn first.
class Replay {
 public:
  Replay(const Subject& subject, const log::Manifest& manifest)
      : subject_(subject),
        seed_(seed_of(manifest)),
        draw_seed_(manifest.number("draw_seed")),
        drawn_(subject.settings),
        kind_(log::kind_of(subject.settings)),
        stopped_by_another_alpha_(procedure::is<procedure::Anytime>(subject.settings) && manifest.find("recertified_from")) {
    if (draw_seed_) set_samples(manifest.number("drawn_from_n").value());
    const std::uint64_t drawn = procedure::samples_of(drawn_), samples = procedure::samples_of(subject.settings);
    require(drawn >= samples, fmt::format("the manifest's drawn_from_n is {}, and n is {}", drawn, samples));
    procedure_ = run::procedure_of(drawn_, subject.noise, seed_);
  }

  // Everything the row says, by the same arithmetic.
  std::string difference(const log::Record& row) const {
    if (stopped_by_another_alpha_) return difference_of_votes(row);
    log::Record again = run::replayed(row, subject_.dataset, subject_.executor, procedure_);
    if (draw_seed_) again = log::recertified(again, drawn_, subject_.settings, *draw_seed_);
    return log::difference(row, as_read(again), kind_);
  }

  // The row's label and votes alone, where a share of these may have moved.
  std::string movement(const log::Record& row, double share, std::uint64_t& moved) const {
    log::Record wanted = row;
    wanted.samples = draw_seed_ ? procedure::samples_of(drawn_) : row.samples;
    log::Record again = run::votes_again(wanted, subject_.dataset, subject_.executor, subject_.noise, drawn_, seed_);
    if (again.label != row.label) return fmt::format("label is {} there, {} in the data", row.label, again.label);
    const std::uint64_t selected = run::moved_votes(row.selection, again.selection),
                        most_selected = run::most_moved(total_of(row.selection), share);
    if (selected > most_selected)
      return fmt::format("image {}: {} of the votes in selection are others, and another arithmetic may move {} (--moved)", row.index,
                         selected, most_selected);
    if (draw_seed_) again = log::recertified(again, drawn_, subject_.settings, *draw_seed_);
    const std::uint64_t votes = run::moved_votes(row.counts, again.counts), most = run::most_moved(row.samples, share);
    moved += votes;
    if (votes <= most) return difference_at_looks(row, share);
    return fmt::format("image {}: {} of {} votes are others, and another arithmetic may move {} (--moved)", row.index, votes, row.samples,
                       most);
  }

 private:
  log::Record as_read(const log::Record& row) const {
    return log::parse_line(log::to_line(row, kind_), log::parse_header(log::header_line(kind_)));
  }

  // The row's votes, as many as they are, and the failures at its look: how it came to stop there depends on an alpha that the log no
  // longer has, and what follows from them is computed again by the audit anyway.
  std::string difference_of_votes(const log::Record& row) const {
    log::Record again = run::votes_again(row, subject_.dataset, subject_.executor, subject_.noise, drawn_, seed_);
    const bool is_nan = row.runner_up + 1 == static_cast<Label>(row.counts.size());
    if (is_nan) again.runner_up = static_cast<Label>(again.counts.size()) - 1;
    const log::Record read = as_read(again);
    log::Record same = row;  // whose radius, read and written once more, would be rounded down twice
    same.label = read.label;
    same.selection = read.selection;
    same.counts = read.counts;
    same.runner_up = read.runner_up;
    const std::string text = log::difference(row, same, kind_);
    return text.empty() ? difference_at_looks(row, 0) : text;
  }

  static std::uint64_t total_of(const std::vector<std::uint64_t>& votes) {
    return std::accumulate(votes.begin(), votes.end(), std::uint64_t{0});
  }

  // Of a sequential test, whose radius follows from its looks: how many of the first samples failed, where a share of them may have moved.
  std::string difference_at_looks(const log::Record& row, double share) const {
    if (row.looks.empty()) return "";
    const auto tested = log::tested_class(row, drawn_);
    if (!tested) return "";
    std::vector<log::Record::Look> looks = row.looks;
    std::sort(looks.begin(), looks.end(), [](const auto& x, const auto& y) { return x.samples < y.samples; });
    if (looks.back().samples > row.samples)
      return fmt::format("image {}: looks at {} samples of {}", row.index, looks.back().samples, row.samples);
    std::vector<std::uint64_t> samples;
    for (const log::Record::Look& look : looks) samples.push_back(look.samples);
    const auto drawn = run::votes_of_first(samples, row.index, subject_.dataset, subject_.executor, subject_.noise, seed_);
    const auto place = static_cast<std::size_t>(*tested);
    for (std::size_t i = 0; i < looks.size(); ++i) {
      const auto& [looked, there] = looks[i];
      const std::uint64_t here = looked - (place + 1 < drawn[i].size() ? drawn[i][place] : 0);
      if (std::max(here, there) - std::min(here, there) > run::most_moved(looked, share))
        return fmt::format("image {}: looks is {}:{} there, {}:{} here", row.index, looked, there, looked, here);
    }
    return "";
  }

  // Of the methods whose votes are drawn from others'.
  void set_samples(std::uint64_t samples) {
    if (auto* fixed = std::get_if<procedure::FixedSamples>(&drawn_.method)) fixed->samples = samples;
    if (auto* prediction = std::get_if<procedure::Prediction>(&drawn_.method)) prediction->samples = samples;
  }

  const Subject& subject_;
  std::uint64_t seed_;
  std::optional<std::uint64_t> draw_seed_;
  procedure::Settings drawn_;  // of the votes that the row's are from
  log::Kind kind_;
  bool stopped_by_another_alpha_;
  run::Procedure procedure_;
};

class Counting {
 public:
  Counting(const DrawArguments& arguments, std::size_t rows) : line_(arguments.quiet), rows_(rows) {}
  void next(const char* what) {
    ++done_;
    line_.show(fmt::format("{}/{} rows {}", done_, rows_, what), done_ == rows_);
  }

 private:
  run::ProgressLine line_;
  std::size_t rows_, done_ = 0;
};

void replay(log::Audit& audit, const Subject& subject, const DrawArguments& arguments) {
  const Replay again(subject, *audit.manifest);
  const auto chosen = run::random_rows(audit.log.rows.size(), arguments.rows.value_or(usual_rows), noise::fresh_seed());
  Counting counting(arguments, chosen.size());
  std::size_t found = 0;
  std::uint64_t moved = 0;
  for (const std::size_t i : chosen) {
    const log::Record& row = audit.log.rows[i];
    const std::string text = subject.others.empty() ? again.difference(row) : again.movement(row, arguments.moved, moved);
    const bool has_another_label = row.index < subject.dataset.size() && subject.dataset.label(row.index) != row.label;  // found already
    if (!text.empty() && !has_another_label) audit.findings.push_back({audit.log.lines[i], "redrawn", text + ", drawn again"});
    found += !text.empty();
    counting.next("drawn again");
  }
  std::string note = fmt::format("{} rows drawn again, {} {}{}", chosen.size(), chosen.size() - found,
                                 subject.others.empty() ? "as they were" : "within what may move", joined(subject.others));
  if (!subject.others.empty()) note += fmt::format("; {} votes moved", moved);
  audit.notes.push_back(note);
}

void draw_afresh(log::Audit& audit, const Subject& subject, const DrawArguments& arguments) {
  std::vector<std::size_t> answered;
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    if (audit.log.rows[i].predict) answered.push_back(i);
  }
  const std::uint64_t seed = noise::fresh_seed();
  const auto chosen = run::random_rows(answered.size(), arguments.rows.value_or(answered.size()), noise::fresh_seed());
  Counting counting(arguments, chosen.size());
  std::vector<log::FreshVotes> draws;
  for (const std::size_t i : chosen) {
    const log::Record& row = audit.log.rows[answered[i]];
    draws.push_back({answered[i], run::fresh_votes(row.index, *arguments.fresh, subject.dataset, subject.executor, subject.noise, seed)});
    counting.next("drawn afresh");
  }
  audit.notes.push_back(fmt::format("{} samples a row under seed {}{}", *arguments.fresh, seed, joined(subject.others)));
  log::check_fresh(audit, draws, subject.others.empty() ? 0 : arguments.moved);
}

// Of every row, as it costs nothing.
void check_labels(log::Audit& audit, const data::Dataset& dataset) {
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const log::Record& row = audit.log.rows[i];
    if (row.index >= dataset.size()) continue;  // found elsewhere
    if (const Label label = dataset.label(row.index); label != row.label)
      audit.findings.push_back(
          {audit.log.lines[i], "label", fmt::format("image {}: label is {} there, {} in the data", row.index, row.label, label)});
  }
}

// What else the manifest says of model and data, where it says so and the arithmetic is the same: an engine may take more of a network's
// first steps than another.
void find_other_entries(log::Audit& audit, const log::Manifest& here, const data::Dataset& dataset) {
  const log::Manifest& there = *audit.manifest;
  const bool same_engine = other_circumstances(there, here).empty();
  for (const auto& entry : there.entries) {
    const bool is_input = entry.name.starts_with("input_scale_") || entry.name.starts_with("input_offset_");
    std::string now;
    if (is_input && same_engine) now = value_of(here, entry.name);
    else if (entry.name == "colours" || entry.name == "orientation")
      now = here.find(entry.name) ? value_of(here, entry.name) : "\"stored\"";
    else if (entry.name == "resize" || entry.name == "crop") now = value_of(here, entry.name);
    else if (entry.name == "images") now = std::to_string(dataset.size());
    else continue;
    if (entry.json != now) audit.findings.push_back({0, "manifest", fmt::format("{} is {} there, {} here", entry.name, entry.json, now)});
  }
}

std::string recheck(log::Audit& audit, const DrawArguments& arguments, const ModelArguments& model, std::unique_ptr<data::Dataset>& dataset,
                    int label_offset) {
  require(!arguments.fresh, "--fresh: a log of verify makes no claim that samples can refute");
  const auto chosen = run::random_rows(audit.log.rows.size(), arguments.rows.value_or(usual_rows), noise::fresh_seed());
  Counting counting(arguments, chosen.size());
  const std::string why =
      recheck_verified(audit, model, arguments.cascade, dataset, label_offset, chosen, [&] { counting.next("computed again"); });
  check_labels(audit, *dataset);
  if (why.empty()) audit.notes.push_back(fmt::format("{} rows computed again", chosen.size()));
  return why;
}

}  // namespace

std::string check_draws(log::Audit& audit, const DrawArguments& arguments, const std::string& file) {
  require(audit.manifest && audit.settings, fmt::format("{}: has no manifest, which says how its votes were drawn", file));
  const log::Manifest& manifest = *audit.manifest;
  const procedure::Settings& settings = *audit.settings;
  ModelArguments model = arguments.model;
  DataArguments data = arguments.data;
  model.prepare(&data);
  auto dataset = data.open();
  if (procedure::is<procedure::Verification>(settings)) {
    log::Manifest of_data;
    data.describe(of_data, *dataset);
    find_other_entries(audit, of_data, *dataset);
    return recheck(audit, arguments, model, dataset, data.label_offset);
  }
  run::require_drawn(settings);
  procedure::check(settings);
  const NoiseKind kind = settings.noise.value();
  model.ask_first(dataset->at(0).image, kind, settings.scale);
  const auto opened = model.open(DataArguments::shape_of(*dataset));
  log::Manifest here;
  if (const std::string label_map = fit_classes(dataset, opened, data.label_offset); !label_map.empty()) here.add("label_map", label_map);
  model.describe(here, opened);
  data.describe(here, *dataset);
  for (const char* name :
       {"model_sha256", "model_input", "model_output", "model_threshold", "data_sha256", "split", "labels", "label_map"}) {
    if (value_of(manifest, name) == value_of(here, name)) continue;
    const std::string text =
        fmt::format("{} is {} there, {} here: not the model and data of this log", name, value_of(manifest, name), value_of(here, name));
    audit.findings.push_back({0, "manifest", text});
    return "another model or other data";
  }
  find_other_entries(audit, here, *dataset);
  check_labels(audit, *dataset);
  if (!arguments.fresh && manifest.find("draw_seed") && !manifest.find("drawn_from_n"))
    return "its votes were drawn from those of another log, and it does not say from how many";
  if (settings.illustration) return "its counts were scaled, not drawn";
  const noise::NoisyWriter noise(kind, settings.scale, opened.classifier->affine());
  const double noise_error = noise.noise_error(opened.classifier->image_shape().size());
  if (settings.noise_error < (1 - 1e-6) * noise_error)
    audit.findings.push_back({0, "manifest", fmt::format("noise_error is {} there, {} here", settings.noise_error, noise_error)});
  const auto executor = smooth::executor_of(*opened.classifier, arguments.model.threads);
  const Subject subject{settings, *dataset, *executor, noise, other_circumstances(manifest, here)};
  if (arguments.fresh) draw_afresh(audit, subject, arguments);
  else replay(audit, subject, arguments);
  return "";
}

void note_seeds(log::Audit& audit) {
  if (!audit.manifest || !audit.settings || procedure::is<procedure::Attack>(*audit.settings)) return;
  const auto seed = audit.manifest->number("seed"), draw_seed = audit.manifest->number("draw_seed");
  if (!seed) return;
  const auto derived = default_seed(*audit.manifest);
  if (!derived)
    audit.notes.push_back(
        "its model was asked, so its seed is one that nobody could know, if its maker says so; --fresh needs no such word");
  else if (*seed != *derived)
    audit.notes.push_back(fmt::format("its seed, {}, was chosen by hand: {} follows from model, data and noise", *seed, *derived));
  if (draw_seed && *draw_seed != *seed)
    audit.notes.push_back(
        fmt::format("the seed of its draw of fewer votes, {}, was chosen by hand: its log's own is {}", *draw_seed, *seed));
}

}  // namespace ballast::cli
