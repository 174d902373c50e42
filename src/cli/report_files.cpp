// SPDX-License-Identifier: Apache-2.0

#include "report_files.hpp"

#include <fmt/format.h>

#include <system_error>

#include "ballast/core/errors.hpp"
#include "ballast/core/printable.hpp"
#include "ballast/core/whole_file.hpp"

namespace ballast::cli {

report::Source named_log(const std::string& text) {
  std::error_code error;
  const auto equals = text.find('=');
  if (equals == std::string::npos || std::filesystem::exists(text, error)) return report::read_certified(text);
  require(equals > 0, fmt::format("{}: a name is missing before '='; NAME=LOG is needed", printable(text)));
  report::Source source = report::read_certified(text.substr(equals + 1));
  source.title = text.substr(0, equals);
  return source;
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  require(std::filesystem::is_directory(folder, error), fmt::format("{}: is not a folder and cannot be made one", folder.string()));
}

void write_table(const std::filesystem::path& folder, const std::string& name, const report::Table& table) {
  write_whole(folder / (name + ".md"), report::to_markdown(table));
  write_whole(folder / (name + ".tex"), report::to_latex(table));
  write_whole(folder / (name + ".csv"), report::to_csv(table));
}

}  // namespace ballast::cli
