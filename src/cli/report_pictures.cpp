// SPDX-License-Identifier: Apache-2.0

#include "report_pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/core/printable.hpp"
#include "ballast/data/image_file.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/report/gallery.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

constexpr std::size_t most_bytes = 4'000'000;  // of all pictures together
constexpr int small_side = 64;                 // pixels, up to which a picture takes little room

using Rows = std::vector<log::Record>;

// Rows of the log in the order in which one kind of reader looks for them.
template <typename Keep, typename Before>
std::vector<std::uint64_t> sorted(const Rows& rows, const Keep& keep, const Before& before) {
  std::vector<const log::Record*> kept;
  for (const log::Record& row : rows) {
    if (keep(row)) kept.push_back(&row);
  }
  std::stable_sort(kept.begin(), kept.end(), [&](const auto* a, const auto* b) { return before(*a, *b); });
  std::vector<std::uint64_t> indices;
  for (const log::Record* row : kept) indices.push_back(row->index);
  return indices;
}

// The walls of the page: it sorts rows in the same way.
std::vector<std::vector<std::uint64_t>> walls_of(const report::Source& source) {
  const auto is_right = [](const log::Record& row) { return report::is_certified(row, 0); };
  const auto less = [](const log::Record& a, const log::Record& b) { return a.radius < b.radius; };
  const auto& rows = source.log.rows;
  return {sorted(
              rows, [&](const auto& row) { return !is_right(row); }, [](const auto&, const auto&) { return false; }),
          sorted(rows, is_right, less), sorted(rows, is_right, [&](const auto& a, const auto& b) { return less(b, a); })};
}

// The first of each wall of each log, then the second of each, and so on.
std::vector<std::uint64_t> telling_images(const std::vector<report::Source>& sources, std::size_t most) {
  std::vector<std::vector<std::uint64_t>> walls;
  std::size_t longest = 0;
  for (const report::Source& source : sources) {
    for (auto& wall : walls_of(source)) longest = std::max(longest, wall.size()), walls.push_back(std::move(wall));
  }
  std::vector<std::uint64_t> images;
  for (std::size_t place = 0; place < longest; ++place) {
    for (const auto& wall : walls) {
      const bool is_new = place < wall.size() && std::find(images.begin(), images.end(), wall[place]) == images.end();
      if (is_new && images.size() < most) images.push_back(wall[place]);
    }
    if (images.size() == most) break;
  }
  return images;
}

using Writers = std::map<std::string, noise::NoisyWriter>;

Writers writers_of(const std::vector<report::Source>& sources, int channels) {
  Writers writers;
  for (const report::Source& source : sources) {
    if (!source.settings || !source.settings->noise || !traits(*source.settings->noise).law) continue;
    const double scale = source.settings->scale;
    const std::string name = fmt::format("{}", scale);
    if (!writers.contains(name)) writers.emplace(name, report::writer_of({*source.settings->noise, scale}, channels));
  }
  return writers;
}

report::ImagePictures pictures_of_one(const Image& image, std::uint64_t index, const Writers& writers) {
  const std::uint32_t copies = image.shape.width <= small_side ? 3 : 1;
  const auto shown = [](const Image& one) { return report::png(report::raster_of(one)); };
  report::ImagePictures pictures;
  pictures.channels = image.shape.channels;
  pictures.clean = shown(image);
  for (const auto& [name, writer] : writers) {
    for (std::uint32_t copy = 0; copy < copies; ++copy)
      pictures.noisy[name].push_back(shown(report::noisy_copy(image, writer, 0, static_cast<std::uint32_t>(index), copy)));
  }
  return pictures;
}

using Attacked = std::map<std::uint64_t, std::filesystem::path>;

// INDEX.png, each by its index.
Attacked attacked_in(const std::filesystem::path& folder) {
  Attacked files;
  if (folder.empty()) return files;
  require(std::filesystem::is_directory(folder), fmt::format("--attacked {}: is no folder", folder.string()));
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    const bool is_index = !name.empty() && name.size() < 10 && name.find_first_not_of("0123456789") == std::string::npos;
    if (is_index && entry.path().extension() == ".png") files[std::stoull(name)] = entry.path();
  }
  require(!files.empty(), fmt::format("--attacked {}: holds no INDEX.png, as attack --save writes them", folder.string()));
  return files;
}

void add_attacked(report::ImagePictures& pictures, const Image& image, const std::filesystem::path& file) {
  const Image attacked = data::read_image_file(file, {.gray = image.shape.channels == 1});
  require(attacked.shape == image.shape,
          fmt::format("{}: is {}, and its image {}", file.string(), to_string(attacked.shape), to_string(image.shape)));
  const std::vector<float> before = image.unit_pixels(), after = attacked.unit_pixels();
  double sum = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double difference = static_cast<double>(after[i]) - static_cast<double>(before[i]);
    sum += difference * difference;
  }
  pictures.attacked = report::png(report::raster_of(attacked));
  pictures.distance = std::sqrt(sum);
}

std::string digest_of(const report::Source& source) { return source.manifest ? source.manifest->text("data_sha256").value_or("") : ""; }

// By source: whether it is of these data. Reading all of them to tell is left out where the logs are of one data set.
std::vector<bool> sources_of(const std::vector<report::Source>& sources, const data::Dataset& dataset) {
  std::set<std::string> digests;
  for (const report::Source& source : sources) digests.insert(digest_of(source));
  digests.erase("");
  std::vector<bool> fit(sources.size(), true);
  if (digests.size() < 2) return fit;
  const std::string digest = dataset.sha256();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string own = digest_of(sources[i]);
    fit[i] = own.empty() || own == digest;
    if (!fit[i]) warn("{}: is of other data than --images, and has no pictures\n", printable(sources[i].file));
  }
  return fit;
}

// Where the classes have their own order, labels differ rightly.
void warn_of_labels(const report::Source& source, const data::Dataset& dataset,
                    const std::map<std::uint64_t, report::ImagePictures>& shown) {
  if (source.manifest && source.manifest->find("label_map")) return;
  for (const log::Record& row : source.log.rows) {
    if (!shown.contains(row.index)) continue;
    const Label label = dataset.label(row.index);
    if (label == row.label) continue;
    warn("{}: image {} has label {}, and {} in --images: are these the log's images?\n", printable(source.file), row.index, row.label,
         label);
    return;
  }
}

std::size_t bytes_of(const report::ImagePictures& pictures) {
  std::size_t bytes = pictures.clean.size() + pictures.attacked.size();
  for (const auto& [name, pngs] : pictures.noisy) {
    for (const std::string& png : pngs) bytes += png.size();
  }
  return bytes;
}

}  // namespace

void add_pictures(report::PageContent& content, const std::vector<report::Source>& all, const DataArguments& data, std::size_t most,
                  const std::filesystem::path& attacked_folder) {
  require(attacked_folder.empty() || !data.name.empty(), "--attacked: goes with --images, which it is compared with");
  if (data.name.empty()) return;
  const Attacked attacked = attacked_in(attacked_folder);
  const auto dataset = data.open();
  auto& pictures = content.pictures;
  content.pictured = sources_of(all, *dataset);
  std::vector<report::Source> sources;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (content.pictured[i]) sources.push_back(all[i]);
  }
  const Writers writers = writers_of(sources, DataArguments::shape_of(*dataset).channels);
  auto telling = telling_images(sources, most);
  std::stable_partition(telling.begin(), telling.end(), [&](std::uint64_t index) { return attacked.contains(index); });
  for (const auto& [index, file] : attacked) {
    require(index < dataset->size(), fmt::format("{}: --images has {} images", file.string(), dataset->size()));
    if (std::find(telling.begin(), telling.end(), index) == telling.end()) telling.insert(telling.begin(), index);
  }
  if (telling.size() > most) telling.resize(most);
  std::size_t bytes = 0;
  for (const std::uint64_t index : telling) {
    if (bytes > most_bytes) break;
    const Image image = dataset->at(index).image;
    report::ImagePictures& entry = pictures[index] = pictures_of_one(image, index, writers);
    if (const auto found = attacked.find(index); found != attacked.end()) add_attacked(entry, image, found->second);
    bytes += bytes_of(entry);
  }
  if (pictures.size() < telling.size()) warn("{} of {} images are shown, as they are large\n", pictures.size(), telling.size());
  for (const report::Source& source : sources) warn_of_labels(source, *dataset, pictures);
}

}  // namespace ballast::cli
