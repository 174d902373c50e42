// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/log_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"

namespace ballast::log {
namespace {

std::runtime_error failed(const std::filesystem::path& file, const char* what) {
  return std::runtime_error(fmt::format("{}: {}: {}", file.string(), what, std::strerror(errno)));
}

std::string contents(const std::filesystem::path& file) { return read_whole(file, largest_log, "no such log, or not readable"); }

// Our logs end every row with a newline, so a line without one is torn even if it can be read. Those of verify have the reference
// implementation's columns and no others, and a manifest.
bool is_ours(const Columns& columns, const std::filesystem::path& file) {
  std::error_code unknown;
  const std::string last = columns.names.empty() ? "" : columns.names.back();
  return last == "counts" || last == "certified_by" || std::filesystem::exists(manifest_path(file), unknown);
}

Log parse(const std::string& text, const std::filesystem::path& file) {
  Log log;
  std::size_t line_number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    const bool torn = end == std::string::npos;
    std::string line = text.substr(start, torn ? std::string::npos : end - start);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    ++line_number;
    if (torn && line_number > 1 && is_ours(log.columns, file)) break;
    try {
      if (line_number == 1) log.columns = parse_header(line);
      else if (!line.empty()) log.rows.push_back(parse_line(line, log.columns)), log.lines.push_back(line_number);
    } catch (const InputError& error) {
      if (torn && line_number > 1) break;
      throw InputError(fmt::format("{}, line {}: {}", file.string(), line_number, error.what()));
    }
    if (torn) break;
    start = end + 1;
  }
  require(line_number > 0, fmt::format("{}: the file is empty", file.string()));
  return log;
}

}  // namespace

LogWriter::LogWriter(std::filesystem::path file, Kind kind, const Manifest& manifest) : file_(std::move(file)), kind_(kind) {
  std::error_code unknown;  // open() says what is wrong
  require(!std::filesystem::is_directory(file_, unknown), fmt::format("{}: is a folder; a log is a file", file_.string()));
  // A device or a pipe cannot be continued, and a manifest beside it is nobody's.
  const auto type = std::filesystem::status(file_, unknown);
  require(!std::filesystem::exists(type) || std::filesystem::is_regular_file(type),
          fmt::format("{}: is no file; a log is one, which the same command can continue", file_.string()));
  created_ = !std::filesystem::exists(std::filesystem::symlink_status(file_, unknown));
  descriptor_ = open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  require(descriptor_ >= 0, fmt::format("{}: cannot be written: {}", file_.string(), std::strerror(errno)));
  try {
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      require(errno != EWOULDBLOCK, fmt::format("{}: another process is writing to it", file_.string()));
      throw failed(file_, "cannot be locked");
    }
    struct stat status {};
    const bool has_rows = fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    if (has_rows) resume(manifest);
    else begin(manifest);
    if (fstat(descriptor_, &status) == 0) size_ = status.st_size;
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

LogWriter::~LogWriter() { close(descriptor_); }

void LogWriter::begin(const Manifest& manifest) {
  try {
    require_manifest_or_none(manifest_path(file_));
    write_line(header_line(kind_));
    write_manifest(manifest, manifest_path(file_));
  } catch (...) {
    // As it was before: an empty file, or none.
    std::error_code ignored;
    if (created_) std::filesystem::remove(file_, ignored);
    else if (std::filesystem::is_regular_file(file_, ignored)) std::filesystem::resize_file(file_, 0, ignored);
    throw;
  }
}

void LogWriter::resume(const Manifest& manifest) {
  std::string text = contents(file_);
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  const std::string header = header_line(kind_) + "\n";
  // Cut off before its first row, perhaps before its manifest: begun again.
  if (whole == 0 ? header.starts_with(text) : (text == header && !std::filesystem::exists(manifest_path(file_)))) {
    if (ftruncate(descriptor_, 0) != 0) throw failed(file_, "cannot be cut to its last whole row");
    return begin(manifest);
  }
  require(text.starts_with(header),
          fmt::format("{}: is there already and is not a log that this command continues; name another file", file_.string()));
  require(std::filesystem::exists(manifest_path(file_)), fmt::format("{}: has no manifest {}, so it cannot be continued; name another file",
                                                                     file_.string(), manifest_path(file_).string()));
  const Manifest there = read_manifest(manifest_path(file_));
  const auto differences = there.differences(manifest);
  if (!differences.empty()) {
    std::string list;
    for (const std::string& line : differences) list += (list.empty() ? "" : "; ") + line;
    throw InputError(fmt::format("{}: belongs to another run ({}); name another file, or delete it and {}", file_.string(), list,
                                 manifest_path(file_).string()));
  }
  text.resize(whole);
  existing_ = parse(text, file_).rows;
  if (ftruncate(descriptor_, static_cast<off_t>(whole)) != 0) throw failed(file_, "cannot be cut to its last whole row");
  Manifest newer = manifest;
  const auto first = there.number("first_plan"), rows = there.number("rows");
  if (first || rows) newer.set("first_plan", first ? *first : *rows);
  if (!newer.same_text(there)) newer_manifest_ = newer;
}

// Where somebody has removed, replaced, cut or written to the file, rows would go where nobody finds them, or behind others' bytes.
void LogWriter::require_untouched() const {
  struct stat ours {
  }, there{};
  if (fstat(descriptor_, &ours) != 0) throw failed(file_, "a row could not be written");
  if (!S_ISREG(ours.st_mode)) return;
  const bool same = stat(file_.c_str(), &there) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
  if (!same)
    throw std::runtime_error(
        fmt::format("{}: was removed, moved or replaced while it was written to, so no more rows were", file_.string()));
  if (ours.st_size != size_) {
    throw std::runtime_error(fmt::format("{}: was changed by somebody else while it was written to ({} bytes instead of {})",
                                         file_.string(), static_cast<long long>(ours.st_size), static_cast<long long>(size_)));
  }
}

void LogWriter::append(const Record& record) {
  require_untouched();
  if (newer_manifest_) write_manifest(*newer_manifest_, manifest_path(file_));
  newer_manifest_.reset();
  write_line(to_line(record, kind_));
}

void LogWriter::write_line(const std::string& line) {
  const std::string bytes = line + "\n";
  struct stat before {};
  const bool regular = fstat(descriptor_, &before) == 0 && S_ISREG(before.st_mode);
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = write(descriptor_, bytes.data() + written, bytes.size() - written);
    if (count > 0) {
      written += static_cast<std::size_t>(count);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    const auto error = failed(file_, "a row could not be written");
    // What was there of the row goes; the file ends with the one before.
    if (regular && ftruncate(descriptor_, before.st_size) != 0) throw failed(file_, "a row could not be written, nor taken back");
    throw error;
  }
  size_ = before.st_size + static_cast<std::int64_t>(bytes.size());
}

Log read_log(const std::filesystem::path& file) { return parse(contents(file), file); }

}  // namespace ballast::log
