// SPDX-License-Identifier: Apache-2.0
//
// What a server says of itself and of its models in the Open Inference
// Protocol, version 2, and how it says that something went wrong.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::protocol {

struct ServerMetadata {
  std::string name, version;
  std::vector<std::string> extensions;
};

struct TensorMetadata {
  std::string name;
  std::string datatype;             // not only the types that a Tensor can have
  std::vector<std::int64_t> shape;  // -1: any size
};

struct ModelMetadata {
  std::string name;
  std::vector<std::string> versions;
  std::string platform;
  std::vector<TensorMetadata> inputs, outputs;
  std::vector<std::string> class_names = {};  // beyond the protocol: in the order of labels; empty: not known
};

// JSON. Strings that are not UTF-8 are mended.
std::string write(const ServerMetadata& metadata);
std::string write(const ModelMetadata& metadata);

// Throws InputError, in one line, where an entry is missing or of another kind.
ServerMetadata read_server_metadata(std::string_view json);
ModelMetadata read_model_metadata(std::string_view json);

// {"error": "..."}
std::string write_error(std::string_view message);

// Its message; the text itself, cut short, where it is no such object. Never throws InputError.
std::string read_error(std::string_view body);

}  // namespace ballast::protocol
