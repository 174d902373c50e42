// SPDX-License-Identifier: Apache-2.0
//
// A tensor's values within JSON.

#pragma once

#include "ballast/protocol/tensor.hpp"
#include "bounded_json.hpp"

namespace ballast::protocol {

// Throws InputError for a number that JSON cannot hold.
nlohmann::ordered_json values_json(const Tensor& tensor);

// From an array that is flat or nested as the tensor's shape. Throws InputError
// for values of another type, out of the type's range, or not as many as the shape says.
void read_values(const Json& data, Tensor& tensor, const std::string& where);

}  // namespace ballast::protocol
