// SPDX-License-Identifier: Apache-2.0
//
// What the extension module holds, part by part.

#pragma once

#include <pybind11/pybind11.h>

namespace ballast::python {

void add_smoothing(pybind11::module_& module);
void add_noise(pybind11::module_& module);
void add_statistics(pybind11::module_& module);
void add_logs(pybind11::module_& module);

}  // namespace ballast::python
