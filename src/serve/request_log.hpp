// SPDX-License-Identifier: Apache-2.0
//
// What was certified, a line of JSON for each request, so that it can be drawn again.

#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "ballast/serve/service.hpp"

namespace ballast::serve {

class RequestLog {
 public:
  // Appends to the file; an empty name is no log. identity: an object of JSON, whose entries stand in each line.
  // Throws InputError where it cannot be written, or another server writes to it.
  RequestLog(const std::filesystem::path& file, const std::string& identity);
  ~RequestLog();
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  // Safe to call from several threads at once. Throws std::runtime_error unless the line was written whole; then nothing of it is left.
  void add(const RequestRecord& record);

 private:
  bool write_whole(const std::string& line) const;

  std::filesystem::path file_;
  std::string identity_;
  std::mutex mutex_;
  int descriptor_ = -1;
};

}  // namespace ballast::serve
