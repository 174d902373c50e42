// SPDX-License-Identifier: Apache-2.0

#include "rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>

#include "ballast/core/errors.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/log/settings.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/run/procedures.hpp"
#include "interruptible.hpp"

namespace ballast::python {
namespace {

// Images and labels as a data set whose first image has this number.
class Numbered : public data::Dataset {
 public:
  Numbered(const Images& images, const Labels& labels, std::size_t first) : images_(images), labels_(labels), first_(first) {}

  std::size_t size() const override { return first_ + images_.size(); }
  data::Example at(std::size_t index) const override {
    const std::size_t place = index - first_;
    return {images_.at(place), labels_ ? (*labels_)[place] : 0};
  }
  int classes() const override { return labels_ ? 1 + *std::max_element(labels_->begin(), labels_->end()) : 1; }
  bool is_8bit() const override { return images_.is_8bit(); }
  std::optional<ImageShape> shape() const override { return images_.shape(); }
  std::string sha256() const override { return images_.sha256(); }

 private:
  const Images& images_;
  const Labels& labels_;
  std::size_t first_;
};

// The radius as the caller wrote it: a row holds the next double.
double asked(const procedure::Settings& settings, double radius) {
  const auto* named = std::get_if<procedure::NamedRadii>(&settings.method);
  if (!named || radius == 0) return radius;
  return *std::prev(std::upper_bound(named->radii.begin(), named->radii.end(), radius));
}

void check_labels(const Labels& labels, const Images& images, int classes) {
  if (!labels) return;
  require(labels->size() == images.size(), fmt::format("labels: {} for {} images", labels->size(), images.size()));
  const auto wrong = std::find_if(labels->begin(), labels->end(), [&](Label label) { return label < 0 || label >= classes; });
  if (wrong == labels->end()) return;
  throw InputError(fmt::format("labels: image {} has label {}; 0 to {} are allowed", wrong - labels->begin(), *wrong, classes - 1));
}

log::Manifest manifest_of(const procedure::Settings& settings, const RowsJob& job) {
  log::Manifest manifest;
  manifest.add("ballast", BALLAST_VERSION);
  manifest.add("command", "import ballast");
  log::add_to(manifest, settings);
  for (const auto& entry : job.model.entries) manifest.entries.push_back(entry);
  if (job.before) {
    manifest.add("data", "images that came batch by batch");
  } else {
    manifest.add("data", fmt::format("an array of {} images", job.images.size()));
    manifest.add("data_sha256", job.images.sha256());
    manifest.add("images", std::uint64_t{job.draws.first} + job.images.size());
    manifest.add("rows", std::uint64_t{job.images.size()});
  }
  manifest.add("start", std::uint64_t{job.draws.first});
  manifest.add("skip", std::uint64_t{1});
  manifest.add("seed", job.draws.seed);
  return manifest;
}

// Rounded as they are there, whichever run they are of. Votes are for all classes again, which a log cuts off behind the last that got one.
std::vector<log::Record> logged_rows(const std::filesystem::path& file, std::size_t classes) {
  std::vector<log::Record> rows = log::read_log(file).rows;
  for (log::Record& row : rows) {
    for (auto* votes : {&row.selection, &row.counts}) {
      if (!votes->empty() && votes->size() <= classes) votes->insert(votes->end() - 1, classes + 1 - votes->size(), 0);
    }
  }
  return rows;
}

// Of other images than those whose rows were there already, somebody would have the certificates.
void check_logged_labels(const std::vector<log::Record>& rows, const std::vector<Label>& labels, std::size_t first) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i].label == labels[i],
            fmt::format("the log's row of image {} has label {}, and this run's image {}: it was made with other images", first + i,
                        rows[i].label, labels[i]));
  }
}

}  // namespace

Rows rows_of(smooth::Executor& executor, const RowsJob& job, NoiseCache& cache, const std::atomic<bool>& stop, const RowsDone& done) {
  const Images& images = job.images;
  const std::size_t before = job.before.value_or(0), first = job.draws.first + before;
  check_labels(job.labels, images, executor.classifier().classes());
  require(first + images.size() - 1 <= std::numeric_limits<std::uint32_t>::max(), "images: more than can be numbered");
  const NoiseKind kind = job.request.noise_of(images.is_8bit());
  const auto noise = cache.writer(kind, job.request.scale(), executor.classifier().affine());
  const procedure::Settings settings = job.request.complete(
      {kind, noise->noise_error(images.shape().size()), static_cast<std::uint64_t>(executor.micro_batch()), images.size()});
  const run::Procedure procedure = run::procedure_of(settings, *noise, job.draws.seed);
  const run::Procedure cancellable = [&](smooth::Executor& some, const data::Example& example, std::size_t index) {
    CancellableExecutor until_stopped(some, stop);
    return procedure(until_stopped, example, index);
  };

  const Numbered dataset(images, job.labels, first);
  // A log holds the rows of the images before, too.
  std::vector<std::size_t> indices(images.size() + (job.log ? before : 0));
  std::iota(indices.begin(), indices.end(), job.log ? std::size_t{job.draws.first} : first);
  const run::Spread spread = executor.threads() > 1 ? run::spread_of(settings) : run::Spread::samples;
  const run::Job run{dataset, indices, executor, spread, cancellable, stop};
  Rows result{log::kind_of(settings), {}, manifest_of(settings, job)};
  if (job.log) {
    log::LogWriter writer(*job.log, result.kind, result.manifest);
    require(writer.existing().size() >= before, fmt::format("{}: lost rows while it was written", job.log->string()));
    run::run_into(writer, run, [&](const run::Status& status) { done(status.done - before, images.size()); });
    result.rows = logged_rows(*job.log, static_cast<std::size_t>(executor.classifier().classes()));
    result.rows.resize(std::min(result.rows.size(), indices.size()));
    result.rows.erase(result.rows.begin(), result.rows.begin() + static_cast<std::ptrdiff_t>(before));
    check_logged_labels(result.rows, *job.labels, first);
  } else {
    run::run_rows(run, [&](log::Record row) {
      result.rows.push_back(std::move(row));
      done(result.rows.size(), images.size());
    });
  }
  if (!job.log && job.labels) {
    result.lines.push_back(log::header_line(result.kind));
    for (const log::Record& row : result.rows) result.lines.push_back(log::to_line(row, result.kind));
  }
  for (log::Record& row : result.rows) {
    row.index -= first;
    row.radius = asked(settings, row.radius);
  }
  return result;
}

std::uint64_t derived_seed(const Model& model, const Images& images, const Request& request) {
  return noise::derive_seed({fmt::format("model_sha256={}\nimages_sha256={}\nnoise={}\nscale={}\n", model.sha256(), images.sha256(),
                                         traits(request.noise_of(images.is_8bit())).name, request.scale())});
}

}  // namespace ballast::python
