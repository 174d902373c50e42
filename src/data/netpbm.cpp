// SPDX-License-Identifier: Apache-2.0

#include "netpbm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "ballast/core/errors.hpp"
#include "image_format.hpp"

namespace ballast::data {

namespace {

constexpr int largest_value = 255;
constexpr int largest_number = 1'000'000;  // more than any that is allowed

bool is_space(std::uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
bool is_digit(std::uint8_t byte) { return byte >= '0' && byte <= '9'; }

// Decimal numbers with white space and comments between them.
class NetpbmNumbers {
 public:
  NetpbmNumbers(Contents contents, std::size_t at, const std::string& name) : contents_(contents), at_(at), name_(name) {}

  int next() {
    skip();
    require_more();
    if (!is_digit(contents_[at_])) throw InputError(name_ + ": has another thing than a number where the PGM or PPM needs one");
    int number = 0;
    for (; at_ < contents_.size() && is_digit(contents_[at_]); ++at_) number = std::min(10 * number + contents_[at_] - '0', largest_number);
    return number;
  }

  // The one white space behind the header.
  void end_header() {
    require_more();
    require(is_space(contents_[at_++]), name_ + ": has another thing than white space behind the PGM or PPM header");
  }

  bool is_at_end() {
    skip();
    return at_ == contents_.size();
  }

  std::size_t at() const { return at_; }

 private:
  void skip() {
    while (at_ < contents_.size() && (is_space(contents_[at_]) || contents_[at_] == '#')) {
      if (contents_[at_++] != '#') continue;
      while (at_ < contents_.size() && contents_[at_] != '\n' && contents_[at_] != '\r') ++at_;
    }
  }

  void require_more() const {
    if (at_ == contents_.size()) throw InputError(name_ + ": is cut short: the PGM or PPM ends early");
  }

  Contents contents_;
  std::size_t at_;
  const std::string& name_;
};

std::size_t value_count(const NetpbmHeader& header) {
  return static_cast<std::size_t>(header.channels) * static_cast<std::size_t>(header.width) * static_cast<std::size_t>(header.height);
}

Bytes plain_values(Contents contents, const NetpbmHeader& header, const std::string& name) {
  NetpbmNumbers numbers(contents, header.start, name);
  Bytes values(value_count(header));
  for (std::uint8_t& value : values) {
    const int number = numbers.next();
    if (number > largest_value) throw InputError(name + ": has a value above 255");
    value = static_cast<std::uint8_t>(number);
  }
  require(numbers.is_at_end(), name + ": holds more than its one image");
  return values;
}

}  // namespace

bool is_netpbm(Contents contents) {
  constexpr std::string_view kinds = "2356";
  return contents.size() >= 3 && contents[0] == 'P' && kinds.find(static_cast<char>(contents[1])) != std::string_view::npos &&
         (is_space(contents[2]) || contents[2] == '#');
}

NetpbmHeader netpbm_header(Contents contents, const std::string& name) {
  const std::uint8_t kind = contents[1];
  NetpbmHeader header{.is_plain = kind == '2' || kind == '3', .channels = kind == '2' || kind == '5' ? 1 : 3};
  NetpbmNumbers numbers(contents, 2, name);
  header.width = numbers.next();
  header.height = numbers.next();
  const int largest = numbers.next();
  require(largest == largest_value, fmt::format("{}: its largest value is {}; allowed is 255 (8 bits)", name, largest));
  numbers.end_header();
  header.start = numbers.at();
  return header;
}

void check_netpbm(Contents contents, const NetpbmHeader& header, const std::string& name) {
  const std::size_t needed = value_count(header), there = contents.size() - header.start;
  if (header.is_plain) return require(2 * needed <= there + 1, name + ": is cut short: it has fewer values than its header says");
  require(needed <= there, fmt::format("{}: is cut short: its header asks for {} bytes, but it holds {}", name, needed, there));
  require(needed == there, name + ": holds more than its one image");
}

Bytes netpbm_planes(Contents contents, const std::string& name) {
  const NetpbmHeader header = netpbm_header(contents, name);
  const Contents rest = contents.subspan(header.start);
  const Bytes values = header.is_plain ? plain_values(contents, header, name) : Bytes(rest.begin(), rest.end());
  const auto channels = static_cast<std::size_t>(header.channels);
  return planes_of<std::uint8_t>(values, {header.channels, header.height, header.width}, channels);
}

namespace {

ImageHeader checked_header(Contents contents, const std::string& name) {
  const NetpbmHeader header = netpbm_header(contents, name);
  const auto side = [](int length) { return static_cast<std::uint64_t>(length); };
  const ImageShape shape = checked_shape(header.channels, side(header.width), side(header.height), name);
  check_netpbm(contents, header, name);
  return {shape};
}

Image decode(Contents contents, const ImageHeader& header, const std::string& name) {
  return {.shape = header.shape, .pixels = netpbm_planes(contents, name)};
}

}  // namespace

const ImageFormat netpbm_format{is_netpbm, checked_header, decode, [](Contents) { return 1; }};

}  // namespace ballast::data
