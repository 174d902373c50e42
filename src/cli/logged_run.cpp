// SPDX-License-Identifier: Apache-2.0

#include "logged_run.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/run/progress.hpp"
#include "job.hpp"
#include "options.hpp"

namespace ballast::cli {
namespace {

std::string progress_text(const run::Status& status, const std::string& so_far) {
  const auto now = static_cast<double>(status.done - status.resumed);
  const double left = now > 0 ? status.seconds / now * static_cast<double>(status.total - status.done) : 0;
  return fmt::format("{}/{} images  {:.2f} s an image  {} left  {}", status.done, status.total, status.seconds / now,
                     run::duration_text(left), so_far);
}

}  // namespace

std::vector<log::Record> run_into_log(const LoggedRun& job, const run::Procedure& procedure) {
  run::ProcessGroup* group = job_group();
  const run::Job rows_of{job.dataset, job.indices, job.executor, job.spread, procedure, stop_on_signal()};
  if (group && group->rank() != 0) {
    begin_together(job.manifest, job.executor.micro_batch());
    run::run_as_worker(rows_of, *group);
    throw QuietExit{0};
  }
  log::LogWriter log(job.file, job.kind, job.manifest);
  if (group) begin_together(job.manifest, job.executor.micro_batch());
  run::ProgressLine line(job.quiet);
  auto rows = run::run_into(
      log, rows_of,
      [&](const run::Status& status) {
        const bool finished = status.done == status.total;
        if (line.is_due(finished)) line.show(progress_text(status, job.so_far(*status.rows)), finished);
      },
      group);
  end_together();
  if (rows.size() < job.indices.size()) {
    throw std::runtime_error(
        fmt::format("stopped after {} of {} images; the same command continues {}", rows.size(), job.indices.size(), job.file));
  }
  return rows;
}

std::vector<log::Record> run_without_log(const LoggedRun& job, const run::Procedure& procedure) {
  require(job_group() == nullptr, "LOG is required under mpirun");
  std::vector<log::Record> rows;
  const run::Job rows_of{job.dataset, job.indices, job.executor, job.spread, procedure, stop_on_signal()};
  run::run_rows(rows_of, [&](log::Record row) { rows.push_back(std::move(row)); });
  if (rows.size() < job.indices.size()) throw std::runtime_error("stopped before the end");
  return rows;
}

}  // namespace ballast::cli
