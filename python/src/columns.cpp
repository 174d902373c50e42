// SPDX-License-Identifier: Apache-2.0

#include "columns.hpp"

#include <pybind11/numpy.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include "ballast/log/columns.hpp"

namespace ballast::python {
namespace {

namespace py = pybind11;
py::object array_of(const log::Votes& votes) {
  py::array_t<std::int64_t> cell(static_cast<py::ssize_t>(votes.size()));
  std::copy(votes.begin(), votes.end(), cell.mutable_data());
  return cell;
}

py::object array_of(const log::Looks& looks) {
  py::array_t<std::int64_t> cell({looks.size(), std::size_t{2}});
  std::int64_t* next = cell.mutable_data();
  for (const auto& look : looks) {
    *next++ = static_cast<std::int64_t>(look.samples);
    *next++ = static_cast<std::int64_t>(look.failures);
  }
  return cell;
}

// A column whose cells are of the type of this one: numbers, or an object a row.
template <typename Value>
py::array array_like(const Value&, const log::Column& column, const std::vector<log::Record>& rows) {
  if constexpr (std::is_arithmetic_v<Value>) {
    py::array_t<Value> array(static_cast<py::ssize_t>(rows.size()));
    Value* next = array.mutable_data();
    for (const log::Record& row : rows) *next++ = std::get<Value>(column.value(row));
    return array;
  } else {
    py::array array(py::dtype("O"), std::vector<py::ssize_t>{static_cast<py::ssize_t>(rows.size())});
    auto** next = static_cast<PyObject**>(array.mutable_data());
    for (const log::Record& row : rows) {
      py::object cell = array_of(std::get<Value>(column.value(row)));
      Py_XDECREF(*next);
      *next++ = cell.release().ptr();
    }
    return array;
  }
}

}  // namespace

py::dict columns_of(const std::vector<log::Record>& rows, const std::vector<std::string>& names) {
  py::dict columns;
  for (const std::string& name : names) {
    const log::Column* column = log::column_named(name);
    if (!column) continue;
    columns[py::str(name)] = std::visit([&](const auto& cell) { return array_like(cell, *column, rows); }, column->value(log::Record()));
  }
  return columns;
}

std::vector<std::pair<std::string, std::string>> entries_of(const log::Manifest& manifest) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& entry : manifest.entries) entries.emplace_back(entry.name, entry.json);
  return entries;
}

std::vector<std::string> column_names(log::Kind kind) {
  std::vector<std::string> names;
  for (const log::Column* column : log::columns_of(kind)) names.emplace_back(column->name);
  return names;
}

}  // namespace ballast::python
