// SPDX-License-Identifier: Apache-2.0

#include "bytes.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"

namespace ballast::data {

bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

bool is_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

Bytes read_file(const std::filesystem::path& file, std::uintmax_t limit) {
  require(is_file(file), file.string() + ": no such file");
  return read_whole_bytes(file, limit);
}

std::uintmax_t size_of_file(const std::filesystem::path& file) {
  require(is_file(file), file.string() + ": no such file");
  return InputFile(file).size();
}

std::uintmax_t packed_limit(std::uintmax_t bytes) { return bytes + bytes / 1000 + (1 << 16); }

bool is_gzip(std::span<const std::uint8_t> contents) { return contents.size() >= 2 && contents[0] == 0x1f && contents[1] == 0x8b; }

namespace {

class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) throw std::runtime_error("zlib cannot be started");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

uInt chunk(std::size_t size) { return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max() / 2)); }

}  // namespace

Bytes gunzip(std::span<const std::uint8_t> packed, std::size_t limit, const std::string& name) {
  Inflater inflater;
  z_stream& stream = inflater.stream();
  Bytes out;
  std::size_t used = 0;
  std::size_t filled = 0;
  int state = Z_OK;
  while (state != Z_STREAM_END && filled < limit) {
    if (filled == out.size()) out.resize(std::min(limit, std::max<std::size_t>(2 * out.size(), 1 << 16)));
    const uInt room = chunk(out.size() - filled);
    const uInt given = chunk(packed.size() - used);
    stream.next_in = packed.data() + used;
    stream.avail_in = given;
    stream.next_out = out.data() + filled;
    stream.avail_out = room;
    state = inflate(&stream, Z_NO_FLUSH);
    require(state == Z_OK || state == Z_STREAM_END || state == Z_BUF_ERROR, name + ": its gzip data is damaged");
    require(state != Z_BUF_ERROR, name + ": its gzip data ends early");
    used += given - stream.avail_in;
    filled += room - stream.avail_out;
  }
  require(state != Z_STREAM_END || used == packed.size(), name + ": has bytes after the end of its gzip data");
  out.resize(filled);
  return out;
}

}  // namespace ballast::data
