// SPDX-License-Identifier: Apache-2.0

#include "dealings_log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ballast/core/errors.hpp"

namespace ballast::serve {

namespace {

using Json = nlohmann::ordered_json;

Json answer_json(const Answer& answer) {
  return {
      {"index", answer.index},   {"image_sha256", answer.image_sha256}, {"seed", answer.seed},       {"label", answer.label.value_or(-1)},
      {"radius", answer.radius}, {"p_lower", answer.p_lower},           {"samples", answer.samples}, {"counts", answer.counts}};
}

std::string line_of(const Dealing& dealing, const std::string& identity) {
  Json line{{"time", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
            {"id", dealing.id},
            {"noise", dealing.noise},
            {"sigma", dealing.sigma},
            {"alpha", dealing.alpha},
            {"n0", dealing.selection_samples},
            {"n", dealing.samples}};
  line.update(Json::parse(identity));
  if (!dealing.radii.empty()) line["radii"] = dealing.radii;
  if (dealing.tolerance > 0) line["tolerance"] = dealing.tolerance;
  line["stopped_at_deadline"] = dealing.stopped;
  line["images"] = Json::array();
  for (const Answer& answer : dealing.answers) line["images"].push_back(answer_json(answer));
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

DealingsLog::DealingsLog(const std::filesystem::path& file, const std::string& identity) : file_(file), identity_(identity) {
  if (file.empty()) return;
  descriptor_ = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  require(descriptor_ >= 0, fmt::format("{}: cannot be written", file.string()));
}

DealingsLog::~DealingsLog() {
  if (descriptor_ >= 0) close(descriptor_);
}

void DealingsLog::add(const Dealing& dealing) {
  if (descriptor_ < 0) return;
  const std::string line = line_of(dealing, identity_);
  const std::lock_guard lock(mutex_);
  if (write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error(fmt::format("{}: the log could not be written (is the disk full?)", file_.string()));
}

}  // namespace ballast::serve
