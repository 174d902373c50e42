// SPDX-License-Identifier: Apache-2.0

#include "npy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "ballast/core/errors.hpp"

namespace ballast::data {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t longest_header = 1 << 16;
constexpr std::size_t most_npy_dimensions = 32;
constexpr std::size_t most_bytes = std::size_t{1} << 48;

struct TypeName {
  std::string_view text;
  NpyType type;
};
constexpr std::array<TypeName, 10> types{{{"u1", NpyType::u8},
                                          {"u2", NpyType::u16},
                                          {"u4", NpyType::u32},
                                          {"u8", NpyType::u64},
                                          {"i1", NpyType::i8},
                                          {"i2", NpyType::i16},
                                          {"i4", NpyType::i32},
                                          {"i8", NpyType::i64},
                                          {"f4", NpyType::f32},
                                          {"f8", NpyType::f64}}};

// Reads the dictionary from left to right; every failure names the file.
class DictionaryReader {
 public:
  DictionaryReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  bool take(char wanted) {
    skip_spaces();
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) { require(take(wanted), broken()); }

  std::string_view quoted() {
    const char quote = take('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const std::size_t end = text_.find(quote);
    require(end != std::string_view::npos, broken());
    const std::string_view word = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return word;
  }

  bool boolean() {
    skip_spaces();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return value;
    }
    throw InputError(broken());
  }

  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> numbers;
    expect('(');
    while (!take(')')) {
      numbers.push_back(number());
      require(numbers.size() <= most_npy_dimensions, name_ + ": has more than " + std::to_string(most_npy_dimensions) + " dimensions");
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return numbers;
  }

  std::string broken() const { return name_ + ": its .npy header is not a dictionary of descr, fortran_order and shape"; }

 private:
  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }

  std::size_t number() {
    skip_spaces();
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    require(error == std::errc(), broken());
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }

  std::string_view text_;
  const std::string& name_;
};

// Other names may hold anything, so they are shown without the characters that would break the line.
std::string shown_type(std::string_view text) {
  std::string shown(text.substr(0, 40));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

NpyType type_of(std::string_view descr, const std::string& name) {
  require(!descr.starts_with('>'), name + ": element type " + shown_type(descr) + " is big-endian; allowed is little-endian");
  const std::string_view plain = descr.substr(!descr.empty() && (descr[0] == '<' || descr[0] == '|') ? 1 : 0);
  const auto known = std::find_if(types.begin(), types.end(), [&](const TypeName& type) { return type.text == plain; });
  require(known != types.end(),
          name + ": element type " + shown_type(descr) + " is not supported; allowed are integers of 8 to 64 bits, float32 and float64");
  return known->type;
}

NpyHeader parse_dictionary(std::string_view text, const std::string& name) {
  DictionaryReader reader(text, name);
  std::optional<NpyType> type;
  std::optional<std::vector<std::size_t>> shape;
  std::optional<bool> fortran_order;
  reader.expect('{');
  while (!reader.take('}')) {
    const std::string_view key = reader.quoted();
    reader.expect(':');
    if (key == "descr") {
      type = type_of(reader.quoted(), name);
    } else if (key == "fortran_order") {
      fortran_order = reader.boolean();
    } else if (key == "shape") {
      shape = reader.tuple();
    } else {
      throw InputError(reader.broken());
    }
    if (!reader.take(',')) {
      reader.expect('}');
      break;
    }
  }
  require(type && shape && fortran_order, reader.broken());
  require(!*fortran_order, name + ": is in Fortran order; allowed is C order (numpy.ascontiguousarray)");
  return {*shape, *type, 0};
}

}  // namespace

std::size_t size_of(NpyType type) {
  switch (type) {
    case NpyType::u8:
    case NpyType::i8: return 1;
    case NpyType::u16:
    case NpyType::i16: return 2;
    case NpyType::u32:
    case NpyType::i32:
    case NpyType::f32: return 4;
    case NpyType::u64:
    case NpyType::i64:
    case NpyType::f64: return 8;
  }
  return 0;
}

NpyHeader parse_npy_header(std::span<const std::uint8_t> contents, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(contents.data()), contents.size());
  require(text.starts_with(magic), name + ": is not a .npy file");
  require(text.size() >= 12, name + ": ends inside its .npy header");
  const int version = contents[6];
  require(version >= 1 && version <= 3, name + ": has .npy version " + std::to_string(version) + "; allowed are 1 to 3");
  std::size_t length = contents[8] | static_cast<std::size_t>(contents[9]) << 8;
  if (version > 1) length |= static_cast<std::size_t>(contents[10]) << 16 | static_cast<std::size_t>(contents[11]) << 24;
  const std::size_t begin = version == 1 ? 10 : 12;
  require(length <= longest_header,
          name + ": has a .npy header of " + std::to_string(length) + " bytes; allowed are " + std::to_string(longest_header));
  require(length <= text.size() - begin, name + ": ends inside its .npy header");
  NpyHeader header = parse_dictionary(text.substr(begin, length), name);
  header.size = begin + length;
  return header;
}

std::string float_npy_header(std::span<const std::size_t> shape) {
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  text += shape.size() == 1 ? ",), }" : "), }";  // as NumPy writes a tuple
  const std::size_t begin = magic.size() + 4;
  text.append(63 - (begin + text.size()) % 64, ' ');
  text += '\n';
  return std::string(magic) + '\x01' + '\0' + static_cast<char>(text.size() & 255) + static_cast<char>(text.size() >> 8) + text;
}

std::size_t npy_bytes(std::span<const std::size_t> shape, NpyType type, const std::string& name) {
  std::size_t bytes = size_of(type);
  if (std::find(shape.begin(), shape.end(), 0U) != shape.end()) return 0;
  for (const std::size_t side : shape) {
    require(side <= most_bytes / bytes, name + ": its shape asks for more than 2^48 bytes");
    bytes *= side;
  }
  return bytes;
}

}  // namespace ballast::data
