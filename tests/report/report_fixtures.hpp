// SPDX-License-Identifier: Apache-2.0
//
// Logs without files.

#pragma once

#include <string>
#include <vector>

#include "ballast/report/source.hpp"

namespace ballast::report {

inline log::Record row(std::uint64_t index, Label label, std::optional<Label> predict, double radius) {
  log::Record record;
  record.index = index;
  record.label = label;
  record.predict = predict;
  record.radius = radius;
  record.correct = predict == label;
  return record;
}

inline Source source(const std::string& file, std::vector<log::Record> rows) {
  Source result;
  result.file = file;
  result.log.columns = log::parse_header("idx\tlabel\tpredict\tradius\tcorrect\ttime");
  result.log.rows = std::move(rows);
  return result;
}

inline Source predicted(const std::string& file, std::vector<log::Record> rows) {
  Source result = source(file, std::move(rows));
  result.log.columns = log::parse_header("idx\tlabel\tpredict\tcorrect\ttime");
  return result;
}

}  // namespace ballast::report
