// SPDX-License-Identifier: Apache-2.0

#include "cifar.hpp"

#include <span>
#include <utility>
#include <vector>

#include "archive.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "content_digest.hpp"

namespace ballast::data {

namespace {

constexpr ImageShape shape{3, 32, 32};
constexpr std::size_t record_size = 1 + 3 * 32 * 32;
constexpr int classes = 10;
constexpr std::size_t largest_batch = std::size_t{1} << 28;

std::vector<std::string> batch_names(const std::string& split) {
  if (split == "test") return {"test_batch.bin"};
  return {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
}

struct Batch {
  std::string name;  // in the digest
  std::string file;  // in messages
  Bytes bytes;
};

void append(const Batch& batch, Bytes& pixels, std::vector<Label>& labels) {
  require(!batch.bytes.empty() && batch.bytes.size() % record_size == 0,
          batch.file + ": is " + std::to_string(batch.bytes.size()) + " bytes long; a CIFAR-10 file is a multiple of " +
              std::to_string(record_size) + " (a label and 3x32x32 pixels an image)");
  for (std::size_t i = 0; i < batch.bytes.size() / record_size; ++i) {
    const auto record = std::span(batch.bytes).subspan(i * record_size, record_size);
    require(record[0] < classes,
            batch.file + ": image " + std::to_string(i) + " has label " + std::to_string(record[0]) + "; CIFAR-10 has 0 to 9");
    labels.push_back(record[0]);
    pixels.insert(pixels.end(), record.begin() + 1, record.end());
  }
}

std::unique_ptr<Dataset> dataset_of(const std::vector<Batch>& batches) {
  Bytes pixels;
  std::vector<Label> labels;
  std::vector<FileDigest> digests;
  for (const Batch& batch : batches) {
    append(batch, pixels, labels);
    digests.push_back({batch.name, sha256_hex(batch.bytes)});
  }
  return std::make_unique<MemoryDataset>(shape, std::move(pixels), std::move(labels), classes, combined_digest(digests));
}

Batch read_batch(const std::filesystem::path& file) { return {file.filename().string(), file.string(), read_file(file, largest_batch)}; }

std::unique_ptr<Dataset> open_batches(const std::filesystem::path& folder, const std::string& split) {
  std::vector<Batch> batches;
  for (const std::string& name : batch_names(split)) batches.push_back(read_batch(folder / name));
  return dataset_of(batches);
}

}  // namespace

std::unique_ptr<Dataset> open_cifar_file(const std::filesystem::path& file) { return dataset_of({read_batch(file)}); }

std::unique_ptr<Dataset> open_cifar_archive(const std::filesystem::path& file, const std::string& split) {
  std::vector<Batch> batches;
  for (ArchiveMember& member :
       read_members(file, ArchiveFormat::tar_gz, batch_names(split), {0, [](auto, const auto&) { return largest_batch; }})) {
    batches.push_back({member.name, file.string() + " (" + member.name + ")", std::move(member.bytes)});
  }
  return dataset_of(batches);
}

std::unique_ptr<Dataset> try_open_cifar_folder(const std::filesystem::path& folder, const std::string& split) {
  for (const std::filesystem::path& place : {folder, folder / "cifar-10-batches-bin"}) {
    if (is_file(place / "test_batch.bin") || is_file(place / "data_batch_1.bin")) return open_batches(place, split);
  }
  const std::filesystem::path packed = folder / "cifar-10-binary.tar.gz";
  return is_file(packed) ? open_cifar_archive(packed, split) : nullptr;
}

}  // namespace ballast::data
