// SPDX-License-Identifier: Apache-2.0

#include "answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "npy_header.hpp"
#include "replies.hpp"

namespace ballast::remote {
namespace {

static_assert(std::endian::native == std::endian::little, ".npy files are little-endian");

constexpr std::uint8_t npy_begins_with = 0x93;

// Element i of an array, as another type.
template <typename To>
To element(const data::NpyArray& array, std::size_t i) {
  const auto as = [&]<typename Stored>(Stored stored) {
    std::memcpy(&stored, array.bytes.data() + i * sizeof(Stored), sizeof(Stored));
    return static_cast<To>(stored);
  };
  switch (array.type) {
    case data::NpyType::u8: return as(std::uint8_t{});
    case data::NpyType::u16: return as(std::uint16_t{});
    case data::NpyType::u32: return as(std::uint32_t{});
    case data::NpyType::u64: return as(std::uint64_t{});
    case data::NpyType::i8: return as(std::int8_t{});
    case data::NpyType::i16: return as(std::int16_t{});
    case data::NpyType::i32: return as(std::int32_t{});
    case data::NpyType::i64: return as(std::int64_t{});
    case data::NpyType::f32: return as(float{});
    case data::NpyType::f64: return as(double{});
  }
  throw std::logic_error("no such element type");
}

// Of a file that comes piece by piece; take(n): its next n bytes.
template <class Take>
data::NpyArray npy_array(const Take& take, const std::string& who) {
  constexpr std::size_t to_length = 8;  // magic and version
  std::vector<std::uint8_t> bytes = take(to_length);
  const auto more = [&](std::size_t count) {
    const auto next = take(count);
    bytes.insert(bytes.end(), next.begin(), next.end());
  };
  const std::size_t width = bytes[6] == 1 ? 2 : 4;
  more(width);
  std::size_t header = 0;
  std::memcpy(&header, bytes.data() + to_length, width);
  constexpr std::size_t longest_header = 1 << 16;
  if (header > longest_header) throw std::runtime_error(who + " answered an .npy file with too long a header");
  more(header);
  const data::NpyHeader parsed = data::parse_npy_header(bytes, who);
  const std::size_t size = data::npy_bytes(parsed.shape, parsed.type, who);
  constexpr std::size_t largest_reply = std::size_t{1} << 30;
  if (size > largest_reply) throw std::runtime_error(who + " answered an .npy file of over a GiB");
  more(size);
  return data::parse_npy(std::move(bytes), who);
}

}  // namespace

void Answers::read_labels(std::span<Label> labels, int classes, Clock::time_point deadline) {
  wait_for(1, deadline);
  if (output_.front() == npy_begins_with) read_array(labels, classes, deadline);
  else read_line(labels, classes, deadline);
  if (!output_.empty()) throw std::runtime_error(fmt::format("{} answered more than it was asked", who_));
}

void Answers::read_line(std::span<Label> labels, int classes, Clock::time_point deadline) {
  constexpr std::size_t digits = 24;
  const std::string line = take_line(digits * (labels.size() + 1), deadline);
  std::string_view rest = line;
  std::size_t count = 0;
  for (;; ++count) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r"), rest.size()));
    if (rest.empty()) break;
    long long number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const bool whole = error == std::errc{} && (end == rest.data() + rest.size() || *end == ' ' || *end == '\t' || *end == '\r');
    if (!whole)
      throw std::runtime_error(fmt::format("{} answered '{}'; whole numbers are needed, a label an image", who_, rest.substr(0, 40)));
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (count < labels.size()) labels[count] = label_of_number(number, classes, who_);
  }
  if (count != labels.size()) throw std::runtime_error(fmt::format("{} answered {} labels for {} images", who_, count, labels.size()));
}

void Answers::read_array(std::span<Label> labels, int classes, Clock::time_point deadline) {
  data::NpyArray array;
  try {
    array = npy_array([&](std::size_t count) { return take(count, deadline); }, who_);
  } catch (const InputError& error) {
    throw std::runtime_error(error.what());  // the command's, not the user's
  }
  const bool floats = array.type == data::NpyType::f32 || array.type == data::NpyType::f64;
  if (floats && array.shape == std::vector<std::size_t>{labels.size(), static_cast<std::size_t>(classes)}) {
    labels_of_scores([&](std::size_t i) { return element<double>(array, i); }, classes, labels);
  } else if (!floats && array.shape == std::vector<std::size_t>{labels.size()}) {
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = label_of_number(element<long long>(array, i), classes, who_);
  } else {
    throw std::runtime_error(fmt::format(
        "{} answered {} images by an array of another shape or type; allowed are {} labels (integers) or {} x {} scores (floats)", who_,
        labels.size(), labels.size(), labels.size(), classes));
  }
}

void Answers::wait_for(std::size_t count, Clock::time_point deadline) {
  while (output_.size() < count) wait_for_more(deadline);
}

std::vector<std::uint8_t> Answers::take(std::size_t count, Clock::time_point deadline) {
  wait_for(count, deadline);
  const auto end = output_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<std::uint8_t> taken(output_.begin(), end);
  output_.erase(output_.begin(), end);
  return taken;
}

std::string Answers::take_line(std::size_t longest, Clock::time_point deadline) {
  for (std::size_t looked_at = 0;;) {
    const auto end = std::find(output_.begin() + static_cast<std::ptrdiff_t>(looked_at), output_.end(), '\n');
    if (end != output_.end()) {
      const std::string line(output_.begin(), end);
      output_.erase(output_.begin(), end + 1);
      return line;
    }
    looked_at = output_.size();
    if (looked_at > longest) throw std::runtime_error(fmt::format("{} answered a line that does not end", who_));
    wait_for(looked_at + 1, deadline);
  }
}

}  // namespace ballast::remote
