// SPDX-License-Identifier: Apache-2.0
//
// Files out of an archive, by libarchive.

#pragma once

#include <filesystem>
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

// The members with these names, whatever folder of the archive they lie in, in the order of `names`. `limit` bounds each
// one's size in bytes. Throws InputError if one is missing, there twice or too large, or the archive is damaged or cut short.
std::vector<ArchiveMember> read_members(const std::filesystem::path& file, ArchiveFormat format, std::span<const std::string> names,
                                        std::size_t limit);

}  // namespace ballast::data
