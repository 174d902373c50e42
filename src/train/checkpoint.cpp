// SPDX-License-Identifier: Apache-2.0

#include "checkpoint.hpp"

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/core/whole_file.hpp"

namespace ballast::train {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view first_line = "ballast checkpoint 1\n";
constexpr std::size_t digest_size = sizeof(Digest);

std::string digest_of(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes);
  const Digest digest = sha.finish();
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

OrderedJson header_of(const Checkpoint& checkpoint) {
  OrderedJson settings = OrderedJson::array(), tensors = OrderedJson::array();
  for (const auto& [name, value] : checkpoint.settings) settings.push_back({name, value});
  for (const NamedTensor& tensor : checkpoint.tensors) tensors.push_back({tensor.name, tensor.values.size()});
  const Position& at = checkpoint.position;
  return {{"settings", settings}, {"epoch", at.epoch},   {"step", at.step},       {"loss_sum", at.loss_sum},
          {"right", at.right},    {"images", at.images}, {"seconds", at.seconds}, {"best_merit", at.best_merit},
          {"curve", at.curve},    {"tensors", tensors}};
}

Position position_of(const OrderedJson& header) {
  Position at;
  header.at("epoch").get_to(at.epoch);
  header.at("step").get_to(at.step);
  header.at("loss_sum").get_to(at.loss_sum);
  header.at("right").get_to(at.right);
  header.at("images").get_to(at.images);
  header.at("seconds").get_to(at.seconds);
  header.at("best_merit").get_to(at.best_merit);
  header.at("curve").get_to(at.curve);
  return at;
}

// bytes: between the first line and the digest.
Checkpoint parse(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  const OrderedJson header = OrderedJson::parse(bytes.substr(0, end));
  Checkpoint checkpoint;
  header.at("settings").get_to(checkpoint.settings);
  checkpoint.position = position_of(header);
  bytes.remove_prefix(end + 1);
  for (const OrderedJson& entry : header.at("tensors")) {
    const auto count = entry.at(1).get<std::size_t>();
    require(count <= bytes.size() / sizeof(float), "the tensors are cut short");
    NamedTensor tensor{entry.at(0).get<std::string>(), std::vector<float>(count)};
    std::memcpy(tensor.values.data(), bytes.data(), count * sizeof(float));
    bytes.remove_prefix(count * sizeof(float));
    checkpoint.tensors.push_back(std::move(tensor));
  }
  return checkpoint;
}

}  // namespace

void save(const Checkpoint& checkpoint, const std::filesystem::path& file) {
  std::string bytes(first_line);
  bytes += header_of(checkpoint).dump() + '\n';
  for (const NamedTensor& tensor : checkpoint.tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
  }
  bytes += digest_of(bytes);
  write_whole(file, bytes);
}

Checkpoint load_checkpoint(const std::filesystem::path& file) {
  constexpr std::uintmax_t largest_checkpoint = std::uintmax_t{1} << 33;
  const std::string bytes = read_whole(file, largest_checkpoint);
  const std::string_view all = bytes;
  const bool whole = all.starts_with(first_line) && all.size() >= first_line.size() + digest_size &&
                     digest_of(all.substr(0, all.size() - digest_size)) == all.substr(all.size() - digest_size);
  require(whole, fmt::format("{}: not a whole checkpoint of a training; remove it to begin anew", file.string()));
  return parse(all.substr(first_line.size(), all.size() - first_line.size() - digest_size));
}

}  // namespace ballast::train
