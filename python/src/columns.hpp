// SPDX-License-Identifier: Apache-2.0
//
// Rows as NumPy arrays, one a column, and manifests.

#pragma once

#include <pybind11/pytypes.h>

#include <string>
#include <utility>
#include <vector>

#include "ballast/log/manifest.hpp"
#include "ballast/log/record.hpp"

namespace ballast::python {

// From the names of a log's columns to arrays, in their order; names that are not a log's are left out. predict is -1
// where abstained, runner_up -1 for the class "nan". selection, counts and looks hold one array a row.
pybind11::dict columns_of(const std::vector<log::Record>& rows, const std::vector<std::string>& names);

// A manifest's names and values, these as JSON.
std::vector<std::pair<std::string, std::string>> entries_of(const log::Manifest& manifest);

// The columns that a log of this kind has.
std::vector<std::string> column_names(log::Kind kind);

}  // namespace ballast::python
