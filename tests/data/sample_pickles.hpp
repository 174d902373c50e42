// SPDX-License-Identifier: Apache-2.0
//
// CIFAR files for Python, put together opcode by opcode as its versions write them.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sample_files.hpp"

namespace ballast::data::testing {

enum class PickledBy { python2, protocol2, protocol3, protocol4, protocol5 };  // but for the first, by Python 3

inline constexpr PickledBy all_picklers[] = {PickledBy::python2, PickledBy::protocol2, PickledBy::protocol3, PickledBy::protocol4,
                                             PickledBy::protocol5};

inline Bytes little_endian(std::uint64_t value, std::size_t bytes) {
  Bytes result;
  for (std::size_t i = 0; i < bytes; ++i) result.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return result;
}

// What is pickled, right or wrong. Its array is `rows` x `columns` with these bytes, which are columns if `by_columns`.
struct PickledBatch {
  std::vector<std::int32_t> labels;
  Bytes bytes;
  std::uint32_t rows = 0, columns = 3072;
  std::string label_key = "labels";
  std::string type = "u1";
  bool by_columns = false;
  std::vector<std::int32_t> coarse_labels = {};  // if any, as CIFAR-100 has them
};

inline PickledBatch pickled_batch(const Bytes& labels) {
  PickledBatch batch{.labels = {labels.begin(), labels.end()}, .rows = static_cast<std::uint32_t>(labels.size())};
  for (unsigned i = 0; i < labels.size(); ++i) batch.bytes = joined({batch.bytes, pattern(3072, i)});
  return batch;
}

// The pickle of a batch: {batch_label: ..., labels: [...], data: array, filenames: [...]}.
class Pickler {
 public:
  explicit Pickler(PickledBy version) : version_(version) {}

  Bytes operator()(const PickledBatch& batch) {
    put({'}'}), keep(), put({'('});
    string("batch_label"), string("testing batch 1 of 1");
    list_of_numbers(batch.label_key, batch.labels);
    if (!batch.coarse_labels.empty()) list_of_numbers("coarse_labels", batch.coarse_labels);
    string("data"), array(batch);
    string("filenames"), file_names(batch.labels.size());
    put({'u', '.'});
    return joined({start(), out_});
  }

 private:
  bool is_framed() const { return version_ == PickledBy::protocol4 || version_ == PickledBy::protocol5; }

  Bytes start() const {
    const auto protocol = static_cast<std::uint8_t>(version_ == PickledBy::python2 ? 2 : 1 + static_cast<int>(version_));
    return is_framed() ? joined({{0x80, protocol, 0x95}, little_endian(out_.size(), 8)}) : Bytes{0x80, protocol};
  }

  void put(const Bytes& bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  // Every value goes into the memo. Python 2's C code counts from 1.
  std::uint32_t keep() {
    const std::uint32_t key = kept_++ + (version_ == PickledBy::python2 ? 1 : 0);
    if (is_framed()) put({0x94});
    else if (key < 256) put({'q', static_cast<std::uint8_t>(key)});
    else put(joined({{'r'}, little_endian(key, 4)}));
    return key;
  }

  void recall(std::uint32_t key) { put({'h', static_cast<std::uint8_t>(key)}); }

  // Text, which for Python 2 is bytes.
  void text(const std::string& word) {
    const auto size = static_cast<std::uint8_t>(word.size());
    if (version_ == PickledBy::python2) put({'U', size});
    else if (is_framed()) put({0x8c, size});
    else put(joined({{'X'}, little_endian(size, 4)}));
    put(letters(word)), keep();
  }

  void name(const std::string& module, const std::string& word) {
    if (is_framed()) text(module), text(word), put({0x93});
    else put(letters("c" + module + "\n" + word + "\n"));
    keep();
  }

  // Keys and names of files: what was loaded with encoding="bytes".
  void string(const std::string& word) { bytes(letters(word)); }

  void bytes(const Bytes& values) {
    if (version_ == PickledBy::protocol2) return encoded(values);
    const bool is_short = values.size() < 256;
    if (version_ == PickledBy::python2) put({static_cast<std::uint8_t>(is_short ? 'U' : 'T')});
    else put({static_cast<std::uint8_t>(is_short ? 'C' : 'B')});
    put(joined({little_endian(values.size(), is_short ? 1 : 4), values})), keep();
  }

  // Bytes by protocol 2, which has none: _codecs.encode(text, "latin1").
  void encoded(const Bytes& values) {
    if (encode_ == 0) name("_codecs", "encode"), encode_ = kept_ - 1;
    else recall(encode_);
    Bytes utf8;
    for (const std::uint8_t value : values) {
      if (value >= 0x80) utf8.push_back(static_cast<std::uint8_t>(0xc0 | value >> 6));
      utf8.push_back(value >= 0x80 ? static_cast<std::uint8_t>(0x80 | (value & 0x3f)) : value);
    }
    put(joined({{'X'}, little_endian(utf8.size(), 4), utf8})), keep();
    if (latin1_ == 0) text("latin1"), latin1_ = kept_ - 1;
    else recall(latin1_);
    put({0x86}), keep(), put({'R'}), keep();
  }

  void number(std::int64_t value) {
    if (value >= 0 && value < 256) put({'K', static_cast<std::uint8_t>(value)});
    else if (value >= 0 && value < 65536) put(joined({{'M'}, little_endian(static_cast<std::uint64_t>(value), 2)}));
    else put(joined({{'J'}, little_endian(static_cast<std::uint64_t>(value), 4)}));
  }

  void list_of_numbers(const std::string& key, const std::vector<std::int32_t>& values) {
    string(key), put({']'}), keep(), put({'('});
    for (const std::int32_t value : values) number(value);
    put({'e'});
  }

  void file_names(std::size_t count) {
    put({']'}), keep(), put({'('});
    for (std::size_t i = 0; i < count; ++i) string("domestic_cat_s_" + std::to_string(i) + ".png");
    put({'e'});
  }

  // NumPy 2 has another name for its core.
  std::string core() const { return version_ == PickledBy::protocol4 ? "numpy._core." : "numpy.core."; }

  void type(const std::string& code) {
    name("numpy", "dtype"), text(code);
    if (version_ == PickledBy::python2) put({'K', 0, 'K', 1});
    else put({0x89, 0x88});
    put({0x87}), keep(), put({'R'}), keep(), put({'(', 'K', 3}), text(code == "u1" || code == "i1" ? "|" : "<");
    put({'N', 'N', 'N', 'J', 0xff, 0xff, 0xff, 0xff, 'J', 0xff, 0xff, 0xff, 0xff, 'K', 0, 't'}), keep(), put({'b'});
  }

  void array(const PickledBatch& batch) {
    if (version_ == PickledBy::protocol5) return array_from_buffer(batch);
    name(core() + "multiarray", "_reconstruct"), name("numpy", "ndarray");
    put({'K', 0, 0x85}), keep(), bytes({'b'}), put({0x87}), keep(), put({'R'}), keep();
    put({'(', 'K', 1}), number(batch.rows), number(batch.columns), put({0x86}), keep();
    type(batch.type), put({static_cast<std::uint8_t>(batch.by_columns ? 0x88 : 0x89)}), bytes(batch.bytes);
    put({'t'}), keep(), put({'b'});
  }

  void array_from_buffer(const PickledBatch& batch) {
    name(core() + "numeric", "_frombuffer"), put({'('});
    put(joined({{0x96}, little_endian(batch.bytes.size(), 8), batch.bytes})), keep();
    type(batch.type), number(batch.rows), number(batch.columns), put({0x86}), keep(), text(batch.by_columns ? "F" : "C");
    put({'t'}), keep(), put({'R'}), keep();
  }

  PickledBy version_;
  Bytes out_;
  std::uint32_t kept_ = 0, encode_ = 0, latin1_ = 0;
};

inline Bytes pickled(const PickledBatch& batch, PickledBy version = PickledBy::python2) { return Pickler(version)(batch); }

// CIFAR-100's binary form: a coarse label, a fine one and pattern(3072, position) an image.
inline Bytes cifar100(const Bytes& coarse, const Bytes& fine) {
  Bytes bytes;
  for (unsigned i = 0; i < fine.size(); ++i) bytes = joined({bytes, {coarse[i], fine[i]}, pattern(3072, i)});
  return bytes;
}

inline Bytes pickled_cifar100(const Bytes& coarse, const Bytes& fine, PickledBy version = PickledBy::python2) {
  PickledBatch batch = pickled_batch(fine);
  batch.label_key = "fine_labels";
  batch.coarse_labels = {coarse.begin(), coarse.end()};
  return pickled(batch, version);
}

}  // namespace ballast::data::testing
