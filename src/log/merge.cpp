// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/merge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/log/log_writer.hpp"

namespace ballast::log {
namespace {

struct Shard {
  std::uint64_t number = 0, of = 0;
};

struct Part {
  std::string file;
  std::vector<std::string> lines;  // the header first
  Log log;
  Manifest manifest;
  std::uint64_t skip = 1, rows = 0;
  std::optional<Shard> shard;
};

std::uint64_t number_from(std::string_view text, const std::string& file, std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  require(error == std::errc{} && end == text.data() + text.size() && number < UINT64_MAX / 2,
          fmt::format("{}: the manifest's {} is {}; a whole number is needed", file, name, text));
  return number;
}

std::uint64_t number_of(const Part& part, const char* name) {
  const auto number = part.manifest.number(name);
  require(number.has_value(), fmt::format("{}: the manifest has no entry '{}'", part.file, name));
  require(*number < UINT64_MAX / 2, fmt::format("{}: the manifest's {} is {}", part.file, name, *number));
  return *number;
}

std::optional<Shard> shard_of(const Part& part) {
  const auto entry = part.manifest.text("shard");
  if (!entry) return {};
  const std::string_view text = *entry;
  const auto slash = text.find('/');
  require(slash != std::string_view::npos, fmt::format("{}: the manifest's shard is {}; I/K is needed", part.file, text));
  const Shard shard{number_from(text.substr(0, slash), part.file, "shard"), number_from(text.substr(slash + 1), part.file, "shard")};
  require(shard.number >= 1 && shard.number <= shard.of, fmt::format("{}: the manifest's shard is {}", part.file, text));
  return shard;
}

Part read_part(const std::filesystem::path& file) {
  Part part;
  part.file = file.string();
  part.log = read_log(file);
  const auto beside = manifest_path(file);
  require(std::filesystem::exists(beside),
          fmt::format("{}: has no manifest {}, which says what it is a part of", part.file, beside.string()));
  part.manifest = read_manifest(beside);
  part.skip = number_of(part, "skip");
  part.rows = number_of(part, "rows");
  part.shard = shard_of(part);
  require(part.skip >= 1 && (!part.shard || part.skip % part.shard->of == 0),
          fmt::format("{}: the manifest's skip is {}", part.file, part.skip));
  require(part.log.rows.size() == part.rows,
          fmt::format("{}: has {} of {} rows; the command that makes it goes on with it", part.file, part.log.rows.size(), part.rows));
  const std::string text = read_whole(file, largest_log);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    part.lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return part;
}

// What decides, without where the part lies in the whole.
Manifest deciding(const Manifest& manifest) {
  Manifest result = manifest;
  std::erase_if(result.entries, [](const auto& entry) { return role_of(entry.name) != Role::decides; });
  return result;
}

void require_one_run(const Part& first, const Part& other) {
  require(first.lines.front() == other.lines.front(), fmt::format("{} and {} have other columns", first.file, other.file));
  for (const auto& [name, one, another] : deciding(first.manifest).differences_from(deciding(other.manifest))) {
    throw InputError(
        fmt::format("{} and {} are of different runs: {} is {} in the one, {} in the other", first.file, other.file, name, one, another));
  }
}

using Shards = std::map<std::uint64_t, std::string>;  // the file of each that is there

// What the file of a shard is called where the others' names tell of their numbers, as part1.tsv and part3.tsv do; else nothing. A number
// that stands in several places counts where it stands last: folders come before the file.
std::string likely_name(const Shards& shards, std::uint64_t number) {
  const std::string known = std::to_string(shards.begin()->first), &name = shards.begin()->second;
  for (std::size_t end = name.size() + 1; end > 0;) {
    const std::size_t place = name.rfind(known, end - 1);
    if (place == std::string::npos) break;
    end = place;
    const auto named = [&](std::uint64_t other) {
      return name.substr(0, place) + std::to_string(other) + name.substr(place + known.size());
    };
    if (std::all_of(shards.begin(), shards.end(), [&](const auto& shard) { return named(shard.first) == shard.second; }))
      return named(number);
  }
  return "";
}

// Of a million shards not all are named.
void require_all_shards(const Shards& shards, std::uint64_t of) {
  constexpr std::size_t most_named = 8;
  std::vector<std::string> missing, names;
  for (std::uint64_t number = 1; number <= of && missing.size() < most_named; ++number) {
    if (shards.contains(number)) continue;
    missing.push_back(fmt::format("{}/{}", number, of));
    if (std::string name = likely_name(shards, number); !name.empty()) names.push_back(std::move(name));
  }
  if (missing.empty()) return;
  const std::uint64_t more = of - shards.size() - missing.size();
  const bool one = missing.size() == 1;
  throw InputError(fmt::format("shard{} {}{} {} missing{}", one ? "" : "s", fmt::join(missing, ", "),
                               more > 0 ? fmt::format(" and {} more", more) : "", one ? "is" : "are",
                               names.empty() ? "" : fmt::format("; {} {} not named", fmt::join(names, ", "), one ? "was" : "were")));
}

// How many images lie between two of the whole.
std::uint64_t step_of(const std::vector<Part>& parts) {
  const Part& first = parts.front();
  Shards shards;
  for (const Part& part : parts) {
    require(
        part.skip == first.skip && part.shard.has_value() == first.shard.has_value() && (!part.shard || part.shard->of == first.shard->of),
        fmt::format("{} and {} share out the images in different ways", first.file, part.file));
    if (!part.shard) continue;
    const auto [there, is_new] = shards.emplace(part.shard->number, part.file);
    require(is_new, fmt::format("shard {}/{} is in both {} and {}", part.shard->number, part.shard->of, there->second, part.file));
  }
  if (!first.shard) return first.skip;
  require_all_shards(shards, first.shard->of);
  return first.skip / first.shard->of;
}

struct Row {
  std::uint64_t index = 0;
  const Part* part = nullptr;
  std::size_t line = 0;  // of the part
};

std::vector<Row> rows_in_order(const std::vector<Part>& parts) {
  std::vector<Row> rows;
  for (const Part& part : parts) {
    for (std::size_t i = 0; i < part.log.rows.size(); ++i) rows.push_back({part.log.rows[i].index, &part, part.log.lines[i] - 1});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.index < b.index; });
  return rows;
}

void require_no_gap(const std::vector<Row>& rows, std::uint64_t step) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const Row &before = rows[i - 1], &row = rows[i];
    require(row.index != before.index, fmt::format("image {} is in both {} and {}", row.index, before.part->file, row.part->file));
    require(row.index == before.index + step, fmt::format("image {} is missing, between {} of {} and {} of {}", before.index + step,
                                                          before.index, before.part->file, row.index, row.part->file));
  }
}

// The rows that were planned before any was seen: of shards those of all, and where one was extended when its rows had been seen, what
// others left out does not make up for it; of ranges, which may have been begun one after the other, only the first one's.
std::uint64_t first_plan_of(const std::vector<Part>& parts) {
  const auto planned = [](const Part& part) { return part.manifest.number("first_plan").value_or(part.rows); };
  const auto by_index = [](const Part& a, const Part& b) { return a.log.rows.front().index < b.log.rows.front().index; };
  if (!parts.front().shard) return planned(*std::min_element(parts.begin(), parts.end(), by_index));
  const bool extended = std::any_of(parts.begin(), parts.end(), [&](const Part& part) { return part.rows > planned(part); });
  std::uint64_t sum = 0;
  for (const Part& part : parts) sum += extended ? std::min(planned(part), part.rows) : planned(part);
  return sum;
}

// All that are not, at once.
void require_there(std::span<const std::filesystem::path> files) {
  std::vector<std::string> missing;
  for (const auto& file : files) {
    std::error_code unknown;
    if (!std::filesystem::exists(file, unknown)) missing.push_back(file.string());
  }
  require(missing.empty(), fmt::format("{}: no such file{}", fmt::join(missing, ", "), missing.size() == 1 ? "" : "s"));
}

}  // namespace

Merged merge(std::span<const std::filesystem::path> files) {
  require(!files.empty(), "no logs to merge");
  require_there(files);
  std::vector<Part> parts;
  for (const auto& file : files) {
    parts.push_back(read_part(file));
    require_one_run(parts.front(), parts.back());
  }
  const std::uint64_t step = step_of(parts);
  const std::vector<Row> rows = rows_in_order(parts);
  require(!rows.empty(), fmt::format("{}: has no rows", parts.front().file));
  require_no_gap(rows, step);
  const auto family = parts.front().manifest.number("family_wise");
  require(
      !family || rows.size() <= *family,
      fmt::format("{} and the others have {} rows, and alpha was shared among {}: merged, they would be wrong more often than alpha says",
                  parts.front().file, rows.size(), *family));
  Merged merged;
  merged.rows = rows.size();
  merged.text = parts.front().lines.front() + "\n";
  for (const Row& row : rows) merged.text += row.part->lines[row.line] + "\n";
  const std::map<std::string, std::uint64_t> whole{
      {"start", rows.front().index}, {"skip", step}, {"rows", rows.size()}, {"first_plan", first_plan_of(parts)}};
  for (const auto& entry : parts.front().manifest.entries) {
    if (entry.name == "command" || entry.name == "shard") continue;
    const auto found = whole.find(entry.name);
    merged.manifest.entries.push_back({entry.name, found == whole.end() ? entry.json : std::to_string(found->second)});
  }
  return merged;
}

}  // namespace ballast::log
