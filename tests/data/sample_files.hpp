// SPDX-License-Identifier: Apache-2.0
//
// Small data files of every format, made for the tests, in a folder that goes away with them.

#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/image.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image_write.h>

namespace ballast::data::testing {

using Bytes = std::vector<std::uint8_t>;

class TempFolder {
 public:
  TempFolder() {
    static std::atomic<int> count = 0;
    path_ = std::filesystem::temp_directory_path() / ("ballast_data_" + std::to_string(getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  std::filesystem::path write(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream out(path_ / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path_ / name;
  }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    return write(name, Bytes(text.begin(), text.end()));
  }

 private:
  std::filesystem::path path_;
};

// What a call refuses with; empty if it does not.
template <typename Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

inline ::testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos && text.find('\n') == std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "not one line with \"" << part << "\": \"" << text << "\"";
}

inline Bytes letters(const std::string& text) { return {text.begin(), text.end()}; }

// Bytes that differ from pixel to pixel.
inline Bytes pattern(std::size_t size, unsigned start = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>((start + 7 * i) % 251);
  return bytes;
}

inline Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

inline Bytes first_bytes(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

inline Bytes gzip(const Bytes& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  Bytes packed(deflateBound(&stream, bytes.size()) + 64);
  Bytes input = bytes;
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// IDX with the header's dimensions given, whatever the number of values.
inline Bytes idx(const std::vector<std::uint32_t>& dimensions, const Bytes& values) {
  Bytes bytes{0, 0, 8, static_cast<std::uint8_t>(dimensions.size())};
  for (const std::uint32_t side : dimensions) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(side >> shift & 255));
  }
  return joined({bytes, values});
}

// CIFAR-10 records with these labels; every image is pattern(3072, its position).
inline Bytes cifar(const Bytes& labels) {
  Bytes bytes;
  for (unsigned i = 0; i < labels.size(); ++i) bytes = joined({bytes, {labels[i]}, pattern(3072, i)});
  return bytes;
}

template <typename T>
Bytes raw(const std::vector<T>& values) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(values.data());
  return {begin, begin + values.size() * sizeof(T)};
}

// A .npy file with this text for a header.
inline Bytes npy_with_header(const std::string& dictionary, const Bytes& values, std::uint8_t version = 1) {
  Bytes bytes{0x93, 'N', 'U', 'M', 'P', 'Y', version, 0};
  bytes.push_back(static_cast<std::uint8_t>(dictionary.size() & 255));
  bytes.push_back(static_cast<std::uint8_t>(dictionary.size() >> 8));
  if (version > 1) bytes.insert(bytes.end(), 2, 0);
  return joined({bytes, Bytes(dictionary.begin(), dictionary.end()), values});
}

inline Bytes npy(const std::string& descr, const std::string& shape, const Bytes& values, std::uint8_t version = 1) {
  return npy_with_header("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n", values, version);
}

enum class Packing { zip_stored, zip_deflated, tar_gz };

using Members = std::vector<std::pair<std::string, Bytes>>;

inline Bytes archive(Packing packing, const Members& members) {
  Bytes packed((1 << 20) + [&] {
    std::size_t size = 0;
    for (const auto& member : members) size += member.second.size();
    return size;
  }());
  ::archive* writer = archive_write_new();
  if (packing == Packing::tar_gz) {
    archive_write_add_filter_gzip(writer);
    archive_write_set_format_ustar(writer);
  } else {
    archive_write_set_format_zip(writer);
    archive_write_set_options(writer, packing == Packing::zip_stored ? "zip:compression=store" : "zip:compression=deflate");
  }
  std::size_t used = 0;
  archive_write_open_memory(writer, packed.data(), packed.size(), &used);
  for (const auto& [name, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  packed.resize(used);
  return packed;
}

inline void append(void* context, void* data, int size) {
  const std::span<const std::uint8_t> written(static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size));
  for (const std::uint8_t byte : written) static_cast<Bytes*>(context)->push_back(byte);
}

// `pixels` hold one pixel's channels after another.
inline Bytes png(int width, int height, int channels, const Bytes& pixels) {
  Bytes bytes;
  stbi_write_png_to_func(append, &bytes, width, height, channels, pixels.data(), 0);
  return bytes;
}

inline Bytes jpeg(int width, int height, int channels, const Bytes& pixels) {
  Bytes bytes;
  stbi_write_jpg_to_func(append, &bytes, width, height, channels, pixels.data(), 95);
  return bytes;
}

}  // namespace ballast::data::testing
