// SPDX-License-Identifier: Apache-2.0
//
// Logs, alone and with their manifests.

#include <algorithm>
#include <vector>

#include "ballast/log/audit.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/log/merge.hpp"
#include "ballast/log/recertify.hpp"
#include "ballast/log/source.hpp"
#include "folder.hpp"
#include "readers.hpp"

namespace ballast::fuzz {

namespace {

// Boundaries of a sequential test are computed exactly, which takes seconds for the largest that are allowed.
bool is_large_test(const log::Settings& settings) {
  constexpr std::uint64_t few = 10'000;
  const auto* named = std::get_if<procedure::NamedRadii>(&settings.method);
  return procedure::sequential(settings) && procedure::samples_of(settings) * (named ? named->radii.size() : 1) > few;
}

}  // namespace

void read_log(Bytes input) {
  static const Folder folder("log");
  const std::filesystem::path file = folder.write("log_sigma_0.25.tsv", input);
  is_read([&] { log::read_log(file); });
  is_read([&] { log::read_source(file); });
  is_read([&] { log::audit(file, {}); });
}

// A manifest, a zero byte, and the log beside it.
void read_manifest(Bytes input) {
  static const Folder folder("manifest");
  const auto end = std::find(input.begin(), input.end(), 0);
  const auto size = static_cast<std::size_t>(end - input.begin());
  const std::filesystem::path file = folder.write("log.tsv", input.subspan(std::min(size + 1, input.size())));
  folder.write("log.tsv.json", input.first(size));
  bool is_large = false;
  is_read([&] { is_large = is_large_test(log::settings_from(log::read_manifest(log::manifest_path(file)))); });
  is_read([&] { log::merge(std::vector{file}); });
  if (is_large) return;
  is_read([&] { log::audit(file, {}); });
  is_read([&] {
    const log::Source source = log::read_source(file);
    log::first_plan(source);
    const log::Settings now = log::recertified(*source.settings, {.alpha = 0.01}, source.log.rows.size());
    for (const log::Record& row : source.log.rows) is_read([&] { log::recertified(row, *source.settings, now, 1); });
  });
}

}  // namespace ballast::fuzz
