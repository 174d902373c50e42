// SPDX-License-Identifier: Apache-2.0
//
// The extension module ballast._ballast: what the Python package is made of.

#include <pybind11/pybind11.h>

#include <exception>

#include "ballast/core/errors.hpp"
#include "bindings.hpp"

PYBIND11_MODULE(_ballast, module) {
  namespace py = pybind11;
  module.doc() = "The parts of Ballast that the package is made of.";
  module.attr("__version__") = BALLAST_VERSION;
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const ballast::InputError& error) {
      PyErr_SetString(PyExc_ValueError, error.what());
    }
  });
  ballast::python::add_smoothing(module);
  ballast::python::add_noise(module);
  ballast::python::add_statistics(module);
  ballast::python::add_logs(module);
}
