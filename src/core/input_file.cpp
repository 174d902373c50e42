// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/input_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast {
namespace {

constexpr std::size_t block = 1 << 16;

bool has_name(int pipe) {
  struct statfs system {};
  return fstatfs(pipe, &system) != 0 || system.f_type != PIPEFS_MAGIC;
}

// What cannot be read to its end: nothing for a file that can.
std::string reason_against(int descriptor, const struct stat& status) {
  if (S_ISREG(status.st_mode)) return "";
  if (!S_ISFIFO(status.st_mode)) return "is a device; a file is needed";
  return has_name(descriptor) ? "is a named pipe; a file is needed" : "";
}

template <typename Bytes>
Bytes read_all(const std::filesystem::path& path, std::uintmax_t limit, std::string_view missing) {
  InputFile file(path, missing);
  require(file.size() <= limit, fmt::format("{}: is {} bytes long; at most {} are allowed", path.string(), file.size(), limit));
  Bytes bytes;
  // One more than the size shows that there is no more.
  for (std::size_t wanted = static_cast<std::size_t>(file.size()) + 1;; wanted = 2 * bytes.size() + block) {
    const std::size_t before = bytes.size();
    bytes.resize(wanted);
    bytes.resize(before + file.read(bytes.data() + before, wanted - before));
    require(bytes.size() <= limit, fmt::format("{}: is longer than the {} bytes that are allowed", path.string(), limit));
    if (bytes.size() < wanted) return bytes;
  }
}

}  // namespace

// Without O_NONBLOCK, a pipe is waited for until something writes to it.
InputFile::InputFile(std::filesystem::path file, std::string_view missing)
    : file_(std::move(file)), descriptor_(open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
  struct stat status {};
  const bool readable = descriptor_ >= 0 && fstat(descriptor_, &status) == 0 && !S_ISDIR(status.st_mode);
  const std::string against = readable ? reason_against(descriptor_, status) : std::string(missing);
  if (!against.empty()) {
    if (descriptor_ >= 0) close(descriptor_);
    throw InputError(fmt::format("{}: {}", file_.string(), against));
  }
  if (S_ISREG(status.st_mode)) size_ = static_cast<std::uintmax_t>(status.st_size);
  fcntl(descriptor_, F_SETFL, fcntl(descriptor_, F_GETFL) & ~O_NONBLOCK);
}

InputFile::~InputFile() { close(descriptor_); }

std::size_t InputFile::read(void* bytes, std::size_t count) {
  std::size_t got = 0;
  while (got < count) {
    const ssize_t more = ::read(descriptor_, static_cast<std::byte*>(bytes) + got, count - got);
    if (more < 0 && errno == EINTR) continue;
    require(more >= 0, fmt::format("{}: cannot be read to its end: {}", file_.string(), std::strerror(errno)));
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  return got;
}

std::string read_whole(const std::filesystem::path& file, std::uintmax_t limit, std::string_view missing) {
  return read_all<std::string>(file, limit, missing);
}

std::vector<std::uint8_t> read_whole_bytes(const std::filesystem::path& file, std::uintmax_t limit, std::string_view missing) {
  return read_all<std::vector<std::uint8_t>>(file, limit, missing);
}

std::vector<std::uint8_t> read_start(const std::filesystem::path& file, std::size_t count) {
  InputFile in(file);
  std::vector<std::uint8_t> bytes(count);
  bytes.resize(in.read(bytes.data(), count));
  return bytes;
}

}  // namespace ballast
