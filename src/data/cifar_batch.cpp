// SPDX-License-Identifier: Apache-2.0

#include "cifar_batch.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "pickle.hpp"
#include "pickled_array.hpp"

namespace ballast::data {

namespace {

constexpr std::size_t image_size = 3 * 32 * 32;

void add_label(std::int64_t label, const CifarLabels& kind, std::size_t index, const std::string& name, CifarImages& images) {
  if (label < 0 || label >= kind.classes) {
    throw InputError(fmt::format("{}: image {} has label {}; {} has 0 to {}", name, index, label, kind.owner, kind.classes - 1));
  }
  images.labels.push_back(static_cast<Label>(label));
}

// The text of a key, which may be written as an object where Python 3 writes bytes by protocol 2.
std::string_view key_text(const Pickle& pickle, PickleId id) {
  const PickleValue& key = pickle[id];
  if (key.kind != PickleValue::Kind::object || key.name != PickleName::encode) return key.text;
  const PickleValue& arguments = pickle[key.items[0]];
  return arguments.items.empty() ? std::string_view() : pickle[arguments.items[0]].text;
}

PickleId entry(const Pickle& pickle, std::string_view key, const std::string& name) {
  const PickleValue& dictionary = pickle[pickle.top];
  require(dictionary.kind == PickleValue::Kind::dictionary, name + ": is a pickle, but not of a dictionary");
  std::optional<PickleId> found;
  for (std::size_t i = 0; i < dictionary.items.size(); i += 2) {
    if (key_text(pickle, dictionary.items[i]) != key) continue;
    require(!found, fmt::format("{}: holds {} twice", name, key));
    found = dictionary.items[i + 1];
  }
  require(found.has_value(), fmt::format("{}: is a pickle without {}", name, key));
  return *found;
}

}  // namespace

void add_cifar_records(std::span<const std::uint8_t> contents, const CifarLabels& kind, const std::string& name, CifarImages& images) {
  const std::size_t record_size = kind.per_record + image_size;
  require(!contents.empty() && contents.size() % record_size == 0,
          fmt::format("{}: is {} bytes long; a {} file is a multiple of {} ({} and 3x32x32 pixels an image)", name, contents.size(),
                      kind.owner, record_size, kind.per_record == 1 ? "a label" : "two labels"));
  for (std::size_t i = 0; i < contents.size() / record_size; ++i) {
    const auto record = contents.subspan(i * record_size, record_size);
    add_label(record[kind.place], kind, i, name, images);
    const auto pixels = record.subspan(kind.per_record);
    images.pixels.insert(images.pixels.end(), pixels.begin(), pixels.end());
  }
}

void add_cifar_pickle(std::span<const std::uint8_t> contents, const CifarLabels& kind, const std::string& name, CifarImages& images) {
  const Pickle pickle = parse_pickle(contents, name);
  const PickleValue& labels = pickle[entry(pickle, kind.key, name)];
  require(labels.kind == PickleValue::Kind::list, fmt::format("{}: {} is no list of whole numbers", name, kind.key));
  const ByteTable table = pickled_table(pickle, entry(pickle, "data", name), name + ": data");
  require(table.columns == image_size && table.rows > 0,
          fmt::format("{}: data is {} x {}; allowed is images x {}, at least 1 image", name, table.rows, table.columns, image_size));
  require(labels.items.size() == table.rows, fmt::format("{}: holds {} images, but {} labels", name, table.rows, labels.items.size()));
  for (std::size_t i = 0; i < labels.items.size(); ++i) {
    const PickleValue& label = pickle[labels.items[i]];
    require(label.kind == PickleValue::Kind::number, fmt::format("{}: {} is no list of whole numbers", name, kind.key));
    add_label(label.number, kind, i, name, images);
  }
  images.pixels.insert(images.pixels.end(), table.bytes.begin(), table.bytes.end());
}

}  // namespace ballast::data
