// SPDX-License-Identifier: Apache-2.0
//
// Files out of an archive, by libarchive.

#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bytes.hpp"

namespace ballast::data {

enum class ArchiveFormat { tar_gz, zip };

struct ArchiveMember {
  std::string name;  // without its folder
  Bytes bytes;
};

// How many bytes a member may have: said by its first `start` bytes, or all where it has fewer. Throws InputError starting with
// `name` where they are no beginning.
struct MemberLimit {
  std::size_t start = 0;
  std::function<std::size_t(std::span<const std::uint8_t> start, const std::string& name)> allowed;
};

// The names of all files, without their folders. Throws InputError for a damaged archive, or where it holds more than 10 000 files.
std::vector<std::string> member_names(const std::filesystem::path& file, ArchiveFormat format);

// The members with these names, whatever folder of the archive they lie in, in the order of `names`. Nothing is read past a
// member's limit. Throws InputError if one is missing, there twice or too large, the archive is damaged or cut short, or a tar
// archive unpacks to more than 1 GiB.
std::vector<ArchiveMember> read_members(const std::filesystem::path& file, ArchiveFormat format, std::span<const std::string> names,
                                        const MemberLimit& limit);

// As read_members, of those that the archive has.
std::vector<ArchiveMember> read_members_there(const std::filesystem::path& file, ArchiveFormat format, std::span<const std::string> names,
                                              const MemberLimit& limit);

}  // namespace ballast::data
