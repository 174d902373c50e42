// SPDX-License-Identifier: Apache-2.0

#include "archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>

#include "ballast/core/errors.hpp"

namespace ballast::data {

namespace {

struct FreeArchive {
  void operator()(::archive* reader) const { archive_read_free(reader); }
};

using Reader = std::unique_ptr<::archive, FreeArchive>;

[[noreturn]] void refuse(const std::filesystem::path& file, ::archive* reader) {
  const char* text = archive_error_string(reader);
  std::string reason = text != nullptr ? text : "damaged";
  reason.resize(std::min(reason.find('\n'), reason.size()));  // some end their line
  throw InputError(file.string() + ": is not a whole archive: " + reason);
}

Reader open_archive(const std::filesystem::path& file, ArchiveFormat format) {
  require(is_file(file), file.string() + ": no such file");
  Reader reader(archive_read_new());
  if (reader == nullptr) throw std::runtime_error("libarchive cannot be started");
  switch (format) {
    case ArchiveFormat::tar_gz:
      archive_read_support_filter_gzip(reader.get());
      archive_read_support_format_tar(reader.get());
      break;
    case ArchiveFormat::zip:
      archive_read_support_format_zip_seekable(reader.get());  // the streaming reader would take archives cut short
      break;
  }
  if (archive_read_open_filename(reader.get(), file.c_str(), 1 << 16) < ARCHIVE_WARN) refuse(file, reader.get());
  return reader;
}

// The next member's header, or null at the end.
archive_entry* next_member(::archive* reader, const std::filesystem::path& file) {
  archive_entry* entry = nullptr;
  const int state = archive_read_next_header(reader, &entry);
  if (state == ARCHIVE_EOF) return nullptr;
  if (state < ARCHIVE_WARN) refuse(file, reader);
  return entry;
}

Bytes read_member(::archive* reader, const std::filesystem::path& file, const std::string& name, std::size_t limit) {
  Bytes bytes;
  std::array<std::uint8_t, 1 << 16> block;
  while (true) {
    const la_ssize_t count = archive_read_data(reader, block.data(), block.size());
    if (count < 0) refuse(file, reader);
    if (count == 0) return bytes;
    bytes.insert(bytes.end(), block.begin(), block.begin() + count);
    require(bytes.size() <= limit, file.string() + ": " + name + " holds more than the allowed " + std::to_string(limit) + " bytes");
  }
}

std::string base_name(archive_entry* entry) {
  const char* path = archive_entry_pathname(entry);
  return path != nullptr ? std::filesystem::path(path).filename().string() : "";
}

}  // namespace

std::vector<ArchiveMember> read_members(const std::filesystem::path& file, ArchiveFormat format, std::span<const std::string> names,
                                        std::size_t limit) {
  const Reader reader = open_archive(file, format);
  std::vector<std::optional<Bytes>> found(names.size());
  while (archive_entry* entry = next_member(reader.get(), file)) {
    const auto name = std::find(names.begin(), names.end(), base_name(entry));
    if (name == names.end() || archive_entry_filetype(entry) != AE_IFREG) continue;
    auto& bytes = found[static_cast<std::size_t>(name - names.begin())];
    require(!bytes, file.string() + ": holds " + *name + " twice");
    bytes = read_member(reader.get(), file, *name, limit);
  }
  std::vector<ArchiveMember> members;
  for (std::size_t i = 0; i < names.size(); ++i) {
    require(found[i].has_value(), file.string() + ": holds no " + names[i]);
    members.push_back({names[i], std::move(*found[i])});
  }
  return members;
}

}  // namespace ballast::data
