// SPDX-License-Identifier: Apache-2.0

#include "columns.hpp"

#include <pybind11/numpy.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <sstream>
#include <utility>

namespace ballast::python {
namespace {

namespace py = pybind11;
using Record = log::Record;
using Rows = std::vector<Record>;

template <typename Value, typename Get>
py::array numbers(const Rows& rows, Get get) {
  py::array_t<Value> column(static_cast<py::ssize_t>(rows.size()));
  Value* next = column.mutable_data();
  for (const Record& row : rows) *next++ = static_cast<Value>(get(row));
  return column;
}

// One Python object a row.
template <typename Get>
py::array objects(const Rows& rows, Get get) {
  py::array column(py::dtype("O"), std::vector<py::ssize_t>{static_cast<py::ssize_t>(rows.size())});
  auto** next = static_cast<PyObject**>(column.mutable_data());
  for (const Record& row : rows) {
    py::object cell = get(row);
    Py_XDECREF(*next);
    *next++ = cell.release().ptr();
  }
  return column;
}

py::array votes(const std::vector<std::uint64_t>& counts) {
  py::array_t<std::int64_t> cell(static_cast<py::ssize_t>(counts.size()));
  std::copy(counts.begin(), counts.end(), cell.mutable_data());
  return cell;
}

py::array looks(const Record& row) {
  py::array_t<std::int64_t> cell({row.looks.size(), std::size_t{2}});
  std::int64_t* next = cell.mutable_data();
  for (const Record::Look& look : row.looks) {
    *next++ = static_cast<std::int64_t>(look.samples);
    *next++ = static_cast<std::int64_t>(look.failures);
  }
  return cell;
}

// "nan" is the class behind the last. A log's row ends its votes with the last class that it names, so without votes of its own
// the runner-up is none that they end with.
Label runner_up(const Record& row) {
  const bool nan = row.runner_up_count > 0 && row.runner_up == static_cast<Label>(row.counts.size()) - 1;
  return nan ? -1 : row.runner_up;
}

py::object column(const Rows& rows, const std::string& name) {
  if (name == "idx") return numbers<std::int64_t>(rows, [](const Record& row) { return row.index; });
  if (name == "label") return numbers<std::int64_t>(rows, [](const Record& row) { return row.label; });
  if (name == "predict") return numbers<std::int64_t>(rows, [](const Record& row) { return row.predict.value_or(-1); });
  if (name == "radius") return numbers<double>(rows, [](const Record& row) { return row.radius; });
  if (name == "correct") return numbers<bool>(rows, [](const Record& row) { return row.correct; });
  if (name == "time") return numbers<double>(rows, [](const Record& row) { return row.seconds; });
  if (name == "p_lower") {
    return numbers<double>(rows, [](const Record& row) { return row.p_lower.value_or(std::numeric_limits<double>::quiet_NaN()); });
  }
  if (name == "n") return numbers<std::int64_t>(rows, [](const Record& row) { return row.samples; });
  if (name == "count") return numbers<std::int64_t>(rows, [](const Record& row) { return row.count; });
  if (name == "runner_up") return numbers<std::int64_t>(rows, runner_up);
  if (name == "runner_up_count") return numbers<std::int64_t>(rows, [](const Record& row) { return row.runner_up_count; });
  if (name == "selection") return objects(rows, [](const Record& row) { return votes(row.selection); });
  if (name == "counts") return objects(rows, [](const Record& row) { return votes(row.counts); });
  if (name == "looks") return objects(rows, looks);
  if (name == "attacked") return numbers<std::int64_t>(rows, [](const Record& row) { return row.attacked; });
  if (name == "budget") return numbers<double>(rows, [](const Record& row) { return row.budget; });
  if (name == "distance") return numbers<double>(rows, [](const Record& row) { return row.distance; });
  if (name == "success") return numbers<bool>(rows, [](const Record& row) { return row.success; });
  return py::none();
}

}  // namespace

py::dict columns_of(const Rows& rows, const std::vector<std::string>& names) {
  py::dict columns;
  for (const std::string& name : names) {
    py::object values = column(rows, name);
    if (!values.is_none()) columns[py::str(name)] = values;
  }
  return columns;
}

std::vector<std::string> column_names(log::Kind kind) {
  std::istringstream header(log::header_line(kind));
  std::vector<std::string> names;
  for (std::string name; header >> name;) names.push_back(name);
  return names;
}

}  // namespace ballast::python
