// SPDX-License-Identifier: Apache-2.0

#include "idx.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/data/image_file.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "bytes.hpp"
#include "content_digest.hpp"

namespace ballast::data {

namespace {

constexpr std::size_t data_start = 1 << 16;      // more than gzip's own header and ours take
constexpr std::uint32_t magic_of_bytes = 0x800;  // plus the number of dimensions

struct IdxNames {
  const char* images;
  const char* labels;
};
constexpr std::array<IdxNames, 2> file_names{{{"images-idx3", "labels-idx1"}, {"images.idx3", "labels.idx1"}}};

std::uint32_t big_endian(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

// An IDX file of bytes: its dimensions and everything in it, header included.
struct IdxFile {
  std::vector<std::uint32_t> dimensions;
  Bytes contents;
  bool is_packed = false;

  std::size_t header_size() const { return 4 + 4 * dimensions.size(); }
  Bytes values() && {
    contents.erase(contents.begin(), contents.begin() + static_cast<std::ptrdiff_t>(header_size()));
    return std::move(contents);
  }
};

std::vector<std::uint32_t> parse_header(const Bytes& head, std::size_t dimensions, const std::string& name) {
  require(head.size() == 4 + 4 * dimensions, name + ": is too short for an IDX header of " + std::to_string(4 + 4 * dimensions) + " bytes");
  const std::uint32_t magic = magic_of_bytes + static_cast<std::uint32_t>(dimensions);
  require(big_endian(head, 0) == magic,
          name + ": does not begin with the IDX number " + std::to_string(magic) + " but with " + std::to_string(big_endian(head, 0)));
  std::vector<std::uint32_t> sizes;
  for (std::size_t i = 0; i < dimensions; ++i) sizes.push_back(big_endian(head, 4 + 4 * i));
  require(sizes[0] > 0, name + ": holds no images; at least 1 is needed");
  for (std::size_t i = 1; i < dimensions; ++i) {
    require(sizes[i] > 0 && sizes[i] <= largest_side,
            name + ": has images with a side of " + std::to_string(sizes[i]) + "; allowed are 1 to " + std::to_string(largest_side));
  }
  return sizes;
}

Bytes first_bytes(const Bytes& raw, std::size_t count, const std::string& name) {
  if (is_gzip(raw)) return gunzip(raw, count, name);
  return {raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(std::min(count, raw.size()))};
}

// Reads the header alone.
IdxFile read_idx_header(const std::filesystem::path& file, std::size_t dimensions) {
  const std::string name = file.string();
  require(is_file(file), name + ": no such file");
  const Bytes start = read_start(file, data_start);
  return {parse_header(first_bytes(start, 4 + 4 * dimensions, name), dimensions, name), {}, is_gzip(start)};
}

// Reads the rest, which must be as long as the header says.
void read_idx_contents(const std::filesystem::path& file, IdxFile& idx) {
  const std::string name = file.string();
  const std::uint64_t values = std::accumulate(idx.dimensions.begin(), idx.dimensions.end(), std::uint64_t{1}, std::multiplies<>());
  const std::uint64_t expected = idx.header_size() + values;
  const auto require_size = [&](std::uint64_t size) {
    require(size == expected, name + ": its header asks for " + std::to_string(expected) + " bytes, but it holds " +
                                  (size > expected ? "more" : std::to_string(size)));
  };
  if (!idx.is_packed) require_size(size_of_file(file));
  idx.contents = read_file(file, idx.is_packed ? packed_limit(expected) : expected);
  if (idx.is_packed) idx.contents = gunzip(idx.contents, expected + 1, name);
  require_size(idx.contents.size());
}

std::filesystem::path without_gz(const std::filesystem::path& file) {
  return file.extension() == ".gz" ? file.parent_path() / file.stem() : file;
}

// The file, or the same packed, whichever is there.
std::optional<std::filesystem::path> plain_or_packed(const std::filesystem::path& plain) {
  const std::filesystem::path packed = plain.string() + ".gz";
  if (is_file(plain)) return plain;
  if (is_file(packed)) return packed;
  return {};
}

std::filesystem::path find_labels(const std::filesystem::path& images_file) {
  std::string name = without_gz(images_file).filename().string();
  for (const IdxNames& names : file_names) {
    const std::size_t at = name.rfind(names.images);
    if (at == std::string::npos) continue;
    name.replace(at, std::string(names.images).size(), names.labels);
    const std::filesystem::path labels = images_file.parent_path() / name;
    if (const auto found = plain_or_packed(labels)) return *found;
    throw InputError(images_file.string() + ": its labels are missing: no " + labels.string() + " or " + name + ".gz");
  }
  throw InputError(images_file.string() + ": the name has no images-idx3 to replace by labels-idx1, so its labels cannot be found");
}

FileDigest digest(const std::filesystem::path& file, const Bytes& contents) {
  return {without_gz(file).filename().string(), sha256_hex(contents)};
}

}  // namespace

bool is_idx_images_name(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return std::any_of(file_names.begin(), file_names.end(),
                     [&](const IdxNames& names) { return name.find(names.images) != std::string::npos; });
}

std::optional<std::filesystem::path> find_idx_images(const std::filesystem::path& folder, const std::string& split) {
  for (const IdxNames& names : file_names) {
    const std::string name = std::string(split == "test" ? "t10k-" : "train-") + names.images + "-ubyte";
    if (const auto found = plain_or_packed(folder / name)) return found;
  }
  return {};
}

std::unique_ptr<Dataset> open_idx(const std::filesystem::path& images_file) {
  const std::filesystem::path labels_file = find_labels(images_file);
  IdxFile images = read_idx_header(images_file, 3);
  read_idx_contents(images_file, images);
  IdxFile labels = read_idx_header(labels_file, 1);
  const std::vector<std::uint32_t> sizes = images.dimensions;
  require(sizes[0] == labels.dimensions[0], images_file.string() + ": holds " + std::to_string(sizes[0]) + " images, but " +
                                                labels_file.string() + " holds " + std::to_string(labels.dimensions[0]) + " labels");
  read_idx_contents(labels_file, labels);
  const std::array<FileDigest, 2> digests{digest(images_file, images.contents), digest(labels_file, labels.contents)};
  const Bytes label_bytes = std::move(labels).values();
  const ImageShape shape{1, static_cast<int>(sizes[1]), static_cast<int>(sizes[2])};
  return std::make_unique<MemoryDataset>(shape, std::move(images).values(), std::vector<Label>(label_bytes.begin(), label_bytes.end()), 0,
                                         combined_digest(digests));
}

}  // namespace ballast::data
