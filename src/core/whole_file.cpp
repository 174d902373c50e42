// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/whole_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "ballast/core/errors.hpp"

namespace ballast {

void write_whole(const std::filesystem::path& name, const std::string& bytes) {
  std::error_code error;
  // A link stays: what it leads to is replaced.
  const std::filesystem::path target = std::filesystem::is_symlink(name, error) ? std::filesystem::canonical(name, error) : name;
  const std::filesystem::path& file = target.empty() ? name : target;
  // What is no file (/dev/stdout, say) has no place for a temporary one.
  const auto status = std::filesystem::status(file, error);
  const bool direct = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  const std::filesystem::path place = direct ? file : std::filesystem::path(fmt::format("{}.{}.partial", file.string(), getpid()));
  std::ofstream out(place, std::ios::binary);
  require(out.good(), fmt::format("{}: cannot be written", file.string()));
  out << bytes;
  out.close();
  if (out && !direct) std::filesystem::rename(place, file, error);
  if (out && !error) return;
  if (!direct) std::filesystem::remove(place, error);
  throw std::runtime_error(fmt::format("{}: could not be written whole (is the disk full?)", file.string()));
}

}  // namespace ballast
