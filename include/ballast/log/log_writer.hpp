// SPDX-License-Identifier: Apache-2.0
//
// A log that grows row by row and survives being cut off.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "ballast/log/manifest.hpp"
#include "ballast/log/record.hpp"

namespace ballast::log {

// Bytes of a log that is read.
inline constexpr std::uintmax_t largest_log = std::uintmax_t{1} << 30;

// A TSV file, and its manifest beside it. One process at a time writes to a log.
class LogWriter {
 public:
  // Begins the log, or continues one that is there: its rows stay, a torn last
  // line is dropped, and the manifest keeps how many rows the first plan had
  // (first_plan), whatever number this one has. Throws InputError if the log is another run's (showing
  // what differs), another process's at this moment, or no log at all, and
  // std::runtime_error if it cannot be written to.
  LogWriter(std::filesystem::path file, Kind kind, const Manifest& manifest);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Rows that were there already.
  const std::vector<Record>& existing() const { return existing_; }

  // Adds a row whole. Throws std::runtime_error if it cannot be; then the file
  // ends with the row before. Likewise where somebody else removed, replaced or changed the file.
  void append(const Record& record);

 private:
  void resume(const Manifest& manifest);
  void begin(const Manifest& manifest);
  void write_line(const std::string& line);
  void require_untouched() const;

  std::filesystem::path file_;
  Kind kind_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;                   // of the file, as this object left it
  bool created_ = false;                    // by this object, not found
  std::optional<Manifest> newer_manifest_;  // the same run's, with another command or more rows: written with the first row
  std::vector<Record> existing_;
};

// All rows of a log, ours or the reference implementation's. A last line
// without its newline is left out: always of ours, of others if it cannot be read. Throws InputError naming the file and the line.
struct Log {
  Columns columns;
  std::vector<Record> rows;
  std::vector<std::size_t> lines;  // of each row in the file, the header being line 1
};
Log read_log(const std::filesystem::path& file);

}  // namespace ballast::log
