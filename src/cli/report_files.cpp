// SPDX-License-Identifier: Apache-2.0

#include "report_files.hpp"

#include <fmt/format.h>

#include <system_error>

#include "ballast/core/errors.hpp"
#include "ballast/core/whole_file.hpp"

namespace ballast::cli {

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
