// SPDX-License-Identifier: Apache-2.0

#include "onnx_external.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"

namespace ballast::graph {
namespace {

constexpr std::uintmax_t largest_external_file = std::uintmax_t{1} << 36;

// Where a tensor's bytes lie, as the model says.
struct Place {
  std::string location;
  std::size_t offset = 0;
  std::optional<std::size_t> length;
};

std::size_t number_in(const std::string& text, const std::string& key) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc{} && end == text.data() + text.size(), fmt::format("the {} of its data is '{}': no number", key, text));
  return value;
}

Place place_of(const onnx::TensorProto& tensor) {
  Place place;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") place.location = entry.value();
    if (entry.key() == "offset") place.offset = number_in(entry.value(), "offset");
    if (entry.key() == "length") place.length = number_in(entry.value(), "length");
  }
  require(!place.location.empty(), "its data lies in another file, which is not named");
  return place;
}

bool is_below(const std::filesystem::path& file, const std::filesystem::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

// The file itself, links followed.
std::filesystem::path resolved(const std::filesystem::path& folder, const std::string& location) {
  const std::filesystem::path relative(location);
  const bool leaves = relative.is_absolute() || std::count(relative.begin(), relative.end(), "..") > 0;
  require(!leaves, fmt::format("its data lies in '{}': only files below the model's folder are read", location));
  std::error_code missing;
  const auto file = std::filesystem::canonical(folder / relative, missing);
  require(!missing, fmt::format("its data lies in '{}', which is not there beside the model", location));
  require(is_below(file, std::filesystem::canonical(folder)),
          fmt::format("its data lies in '{}', a link that leaves the model's folder: only files below it are read", location));
  return file;
}

}  // namespace

const std::string& ExternalFiles::whole(const std::string& location, LoadBudget& budget) {
  const auto known = files_.find(location);
  if (known != files_.end()) return known->second;
  require(folder_.has_value(), fmt::format("its data lies in another file, '{}', and only one file is at hand", location));
  std::string bytes = read_whole(resolved(folder_->empty() ? "." : *folder_, location), largest_external_file);
  budget.file(bytes.size());
  return files_.emplace(location, std::move(bytes)).first->second;
}

std::span<const char> ExternalFiles::bytes(const onnx::TensorProto& tensor, std::size_t count, LoadBudget& budget) {
  try {
    const Place place = place_of(tensor);
    require(!place.length || *place.length == count,
            fmt::format("{} bytes of '{}' are its data, where its shape needs {}", place.length.value_or(0), place.location, count));
    const std::string& file = whole(place.location, budget);
    require(
        place.offset <= file.size() && count <= file.size() - place.offset,
        fmt::format("its data, {} bytes from {} on, goes beyond the {} bytes of '{}'", count, place.offset, file.size(), place.location));
    return std::span(file).subspan(place.offset, count);
  } catch (const InputError& error) {
    throw InputError(fmt::format("tensor '{}': {}", tensor.name(), error.what()));
  }
}

std::string ExternalFiles::digest(const std::string& own) const {
  Sha256 hash;
  hash.add(own);
  const Digest of_model = hash.finish();
  if (files_.empty()) return to_hex(of_model);
  Sha256 all;
  all.add(of_model);
  for (const auto& [location, bytes] : files_) {
    Sha256 other;
    other.add(bytes);
    all.add(location + '\0');
    all.add(other.finish());
  }
  return to_hex(all.finish());
}

}  // namespace ballast::graph
