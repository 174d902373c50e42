// SPDX-License-Identifier: Apache-2.0

#include "cifar.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "archive.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"
#include "cifar_batch.hpp"
#include "content_digest.hpp"

namespace ballast::data {

namespace {

constexpr ImageShape shape{3, 32, 32};
constexpr std::size_t largest_batch = std::size_t{1} << 28;

// A set as it is offered.
struct Form {
  std::string name;  // of the set
  std::string folder, packed;
  bool is_pickled;
  std::vector<std::string> test, train;  // the files

  const std::vector<std::string>& files(const std::string& split) const { return split == "test" ? test : train; }
  bool has(const std::string& file) const {
    const auto is_it = [&](const std::string& name_there) { return name_there == file; };
    return std::any_of(test.begin(), test.end(), is_it) || std::any_of(train.begin(), train.end(), is_it);
  }
};

const std::array<Form, 4>& forms() {
  static const std::array<Form, 4> all{
      {{"cifar10",
        "cifar-10-batches-bin",
        "cifar-10-binary.tar.gz",
        false,
        {"test_batch.bin"},
        {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}},
       {"cifar10",
        "cifar-10-batches-py",
        "cifar-10-python.tar.gz",
        true,
        {"test_batch"},
        {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"}},
       {"cifar100", "cifar-100-binary", "cifar-100-binary.tar.gz", false, {"test.bin"}, {"train.bin"}},
       {"cifar100", "cifar-100-python", "cifar-100-python.tar.gz", true, {"test"}, {"train"}}}};
  return all;
}

// The form that such a file is of.
const Form& form_of(const std::string& file) {
  const auto found = std::find_if(forms().begin(), forms().end(), [&](const Form& form) { return form.has(file); });
  return found == forms().end() ? forms().front() : *found;
}

struct Batch {
  std::string name;  // in the digest
  std::string file;  // in messages
  Bytes bytes;
};

CifarLabels labels_of(const Form& form, bool coarse, const std::string& file) {
  if (form.name == "cifar100") return coarse ? cifar100_coarse_labels : cifar100_fine_labels;
  require(!coarse, file + ": has no coarse labels; CIFAR-100 alone has");
  return cifar10_labels;
}

std::unique_ptr<Dataset> dataset_of(const Form& form, const std::vector<Batch>& batches, const CifarOptions& options) {
  const CifarLabels kind = labels_of(form, options.coarse_labels, batches.front().file);
  CifarImages images;
  std::vector<FileDigest> digests;
  for (const Batch& batch : batches) {
    (form.is_pickled ? add_cifar_pickle : add_cifar_records)(batch.bytes, kind, batch.file, images);
    digests.push_back({batch.name, sha256_hex(batch.bytes)});
  }
  return std::make_unique<MemoryDataset>(shape, std::move(images.pixels), std::move(images.labels), kind.classes, combined_digest(digests));
}

Batch read_batch(const std::filesystem::path& file) { return {file.filename().string(), file.string(), read_file(file, largest_batch)}; }

std::unique_ptr<Dataset> open_batches(const Form& form, const std::filesystem::path& folder, const CifarOptions& options) {
  std::vector<Batch> batches;
  for (const std::string& name : form.files(options.split)) batches.push_back(read_batch(folder / name));
  return dataset_of(form, batches, options);
}

bool holds_batches(const Form& form, const std::filesystem::path& folder) {
  return is_file(folder / form.test.front()) || is_file(folder / form.train.front());
}

// Where the batches of a form lie: a folder, or the archive.
struct Place {
  const Form* form;
  std::filesystem::path path;
  bool is_packed = false;
};

std::unique_ptr<Dataset> open_at(const Place& place, const CifarOptions& options) {
  return place.is_packed ? open_cifar_archive(place.path, options) : open_batches(*place.form, place.path, options);
}

// Unpacked ones first.
std::vector<Place> places_below(const std::filesystem::path& folder) {
  std::vector<Place> places;
  for (const Form& form : forms()) {
    if (holds_batches(form, folder / form.folder)) places.push_back({&form, folder / form.folder});
  }
  for (const Form& form : forms()) {
    if (is_file(folder / form.packed)) places.push_back({&form, folder / form.packed, true});
  }
  return places;
}

}  // namespace

bool is_cifar_name(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(".bin") || form_of(name).has(name);
}

std::unique_ptr<Dataset> open_cifar_file(const std::filesystem::path& file, const CifarOptions& options) {
  return dataset_of(form_of(file.filename().string()), {read_batch(file)}, options);
}

std::unique_ptr<Dataset> open_cifar_archive(const std::filesystem::path& file, const CifarOptions& options) {
  std::vector<std::string> names;
  for (const Form& form : forms()) names.insert(names.end(), form.files(options.split).begin(), form.files(options.split).end());
  std::vector<ArchiveMember> members =
      read_members_there(file, ArchiveFormat::tar_gz, names, {0, [](auto, const auto&) { return largest_batch; }});
  require(!members.empty(),
          file.string() + ": holds no " + names.front() + ", nor another file of CIFAR-10 or CIFAR-100 for the split " + options.split);
  const Form& form = form_of(members.front().name);
  std::vector<Batch> batches;
  for (const std::string& name : form.files(options.split)) {
    const auto member = std::find_if(members.begin(), members.end(), [&](const ArchiveMember& one) { return one.name == name; });
    require(member != members.end(), file.string() + ": holds no " + name);
    batches.push_back({name, file.string() + " (" + name + ")", std::move(member->bytes)});
  }
  return dataset_of(form, batches, options);
}

std::unique_ptr<Dataset> try_open_cifar_folder(const std::filesystem::path& folder, const CifarOptions& options) {
  for (const Form& form : forms()) {
    if (holds_batches(form, folder)) return open_batches(form, folder, options);
  }
  const std::vector<Place> places = places_below(folder);
  if (places.empty()) return nullptr;
  const bool is_one =
      std::all_of(places.begin(), places.end(), [&](const Place& place) { return place.form->name == places[0].form->name; });
  require(is_one, folder.string() + ": holds CIFAR-10 and CIFAR-100; name the one that is meant (cifar10 or cifar100 with --data-dir)");
  return open_at(places.front(), options);
}

std::unique_ptr<Dataset> try_open_named_cifar(const std::filesystem::path& folder, const std::string& name, const CifarOptions& options) {
  for (const Place& place : places_below(folder)) {
    if (place.form->name == name) return open_at(place, options);
  }
  for (const Form& form : forms()) {
    if (form.name == name && holds_batches(form, folder)) return open_batches(form, folder, options);
  }
  return nullptr;
}

}  // namespace ballast::data
