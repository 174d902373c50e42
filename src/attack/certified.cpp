// SPDX-License-Identifier: Apache-2.0

#include "ballast/attack/certified.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/log/source.hpp"

namespace ballast::attack {
namespace {

std::string value_of(const log::Manifest& manifest, const std::string& name) {
  const auto* entry = manifest.find(name);
  return entry ? entry->json : "missing";
}

bool is_of_subject(const std::string& name) {
  const bool of_model = name.starts_with("model_") && name.ends_with("sha256") && log::role_of(name) == log::Role::decides;
  return of_model || name == "data_sha256" || name == "split" || name.starts_with("input_scale_") || name.starts_with("input_offset_");
}

void require_attackable(const procedure::Settings& settings, const std::string& file) {
  require(procedure::norm_of(settings) == "l2",
          fmt::format("{}: its certificates are in {}; attacks are in l2", file, procedure::norm_of(settings)));
  require(!settings.illustration, fmt::format("{}: its counts were scaled down, not drawn: it has no certificates to attack", file));
}

}  // namespace

Certificates certificates_from(const std::filesystem::path& file) {
  const log::Source source = log::read_source(file);
  const log::Kind kind = source.log.columns.kind;
  require(kind != log::Kind::predict && kind != log::Kind::attack,
          fmt::format("{}: has no certificates; a log of certify or verify is needed", file.string()));
  if (source.settings) require_attackable(*source.settings, file.string());
  Certificates certificates{{}, source.manifest, source.settings};
  for (const log::Record& row : source.log.rows) {
    if (row.predict && row.radius > 0) certificates.by_index[row.index] = {row.label, *row.predict, row.radius};
  }
  require(!certificates.by_index.empty(), fmt::format("{}: no image is certified at a radius above 0", file.string()));
  return certificates;
}

void require_same_subject(const log::Manifest& there, const log::Manifest& here, const std::string& file) {
  const auto check = [&](const std::string& name) {
    const std::string before = value_of(there, name), now = value_of(here, name);
    require(before == now, fmt::format("{}: {} is {} there, {} here: not the model and data of this log", file, name, before, now));
  };
  for (const log::Manifest::Entry& entry : here.entries) {
    if (is_of_subject(entry.name)) check(entry.name);
  }
  check("labels");  // which may be missing
}

std::vector<std::size_t> certified_among(const std::vector<std::size_t>& indices, const Certificates& certificates) {
  std::vector<std::size_t> certified;
  std::copy_if(indices.begin(), indices.end(), std::back_inserter(certified),
               [&](std::size_t index) { return certificates.by_index.contains(index); });
  require(!certified.empty(), "none of these images has a certificate in the log to attack");
  return certified;
}

TargetOf targets_of(Certificates certificates, double factor) {
  return [shared = std::make_shared<const Certificates>(std::move(certificates)), factor](const data::Example& example, std::size_t index) {
    const Certificate& certificate = shared->by_index.at(index);
    require(certificate.label == example.label,
            fmt::format("image {} has label {} in the log, {} here: not the data of this log", index, certificate.label, example.label));
    return Target{certificate.predicted, factor * certificate.radius};
  };
}

std::vector<log::Record> refutations(const std::vector<log::Record>& rows, double factor) {
  std::vector<log::Record> refuting;
  if (factor >= 1) return refuting;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(refuting), [](const log::Record& row) { return row.success; });
  return refuting;
}

}  // namespace ballast::attack
