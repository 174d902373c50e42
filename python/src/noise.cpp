// SPDX-License-Identifier: Apache-2.0

#include <pybind11/numpy.h>

#include <utility>

#include "ballast/noise/grid_table.hpp"
#include "bindings.hpp"

namespace ballast::python {

void add_noise(pybind11::module_& module) {
  // The least noise in steps of 1 / 255, and the thresholds that 64 bits are compared with (GridTable).
  module.def(
      "grid_thresholds",
      [](double sigma) {
        const noise::GridTable table({NoiseLaw::gaussian, sigma});
        const auto& thresholds = table.thresholds();
        return std::pair(table.smallest(),
                         pybind11::array_t<std::uint64_t>(static_cast<pybind11::ssize_t>(thresholds.size()), thresholds.data()));
      },
      pybind11::arg("sigma"));
}

}  // namespace ballast::python
