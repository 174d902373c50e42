// SPDX-License-Identifier: Apache-2.0

#include "logged_run.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "ballast/core/errors.hpp"
#include "job.hpp"
#include "options.hpp"
#include "run_watch.hpp"

namespace ballast::cli {
namespace {

std::string stopped_text(std::size_t done, std::size_t total, const std::string& file) {
  return fmt::format("stopped after {} of {} image{}; the same command continues {}", done, total, total == 1 ? "" : "s", file);
}

}  // namespace

std::vector<log::Record> run_into_log(const LoggedRun& job, const run::Procedure& procedure) {
  run::ProcessGroup* group = job_group();
  const std::atomic<bool>& stop = stop_on_signal();
  run::Job rows_of{job.dataset, job.indices, job.executor, job.spread, procedure, stop};
  if (group && group->rank() != 0) {
    begin_together(job.manifest, job.executor.micro_batch());
    run::run_as_worker(rows_of, *group);
    throw QuietExit{0};
  }
  std::vector<log::Record> rows;
  {
    RunWatch watch(job, stop, group ? group->size() : 1);
    log::LogWriter log(job.file, job.kind, job.manifest);
    if (group) begin_together(job.manifest, job.executor.micro_batch());
    watch.begin(log.existing().size());
    rows_of.drawn = &watch.drawn();
    rows = run::run_into(
        log, rows_of, [&](const run::Status& status) { watch.row_done(status); }, group);
  }
  end_together();
  if (rows.size() < job.indices.size()) throw std::runtime_error(stopped_text(rows.size(), job.indices.size(), job.file));
  return rows;
}

std::vector<log::Record> run_without_log(const LoggedRun& job, const run::Procedure& procedure) {
  require(job_group() == nullptr, "LOG is required under mpirun");
  std::vector<log::Record> rows;
  const std::atomic<bool>& stop = stop_on_signal();
  {
    RunWatch watch(job, stop, 1);
    watch.begin(0);
    const run::Job rows_of{job.dataset, job.indices, job.executor, job.spread, procedure, stop, &watch.drawn()};
    run::run_rows(rows_of, [&](log::Record row) { rows.push_back(std::move(row)); });
    watch.clear();
  }
  if (rows.size() < job.indices.size()) throw std::runtime_error("stopped before the end");
  return rows;
}

}  // namespace ballast::cli
