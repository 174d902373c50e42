// SPDX-License-Identifier: Apache-2.0

#include "mat_array.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::data {

static_assert(std::endian::native == std::endian::little, "values are used in the machine's own byte order");

namespace {

constexpr std::size_t header_size = 128;
constexpr std::uint32_t version5 = 0x0100;
constexpr std::uint32_t version73 = 0x0200;
constexpr std::string_view hdf5 = "\x89HDF\r\n\x1a\n";
constexpr std::size_t hdf5_place = 512;  // behind MATLAB's own header

// Types of elements that are not numbers.
constexpr std::uint32_t matrix = 14;
constexpr std::uint32_t packed_type = 15;

// Classes of variables, in the lowest byte of an array's flags.
constexpr std::uint32_t double_class = 6;  // the first that holds numbers
constexpr std::uint32_t uint8_class = 9;
constexpr std::uint32_t uint64_class = 15;  // the last that holds numbers
constexpr std::uint32_t opaque_class = 17;  // has no dimensions
constexpr std::uint32_t complex = 0x0800;

constexpr std::size_t most_mat_dimensions = 32;
constexpr std::size_t longest_name = 1024;

std::uint32_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

// Bytes a value, by the code of its type; nothing for what is not a number.
std::optional<std::size_t> width_of(std::uint32_t type) {
  switch (static_cast<MatType>(type)) {
    case MatType::i8:
    case MatType::u8: return 1;
    case MatType::i16:
    case MatType::u16: return 2;
    case MatType::i32:
    case MatType::u32:
    case MatType::f32: return 4;
    case MatType::f64:
    case MatType::i64:
    case MatType::u64: return 8;
  }
  return {};
}

// An element's bytes in order, unpacked where they are packed.
class Stream {
 public:
  Stream(std::span<const std::uint8_t> bytes, bool packed, const std::string& file) : bytes_(bytes), packed_(packed), file_(file) {
    if (packed_ && inflateInit(&inflater_) != Z_OK) throw std::runtime_error("zlib cannot be started");
  }
  ~Stream() {
    if (packed_) inflateEnd(&inflater_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Bytes take(std::size_t count) {
    Bytes taken = take_at_most(count);
    require(taken.size() == count, file_ + ": a variable ends early");
    return taken;
  }

  // Fewer only where the element ends.
  Bytes take_at_most(std::size_t count) {
    if (packed_) return unpack(count);
    const auto taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return {taken.begin(), taken.end()};
  }

 private:
  Bytes unpack(std::size_t count) {
    Bytes out;
    std::size_t filled = 0;
    while (filled < count && !ended_) {
      if (filled == out.size()) out.resize(std::min(count, std::max<std::size_t>(2 * out.size(), 1 << 16)));
      filled += unpack_into(std::span(out).subspan(filled));
    }
    out.resize(filled);
    return out;
  }

  // Fills some of `room`, which is not empty, and says how much.
  std::size_t unpack_into(std::span<std::uint8_t> room) {
    constexpr std::size_t most_at_once = std::numeric_limits<uInt>::max() / 2;
    const auto given = static_cast<uInt>(std::min(bytes_.size(), most_at_once)),
               wanted = static_cast<uInt>(std::min(room.size(), most_at_once));
    inflater_.next_in = bytes_.data();
    inflater_.avail_in = given;
    inflater_.next_out = room.data();
    inflater_.avail_out = wanted;
    const int state = inflate(&inflater_, Z_NO_FLUSH);
    require(state != Z_BUF_ERROR, file_ + ": a variable's zlib data ends early");
    require(state == Z_OK || state == Z_STREAM_END, file_ + ": a variable's zlib data is damaged");
    bytes_ = bytes_.subspan(given - inflater_.avail_in);
    ended_ = state == Z_STREAM_END;
    return wanted - inflater_.avail_out;
  }

  std::span<const std::uint8_t> bytes_;  // not taken yet
  bool packed_;
  const std::string& file_;
  z_stream inflater_{};
  bool ended_ = false;  // of packed ones
};

// What stands before an element's data. Up to 4 bytes of data may stand in the tag itself.
struct Tag {
  std::uint32_t type = 0;
  std::uint32_t size = 0;
  std::optional<Bytes> within = {};
};

Tag parse_tag(std::span<const std::uint8_t> bytes, const std::string& file) {
  const std::uint32_t first = little_endian(bytes.first(4));
  if (first >> 16 == 0) return {first, little_endian(bytes.subspan(4, 4))};
  const std::uint32_t size = first >> 16;
  require(size <= 4, file + ": is damaged: an element of " + std::to_string(size) + " bytes stands where 4 fit");
  const auto within = bytes.subspan(4, size);
  return {first & 0xffff, size, Bytes(within.begin(), within.end())};
}

Tag take_tag(Stream& stream, const std::string& file) { return parse_tag(stream.take(8), file); }

// Elements take whole groups of 8 bytes, but the last need not, and packed ones never do.
std::size_t padding(std::size_t size) { return (8 - size % 8) % 8; }

Bytes take_data(Stream& stream, Tag tag) {
  if (tag.within) return std::move(*tag.within);
  Bytes data = stream.take(tag.size);
  stream.take_at_most(padding(tag.size));
  return data;
}

// One of the elements that describe a variable.
Bytes take_description(Stream& stream, std::string_view what, std::size_t limit, const std::string& file) {
  Tag tag = take_tag(stream, file);
  require(tag.size <= limit, file + ": is damaged: a variable's " + std::string(what) + " takes " + std::to_string(tag.size) +
                                 " bytes; at most " + std::to_string(limit) + " are allowed");
  return take_data(stream, std::move(tag));
}

struct Variable {
  std::uint32_t flags = 0;
  std::vector<std::size_t> dims = {};
  std::string name = {};

  std::uint32_t of_class() const { return flags & 0xff; }
  bool is_of_numbers() const { return of_class() >= double_class && of_class() <= uint64_class; }
};

std::vector<std::size_t> parse_dims(const Bytes& bytes, const std::string& file) {
  require(bytes.size() % 4 == 0 && bytes.size() >= 8, file + ": is damaged: a variable has fewer than 2 dimensions");
  std::vector<std::size_t> dims;
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const std::uint32_t side = little_endian(std::span(bytes).subspan(i, 4));
    require(side <= std::numeric_limits<std::int32_t>::max(), file + ": is damaged: a variable has a negative size");
    dims.push_back(side);
  }
  return dims;
}

Variable take_variable(Stream& stream, const std::string& file) {
  const Bytes flags = take_description(stream, "flags", 8, file);
  require(flags.size() == 8, file + ": is damaged: a variable's flags take " + std::to_string(flags.size()) + " bytes; allowed are 8");
  Variable variable{little_endian(std::span(flags).first(4))};
  if (variable.of_class() == opaque_class) return variable;
  variable.dims = parse_dims(take_description(stream, "dimensions", 4 * most_mat_dimensions, file), file);
  const Bytes name = take_description(stream, "name", longest_name, file);
  variable.name.assign(name.begin(), name.end());
  return variable;
}

// The number of values; nothing if they cannot be an element's, whose sizes have 32 bits.
std::optional<std::uint64_t> count(const std::vector<std::size_t>& dims) {
  if (std::find(dims.begin(), dims.end(), 0U) != dims.end()) return 0;
  std::uint64_t product = 1;
  for (const std::size_t side : dims) {
    product *= side;
    if (product > std::numeric_limits<std::uint32_t>::max()) return {};
  }
  return product;
}

MatArray take_array(Stream& stream, Variable variable, const std::string& file) {
  const std::string name = file + ": " + variable.name;
  require(variable.is_of_numbers() && (variable.flags & complex) == 0, name + " is no array of real numbers");
  Tag tag = take_tag(stream, file);
  const std::optional<std::size_t> width = width_of(tag.type);
  require(width.has_value(), name + " is stored as type " + std::to_string(tag.type) + ", which is none of numbers");
  const auto values = count(variable.dims);
  require(values && *values * *width == tag.size, name + " has dimensions that ask for " +
                                                      (values ? std::to_string(*values * *width) : "too many") + " bytes, but it holds " +
                                                      std::to_string(tag.size));
  MatArray array{std::move(variable.dims), variable.of_class() == uint8_class, static_cast<MatType>(tag.type), {}};
  array.bytes = take_data(stream, std::move(tag));
  require(stream.take_at_most(1).empty(), name + " has bytes after its values");
  return array;
}

// Finds the variables asked for among all of a file's.
class Search {
 public:
  Search(std::span<const std::string> names, const std::string& file) : names_(names), file_(file), found_(names.size()) {}

  void look_at(std::uint32_t type, std::span<const std::uint8_t> data) {
    if (type != matrix && type != packed_type) return;
    Stream stream(data, type == packed_type, file_);
    if (type == packed_type && take_tag(stream, file_).type != matrix) return;
    Variable variable = take_variable(stream, file_);
    const auto name = std::find(names_.begin(), names_.end(), variable.name);
    if (name == names_.end()) return;
    auto& array = found_[static_cast<std::size_t>(name - names_.begin())];
    require(!array, file_ + ": holds " + *name + " twice");
    array = take_array(stream, std::move(variable), file_);
  }

  std::vector<MatArray> result() && {
    std::vector<MatArray> arrays;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      require(found_[i].has_value(), file_ + ": holds no variable " + names_[i]);
      arrays.push_back(std::move(*found_[i]));
    }
    return arrays;
  }

 private:
  std::span<const std::string> names_;
  const std::string& file_;
  std::vector<std::optional<MatArray>> found_;
};

template <typename T>
double value_at(const Bytes& bytes, std::size_t index) {
  T value;
  std::memcpy(&value, &bytes[index * sizeof(T)], sizeof(T));
  return static_cast<double>(value);
}

}  // namespace

std::size_t MatArray::size() const { return bytes.size() / *width_of(static_cast<std::uint32_t>(storage)); }

double MatArray::value(std::size_t index) const {
  switch (storage) {
    case MatType::i8: return value_at<std::int8_t>(bytes, index);
    case MatType::u8: return value_at<std::uint8_t>(bytes, index);
    case MatType::i16: return value_at<std::int16_t>(bytes, index);
    case MatType::u16: return value_at<std::uint16_t>(bytes, index);
    case MatType::i32: return value_at<std::int32_t>(bytes, index);
    case MatType::u32: return value_at<std::uint32_t>(bytes, index);
    case MatType::f32: return value_at<float>(bytes, index);
    case MatType::f64: return value_at<double>(bytes, index);
    case MatType::i64: return value_at<std::int64_t>(bytes, index);
    case MatType::u64: return value_at<std::uint64_t>(bytes, index);
  }
  return 0;
}

void check_mat_header(std::span<const std::uint8_t> contents, const std::string& file) {
  const auto is_hdf5_at = [&](std::size_t place) {
    return contents.size() >= place + hdf5.size() && std::memcmp(&contents[place], hdf5.data(), hdf5.size()) == 0;
  };
  const std::string allowed = "; allowed are version 5 files (in MATLAB: save -v7 or -v6)";
  require(!is_hdf5_at(0) && !is_hdf5_at(hdf5_place), file + ": is a MATLAB 7.3 (HDF5) file" + allowed);
  require(contents.size() >= header_size, file + ": is too short for a MATLAB file's header of " + std::to_string(header_size) + " bytes");
  require(contents[126] != 'M' || contents[127] != 'I', file + ": is a big-endian MATLAB file; allowed are little-endian ones");
  require(contents[126] == 'I' && contents[127] == 'M', file + ": does not begin as MATLAB files do" + allowed);
  const std::uint32_t version = little_endian(contents.subspan(124, 2));
  require(version != version73, file + ": is a MATLAB 7.3 (HDF5) file" + allowed);
  require(version == version5, file + ": is a MATLAB file of version " + std::to_string(version >> 8) + allowed);
}

std::vector<MatArray> read_mat(std::span<const std::uint8_t> contents, std::span<const std::string> names, const std::string& file) {
  check_mat_header(contents, file);
  Search search(names, file);
  for (auto rest = contents.subspan(header_size); !rest.empty();) {
    require(rest.size() >= 8, file + ": is cut short");
    const Tag tag = parse_tag(rest.first(8), file);
    rest = rest.subspan(8);
    require(tag.type != 0, file + ": is damaged: an element of no type stands among its variables");
    if (tag.within) continue;
    require(tag.size <= rest.size(), file + ": is cut short: a variable of " + std::to_string(tag.size) + " bytes has only " +
                                         std::to_string(rest.size()) + " left");
    search.look_at(tag.type, rest.first(tag.size));
    rest = rest.subspan(tag.size);
    if (tag.type != packed_type) rest = rest.subspan(std::min(rest.size(), padding(tag.size)));
  }
  return std::move(search).result();
}

}  // namespace ballast::data
