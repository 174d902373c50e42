// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/core/whole_file.hpp"
#include "ballast/log/log_writer.hpp"
#include "ballast/log/manifest.hpp"
#include "bindings.hpp"
#include "columns.hpp"

namespace ballast::python {
namespace {

namespace py = pybind11;

py::dict read_log(const std::filesystem::path& path) {
  const log::Log log = [&] {
    const py::gil_scoped_release free;
    return log::read_log(path);
  }();
  return columns_of(log.rows, log.columns.names);
}

std::vector<std::pair<std::string, std::string>> read_manifest(const std::filesystem::path& path) {
  return entries_of(log::read_manifest(path.extension() == ".json" ? path : log::manifest_path(path)));
}

// A log that nothing has begun. Both files are written, or none.
void save_log(const std::filesystem::path& path, const std::vector<std::string>& lines,
              const std::vector<std::pair<std::string, std::string>>& entries) {
  std::error_code unknown;
  require(!std::filesystem::exists(std::filesystem::symlink_status(path, unknown)), fmt::format("{}: is there already", path.string()));
  log::Manifest manifest;
  for (const auto& [name, json] : entries) manifest.entries.push_back({name, json});
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  write_whole(path, text);
  try {
    log::write_manifest(manifest, log::manifest_path(path));
  } catch (...) {
    std::filesystem::remove(path, unknown);
    throw;
  }
}

}  // namespace

void add_logs(py::module_& module) {
  module.def("read_log", &read_log, py::arg("path"));
  module.def("save_log", &save_log, py::arg("path"), py::arg("lines"), py::arg("entries"));
  module.def("read_manifest", &read_manifest, py::arg("path"));
}

}  // namespace ballast::python
