// SPDX-License-Identifier: Apache-2.0
//
// Small files that unpack to much more than they say, and files that do not end.

#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>

#include "sample_files.hpp"

namespace ballast::data::testing {

// One whole piece of a deflate stream, which may be repeated.
inline Bytes deflated_piece(const Bytes& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  Bytes packed(deflateBound(&stream, bytes.size()) + 64), input = bytes;
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FULL_FLUSH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// A deflate stream of these bytes and so many MiB of zeros behind them.
inline Bytes inflating(const Bytes& start, std::size_t mebibytes) {
  Bytes stream = deflated_piece(start);
  const Bytes piece = deflated_piece(Bytes(1 << 20));
  for (std::size_t i = 0; i < mebibytes; ++i) stream.insert(stream.end(), piece.begin(), piece.end());
  return joined({stream, {0x03, 0x00}});
}

// The same as gzip and zlib have it. The checksum at the end is none: it is not to be reached.
inline Bytes inflating_gzip(const Bytes& start, std::size_t mebibytes) {
  return joined({{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}, inflating(start, mebibytes), Bytes(8)});
}
inline Bytes inflating_zlib(const Bytes& start, std::size_t mebibytes) {
  return joined({{0x78, 0xda}, inflating(start, mebibytes), Bytes(4)});
}

// A zip archive of members that are deflate streams, with the sizes that it says they unpack to.
struct ZipMember {
  std::string name;
  Bytes stream;
  std::uint32_t size = 0;
};
inline Bytes zip(const std::vector<ZipMember>& members) {
  Bytes body, directory;
  for (const ZipMember& member : members) {
    const Bytes letters(member.name.begin(), member.name.end());
    const Bytes common = joined({raw<std::uint16_t>({20, 0, 8, 0, 0}),
                                 raw<std::uint32_t>({0, static_cast<std::uint32_t>(member.stream.size()), member.size}),
                                 raw<std::uint16_t>({static_cast<std::uint16_t>(letters.size()), 0})});
    directory = joined({directory, raw<std::uint32_t>({0x02014b50}), raw<std::uint16_t>({20}), common, raw<std::uint16_t>({0, 0, 0}),
                        raw<std::uint32_t>({0, static_cast<std::uint32_t>(body.size())}), letters});
    body = joined({body, raw<std::uint32_t>({0x04034b50}), common, letters, member.stream});
  }
  const auto count = static_cast<std::uint16_t>(members.size());
  return joined({body, directory, raw<std::uint32_t>({0x06054b50}), raw<std::uint16_t>({0, 0, count, count}),
                 raw<std::uint32_t>({static_cast<std::uint32_t>(directory.size()), static_cast<std::uint32_t>(body.size())}),
                 raw<std::uint16_t>({0})});
}

// The header of a member of a tar archive.
inline Bytes tar_header(const std::string& name, std::uint64_t size) {
  Bytes header(512);
  const auto put = [&](std::size_t at, const std::string& text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  char octal[16];
  std::snprintf(octal, sizeof octal, "%011llo", static_cast<unsigned long long>(size));
  put(0, name), put(100, "0000644"), put(108, "0000000"), put(116, "0000000"), put(124, octal), put(136, "00000000000");
  put(148, "        "), put(156, "0"), put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const std::uint8_t byte : header) sum += byte;
  std::snprintf(octal, sizeof octal, "%06o", sum);
  put(148, std::string(octal) + '\0' + ' ');
  return header;
}

inline Bytes big_endian(std::uint32_t value) {
  Bytes bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift & 255));
  return bytes;
}

inline Bytes png_chunk(const std::string& type, const Bytes& bytes) {
  const Bytes typed = joined({Bytes(type.begin(), type.end()), bytes});
  const auto checksum = static_cast<std::uint32_t>(crc32(0, typed.data(), static_cast<uInt>(typed.size())));
  return joined({big_endian(static_cast<std::uint32_t>(bytes.size())), typed, big_endian(checksum)});
}

// A PNG of 8-bit grey pixels with this zlib stream for its data.
inline Bytes png_with_data(std::uint32_t width, std::uint32_t height, const Bytes& data) {
  const Bytes header = joined({big_endian(width), big_endian(height), {8, 0, 0, 0, 0}});
  return joined({{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, png_chunk("IHDR", header), png_chunk("IDAT", data), png_chunk("IEND", {})});
}

// A file that says it has so many bytes, and has hardly any on the disk.
inline std::filesystem::path sparse(const TempFolder& folder, const std::string& name, const Bytes& start, std::uintmax_t size) {
  const std::filesystem::path file = folder.write(name, start);
  std::filesystem::resize_file(file, size);
  return file;
}

}  // namespace ballast::data::testing
