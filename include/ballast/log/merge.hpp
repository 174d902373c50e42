// SPDX-License-Identifier: Apache-2.0
//
// Logs of parts of a data set, made by several processes, as the one log that
// a single process would have made.

#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "ballast/log/manifest.hpp"

namespace ballast::log {

struct Merged {
  std::string text;   // of the log: the rows as they stand in the parts, in the order of the images
  Manifest manifest;  // of the whole, from the parts': all but the command, which is the caller's to say
  std::size_t rows = 0;
};

// The parts are the shards of one run, or runs over ranges that together leave out nothing. Throws InputError naming the files: where a
// part has no manifest, is not complete or was made otherwise than the others, where a shard or images are missing, and where
// an image is in two of them.
Merged merge(std::span<const std::filesystem::path> parts);

}  // namespace ballast::log
