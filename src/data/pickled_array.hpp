// SPDX-License-Identifier: Apache-2.0
//
// NumPy's arrays in a pickle.

#pragma once

#include <cstddef>
#include <string>

#include "bytes.hpp"
#include "pickle.hpp"

namespace ballast::data {

// Row after row.
struct ByteTable {
  std::size_t rows = 0, columns = 0;
  Bytes bytes;
};

// An array of two dimensions and type uint8, in C or Fortran order, as NumPy writes it by protocols 2 to 5. Throws InputError starting with
// `name` for any other, and where there are not as many bytes as its shape asks for.
ByteTable pickled_table(const Pickle& pickle, PickleId id, const std::string& name);

}  // namespace ballast::data
