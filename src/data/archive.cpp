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

constexpr std::int64_t most_unpacked = std::int64_t{1} << 30;
constexpr std::size_t most_members = 10'000;

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

// `size`: what the archive says of the member; 0 where it says nothing.
Bytes read_member(::archive* reader, std::size_t size, const std::filesystem::path& file, const std::string& name,
                  const MemberLimit& limit) {
  const std::string full = file.string() + " (" + name + ")";
  Bytes bytes;
  std::size_t allowed = limit.start == 0 ? limit.allowed({}, full) : 0;  // known once the start is there
  std::array<std::uint8_t, 1 << 16> block;
  for (la_ssize_t count = 1; count > 0;) {
    const std::size_t there = std::max(size, bytes.size());
    require(allowed == 0 || there <= allowed, full + ": holds more than the " + std::to_string(allowed) + " bytes that are allowed");
    count = archive_read_data(reader, block.data(), block.size());
    if (count < 0) refuse(file, reader);
    bytes.insert(bytes.end(), block.begin(), block.begin() + count);
    if (allowed == 0 && (count == 0 || bytes.size() >= limit.start)) allowed = limit.allowed(bytes, full);
  }
  return bytes;
}

// A tar archive is unpacked as a whole, so what is not asked for counts too.
void check_unpacked(::archive* reader, archive_entry* entry, const std::filesystem::path& file) {
  const std::int64_t after = archive_filter_bytes(reader, 0) + std::max<std::int64_t>(archive_entry_size(entry), 0);
  require(after <= most_unpacked, file.string() + ": unpacks to more than the allowed " + std::to_string(most_unpacked) + " bytes");
}

std::string base_name(archive_entry* entry) {
  const char* path = archive_entry_pathname(entry);
  return path != nullptr ? std::filesystem::path(path).filename().string() : "";
}

// One for each name.
std::vector<std::optional<Bytes>> find_members(const std::filesystem::path& file, ArchiveFormat format, std::span<const std::string> names,
                                               const MemberLimit& limit) {
  const Reader reader = open_archive(file, format);
  std::vector<std::optional<Bytes>> found(names.size());
  while (archive_entry* entry = next_member(reader.get(), file)) {
    if (format == ArchiveFormat::tar_gz) check_unpacked(reader.get(), entry, file);
    const auto name = std::find(names.begin(), names.end(), base_name(entry));
    if (name == names.end() || archive_entry_filetype(entry) != AE_IFREG) continue;
    auto& bytes = found[static_cast<std::size_t>(name - names.begin())];
    require(!bytes, file.string() + ": holds " + *name + " twice");
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(archive_entry_size(entry), 0));
    bytes = read_member(reader.get(), size, file, *name, limit);
  }
  return found;
}

}  // namespace

std::vector<std::string> member_names(const std::filesystem::path& file, ArchiveFormat format) {
  const Reader reader = open_archive(file, format);
  std::vector<std::string> names;
  while (archive_entry* entry = next_member(reader.get(), file)) {
    require(names.size() < most_members, file.string() + ": holds more than " + std::to_string(most_members) + " files");
    if (archive_entry_filetype(entry) == AE_IFREG) names.push_back(base_name(entry));
  }
  return names;
}

std::vector<ArchiveMember> read_members(const std::filesystem::path& file, ArchiveFormat format, std::span<const std::string> names,
                                        const MemberLimit& limit) {
  std::vector<std::optional<Bytes>> found = find_members(file, format, names, limit);
  std::vector<ArchiveMember> members;
  for (std::size_t i = 0; i < names.size(); ++i) {
    require(found[i].has_value(), file.string() + ": holds no " + names[i]);
    members.push_back({names[i], std::move(*found[i])});
  }
  return members;
}

std::vector<ArchiveMember> read_members_there(const std::filesystem::path& file, ArchiveFormat format, std::span<const std::string> names,
                                              const MemberLimit& limit) {
  std::vector<std::optional<Bytes>> found = find_members(file, format, names, limit);
  std::vector<ArchiveMember> members;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (found[i]) members.push_back({names[i], std::move(*found[i])});
  }
  return members;
}

}  // namespace ballast::data
