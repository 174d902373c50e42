// SPDX-License-Identifier: Apache-2.0

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <filesystem>
#include <utility>
#include <vector>

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

}  // namespace

void add_logs(py::module_& module) {
  module.def("read_log", &read_log, py::arg("path"));
  module.def("read_manifest", &read_manifest, py::arg("path"));
}

}  // namespace ballast::python
