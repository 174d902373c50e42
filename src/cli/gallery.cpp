// SPDX-License-Identifier: Apache-2.0
//
// ballast gallery DATA --sigma 0,0.25,0.5,1 --out FILE.png

#include "ballast/report/gallery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "ballast/core/errors.hpp"
#include "ballast/core/whole_file.hpp"
#include "ballast/noise/stream.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

constexpr std::size_t most_images = 100;

struct GalleryArguments {
  DataArguments data;
  std::vector<double> sigmas{0, 0.25, 0.5, 1};
  std::string out;
  std::optional<std::uint64_t> seed;
  bool resolution = false;
};

// A PNG by another kind's name would be taken for that.
void require_png(const std::string& file) {
  std::string extension = std::filesystem::path(file).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* other : {".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".svg", ".pdf", ".pgm", ".ppm"})
    require(extension != other,
            fmt::format("--out {}: a gallery is a PNG; name it {}", file, std::filesystem::path(file).replace_extension(".png").string()));
}

void gallery(const GalleryArguments& a) {
  require_png(a.out);
  require_writable(a.out, {a.data.name});
  require_same_kind(a.out, png_beginning, "PNG");
  const auto dataset = a.data.open();
  const auto indices = run::indices(a.data.range, dataset->size());
  require(indices.size() <= most_images, fmt::format("{} images: at most {} fit a gallery (--max)", indices.size(), most_images));
  const auto kind = dataset->is_8bit() ? NoiseKind::grid : NoiseKind::gaussian;
  std::vector<report::NoiseLevel> levels;
  for (const double sigma : a.sigmas) levels.push_back({kind, sigma});
  const std::uint64_t seed = a.seed.value_or(noise::derive_seed({dataset->sha256(), "gallery"}));
  std::vector<Image> images;
  for (const std::size_t index : indices) images.push_back(dataset->at(index).image);
  const auto raster = a.resolution ? report::resolution_gallery(images.front(), levels, seed) : report::gallery(images, levels, seed);
  write_whole(a.out, report::png(raster));
  say("{}: {} x {} pixels; noise added in [0, 1] and clipped to be shown\n", a.out, raster.width, raster.height);
}

}  // namespace

void add_gallery(CLI::App& program) {
  auto& command = *program.add_subcommand("gallery", "Images under noise, as one PNG");
  auto a = std::make_shared<GalleryArguments>();
  a->data.range.max = 6;
  a->data.add_to(command);
  a->data.add_range_to(command);
  command.add_option("--sigma", a->sigmas, "standard deviations, one a column; 0 is the image itself")
      ->delimiter(',')
      ->check(at_least_0())
      ->capture_default_str();
  command.add_option("--out", a->out, "the PNG file")->required();
  command.add_option("--seed", a->seed, "of the noise (default: derived from the data)")->check(whole_number());
  command.add_flag("--resolution", a->resolution, "the first image alone, and pooled by 2 and 4: one row a resolution");
  add_examples(command, {"ballast gallery fashion-mnist --sigma 0,0.25,0.5 --out noise.png"});
  command.callback([a] { gallery(*a); });
}

}  // namespace ballast::cli
