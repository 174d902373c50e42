// SPDX-License-Identifier: Apache-2.0

#include "request_log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ballast/core/errors.hpp"

namespace ballast::serve {

namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson answer_json(const Answer& answer) {
  return {
      {"index", answer.index},   {"image_sha256", answer.image_sha256}, {"seed", answer.seed},       {"label", answer.label.value_or(-1)},
      {"radius", answer.radius}, {"p_lower", answer.p_lower},           {"samples", answer.samples}, {"counts", answer.counts}};
}

std::string line_of(const RequestRecord& record, const std::string& identity) {
  const procedure::Settings& settings = record.settings;
  OrderedJson line{{"time", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
                   {"id", record.id},
                   {"method", procedure::name_of(settings.method)},
                   {"noise", traits(*settings.noise).name},
                   {"sigma", settings.scale},
                   {"alpha", settings.alpha},
                   {"n0", procedure::selection_samples_of(settings)},
                   {"n", procedure::samples_of(settings)}};
  line.update(OrderedJson::parse(identity));
  if (const auto* named = std::get_if<procedure::NamedRadii>(&settings.method)) line["radii"] = named->radii;
  if (const auto* tolerance = std::get_if<procedure::Tolerance>(&settings.method)) line["tolerance"] = tolerance->tolerance;
  if (const auto* anytime = std::get_if<procedure::Anytime>(&settings.method); anytime && anytime->gain) line["gain"] = *anytime->gain;
  line["stopped_at_deadline"] = record.stopped;
  line["images"] = OrderedJson::array();
  for (const Answer& answer : record.answers) line["images"].push_back(answer_json(answer));
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace

RequestLog::RequestLog(const std::filesystem::path& file, const std::string& identity) : file_(file), identity_(identity) {
  if (file.empty()) return;
  descriptor_ = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  require(descriptor_ >= 0, fmt::format("{}: cannot be written", file.string()));
  // A line is taken back by cutting the file, which must not cut another's lines.
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  close(descriptor_);
  throw InputError(fmt::format("{}: another process is writing to it", file.string()));
}

RequestLog::~RequestLog() {
  if (descriptor_ >= 0) close(descriptor_);
}

void RequestLog::add(const RequestRecord& record) {
  if (descriptor_ < 0) return;
  const std::string line = line_of(record, identity_);
  const std::lock_guard lock(mutex_);
  struct stat before {};
  const bool regular = fstat(descriptor_, &before) == 0 && S_ISREG(before.st_mode);
  if (write_whole(line)) return;
  // What was there of the line goes, so that the next one stands for itself.
  const bool taken_back = !regular || ftruncate(descriptor_, before.st_size) == 0;
  throw std::runtime_error(fmt::format("{}: the log could not be written{} (is the disk full?)", file_.string(),
                                       taken_back ? "" : ", nor its last line taken back"));
}

bool RequestLog::write_whole(const std::string& line) const {
  for (std::size_t written = 0; written < line.size();) {
    const ssize_t count = write(descriptor_, line.data() + written, line.size() - written);
    if (count > 0) written += static_cast<std::size_t>(count);
    else if (count == 0 || errno != EINTR) return false;
  }
  return true;
}

}  // namespace ballast::serve
