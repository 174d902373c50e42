// SPDX-License-Identifier: Apache-2.0

#include <cmath>

#include "entries.hpp"
#include "methods.hpp"

namespace ballast::log {

void write(Manifest&, const procedure::Settings&, const procedure::Splitting&) {}

// Every split is a sample.
procedure::Splitting read(const Manifest&, const procedure::Settings& settings, Of<procedure::Splitting>) {
  const double exact = splits_of_unit_lambda * settings.scale, splits = std::round(exact);
  require_entry(splits >= 1 && splits <= static_cast<double>(most_samples) && std::abs(exact - splits) <= 1e-6, "lambda", settings.scale,
                "must be a whole number of 510ths");
  return {static_cast<std::uint64_t>(splits)};
}

}  // namespace ballast::log
