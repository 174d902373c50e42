// SPDX-License-Identifier: Apache-2.0
//
// Requests and responses of inference in the Open Inference Protocol, version 2
// (KServe, Triton, OpenVINO Model Server), as JSON or with its extension for
// binary tensors: JSON first, then the bytes of the tensors that are binary,
// in order; a header of the HTTP message says where the JSON ends.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ballast/protocol/tensor.hpp"

namespace ballast::protocol {

inline constexpr std::string_view header_length_name = "Inference-Header-Content-Length";
inline constexpr std::string_view binary_extension = "binary_tensor_data";  // as a server's metadata names it

using Parameter = std::variant<bool, std::int64_t, double, std::string>;
using Parameters = std::map<std::string, Parameter>;

struct RequestedOutput {
  std::string name;
  std::optional<bool> binary;  // none: as the request's parameter binary_data_output says
};

struct InferRequest {
  std::string id;  // given back in the response; may be empty
  Parameters parameters;
  std::vector<Tensor> inputs;
  std::vector<RequestedOutput> outputs;  // none: all that the model has
};

struct InferResponse {
  std::string model_name, model_version, id;
  Parameters parameters;
  std::vector<Tensor> outputs;
};

// Whether the request asks for the output of this name, and in bytes.
bool wants(const InferRequest& request, std::string_view output);
bool wants_binary(const InferRequest& request, std::string_view output);

// The body of an HTTP message. header_length goes into its header where it is there; otherwise the whole body is JSON.
struct Message {
  std::string body;
  std::optional<std::size_t> header_length;
};

// Refused before memory is spent on it.
struct ReadLimits {
  std::size_t values = 1 << 26;  // in the JSON, and in each tensor
  std::size_t tensors = 64;
};

// Each tensor is written as its `binary` says. Throws InputError where check(tensor)
// does, where a number that is not finite or a string that is not UTF-8 would stand in the JSON.
Message write(const InferRequest& request);
Message write(const InferResponse& response);

// Throws InputError, in one line, for anything but a message whose sizes, types and
// shapes agree. Numbers of a request are finite; a binary tensor of a response may hold NaN and infinities.
// What the JSON holds beyond the protocol is not looked at. header_length: of the HTTP message, where it had one.
InferRequest read_request(std::string_view body, std::optional<std::size_t> header_length, const ReadLimits& limits = {});
InferResponse read_response(std::string_view body, std::optional<std::size_t> header_length, const ReadLimits& limits = {});

// The header's value. Throws InputError for anything but digits.
std::size_t header_length_from(std::string_view text);

}  // namespace ballast::protocol
