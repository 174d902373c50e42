// SPDX-License-Identifier: Apache-2.0

#include "exec.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "ballast/core/errors.hpp"
#include "npy_header.hpp"
#include "process.hpp"
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

class CommandPeer : public Peer {
 public:
  CommandPeer(const std::string& command, const Options& options, Spend spend)
      : who_(Process::short_name(command)), options_(options), spend_(std::move(spend)), process_(command) {}

  void ask(std::span<const float> images, std::span<Label> labels) override {
    spend_(labels.size());
    const ImageShape& s = options_.shape;
    const std::array<std::size_t, 4> shape{labels.size(), static_cast<std::size_t>(s.channels), static_cast<std::size_t>(s.height),
                                           static_cast<std::size_t>(s.width)};
    const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.timeout));
    process_.write(data::float_npy_header(shape), {reinterpret_cast<const std::uint8_t*>(images.data()), images.size_bytes()}, deadline);
    if (process_.peek(deadline) == npy_begins_with) read_array(labels, deadline);
    else read_line(labels, deadline);
    if (process_.has_more()) throw std::runtime_error(fmt::format("{} answered more than it was asked", who_));
  }

 private:
  void read_line(std::span<Label> labels, Clock::time_point deadline) {
    constexpr std::size_t digits = 24;
    const std::string line = process_.take_line(digits * (labels.size() + 1), deadline);
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
      if (count < labels.size()) labels[count] = label_of_number(number, *options_.classes, who_);
    }
    if (count != labels.size()) throw std::runtime_error(fmt::format("{} answered {} labels for {} images", who_, count, labels.size()));
  }

  data::NpyArray take_array(Clock::time_point deadline) {
    constexpr std::size_t to_length = 8;  // magic and version
    std::vector<std::uint8_t> bytes = process_.take(to_length, deadline);
    const auto more = [&](std::size_t count) {
      const auto next = process_.take(count, deadline);
      bytes.insert(bytes.end(), next.begin(), next.end());
    };
    const std::size_t width = bytes[6] == 1 ? 2 : 4;
    more(width);
    std::size_t header = 0;
    std::memcpy(&header, bytes.data() + to_length, width);
    constexpr std::size_t longest_header = 1 << 16;
    if (header > longest_header) throw std::runtime_error(who_ + " answered an .npy file with too long a header");
    more(header);
    const data::NpyHeader parsed = data::parse_npy_header(bytes, who_);
    const std::size_t size = data::npy_bytes(parsed.shape, parsed.type, who_);
    constexpr std::size_t largest_reply = std::size_t{1} << 30;
    if (size > largest_reply) throw std::runtime_error(who_ + " answered an .npy file of over a GiB");
    more(size);
    return data::parse_npy(std::move(bytes), who_);
  }

  void read_array(std::span<Label> labels, Clock::time_point deadline) {
    data::NpyArray array;
    try {
      array = take_array(deadline);
    } catch (const InputError& error) {
      throw std::runtime_error(error.what());  // the command's, not the user's
    }
    const auto classes = static_cast<std::size_t>(*options_.classes);
    const bool floats = array.type == data::NpyType::f32 || array.type == data::NpyType::f64;
    if (floats && array.shape == std::vector<std::size_t>{labels.size(), classes}) {
      labels_of_scores([&](std::size_t i) { return element<double>(array, i); }, *options_.classes, labels);
    } else if (!floats && array.shape == std::vector<std::size_t>{labels.size()}) {
      for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = label_of_number(element<long long>(array, i), *options_.classes, who_);
    } else {
      throw std::runtime_error(fmt::format(
          "{} answered {} images by an array of another shape or type; allowed are {} labels (integers) or {} x {} scores (floats)", who_,
          labels.size(), labels.size(), labels.size(), classes));
    }
  }

  std::string who_;
  const Options& options_;
  Spend spend_;
  Process process_;
};

class Commands : public Peers {
 public:
  Commands(std::string command, const Options& options) : command_(std::move(command)), options_(options) {
    require(!command_.empty(), "exec: names no command");
    require(options.classes.has_value(), "exec: --classes is required: how many classes the command tells apart");
  }

  std::unique_ptr<Peer> another(const Spend& spend) const override { return std::make_unique<CommandPeer>(command_, options_, spend); }
  int classes() const override { return *options_.classes; }
  Layout layout() const override { return {options_.shape.size() / static_cast<std::size_t>(options_.shape.channels), 1}; }
  std::string name() const override { return "exec"; }
  std::string description() const override { return fmt::format("exec:{}\nclasses {}", command_, *options_.classes); }

 private:
  std::string command_;
  Options options_;
};

}  // namespace

std::unique_ptr<Peers> commands(const std::string& command, const Options& options) { return std::make_unique<Commands>(command, options); }

}  // namespace ballast::remote
