// SPDX-License-Identifier: Apache-2.0

#include "ballast/protocol/infer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "ballast/core/errors.hpp"
#include "bounded_json.hpp"
#include "tensor_bytes.hpp"
#include "tensor_json.hpp"

namespace ballast::protocol {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* binary_size = "binary_data_size";
constexpr const char* binary_parameter = "binary_data";
constexpr const char* binary_output = "binary_data_output";

OrderedJson parameters_json(const Parameters& parameters) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [name, value] : parameters) object[name] = std::visit([](const auto& held) { return OrderedJson(held); }, value);
  return object;
}

// The tensors' JSON; the bytes of those that are binary are added to `bytes`.
OrderedJson tensors_json(const std::vector<Tensor>& tensors, std::string& bytes) {
  OrderedJson array = OrderedJson::array();
  for (const Tensor& tensor : tensors) {
    check(tensor);
    OrderedJson entry = {{"name", tensor.name}, {"datatype", to_string(tensor.type)}, {"shape", tensor.shape}};
    if (tensor.binary) {
      const std::string own = values_bytes(tensor);
      entry["parameters"][binary_size] = own.size();
      bytes += own;
    } else {
      entry["data"] = values_json(tensor);
    }
    array.push_back(std::move(entry));
  }
  return array;
}

std::string request_text(const OrderedJson& document) {
  try {
    return document.dump();
  } catch (const OrderedJson::type_error&) {
    throw InputError("a string of a message is not UTF-8, which JSON needs");
  }
}

Message message_of(const OrderedJson& document, const std::vector<Tensor>& tensors, const std::string& bytes) {
  Message message{request_text(document), std::nullopt};
  const bool binary = std::any_of(tensors.begin(), tensors.end(), [](const Tensor& tensor) { return tensor.binary; });
  if (binary) message.header_length = message.body.size();
  message.body += bytes;
  return message;
}

// A message's JSON, and the bytes behind it, which are taken from the front.
struct Parts {
  Json document;
  std::string_view bytes;
};

Parts split(std::string_view body, std::optional<std::size_t> header_length, const ReadLimits& limits) {
  const std::size_t length = header_length.value_or(body.size());
  require(length <= body.size(), fmt::format("{}: {} is more than the body's {} bytes", header_length_name, length, body.size()));
  return {parse_object(body.substr(0, length), limits.values), body.substr(length)};
}

Parameter parameter_from(const Json& value, const std::string& where) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return value.get<double>();
  const bool whole = value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() >> 63);
  require(whole, where + ": a parameter is a boolean, a number or a string");
  return value.get<std::int64_t>();
}

Parameters read_parameters(const Json& object, const std::string& where) {
  Parameters parameters;
  const Json* entry = find(object, "parameters");
  if (!entry) return parameters;
  require(entry->is_object(), where + ": \"parameters\" is not an object");
  for (const auto& [name, value] : entry->items()) parameters[name] = parameter_from(value, where + ": parameters " + in_quotes(name));
  return parameters;
}

std::optional<bool> boolean_in(const Parameters& parameters, const char* name, const std::string& where) {
  const auto entry = parameters.find(name);
  if (entry == parameters.end()) return std::nullopt;
  const bool* value = std::get_if<bool>(&entry->second);
  require(value, fmt::format("{}: {} is true or false", where, name));
  return *value;
}

// The bytes of this tensor, taken from those behind the JSON.
std::string_view take_bytes(std::string_view& bytes, const Parameter& size, const std::string& where) {
  const std::int64_t* wanted = std::get_if<std::int64_t>(&size);
  require(wanted && *wanted >= 0, fmt::format("{}: {} is a whole number of at least 0", where, binary_size));
  const auto length = static_cast<std::size_t>(*wanted);
  require(length <= bytes.size(),
          fmt::format("{}: {} is {}, but only {} bytes are left behind the JSON", where, binary_size, length, bytes.size()));
  const std::string_view own = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return own;
}

Tensor read_tensor(const Json& entry, std::string_view& bytes, bool finite, const ReadLimits& limits, std::string where) {
  require(entry.is_object(), where + ": not an object");
  Tensor tensor;
  tensor.name = text_entry(entry, "name", true, where);
  where += " " + in_quotes(tensor.name);
  const std::string type = text_entry(entry, "datatype", true, where);
  const auto known = data_type_from(type);
  require(known.has_value(),
          fmt::format("{}: the datatype {} is not one of BOOL, UINT8, INT32, INT64, FP32, FP64, BYTES", where, in_quotes(type)));
  tensor.type = *known;
  tensor.shape = shape_entry(entry, 0, where);
  const std::size_t elements = element_count(tensor.shape);
  require(elements <= limits.values, fmt::format("{}: {} values; at most {} are allowed", where, elements, limits.values));

  const Parameters parameters = read_parameters(entry, where);
  const auto size = parameters.find(binary_size);
  const Json* data = find(entry, "data");
  tensor.binary = size != parameters.end();
  require(tensor.binary != (data != nullptr), fmt::format("{}: either \"data\" or the parameter {} is needed", where, binary_size));
  if (tensor.binary) read_values(take_bytes(bytes, size->second, where), finite, tensor, where);
  else read_values(*data, tensor, where);
  return tensor;
}

std::vector<Tensor> read_tensors(Parts& parts, const char* name, bool finite, const ReadLimits& limits) {
  const Json& array = *array_entry(parts.document, name, true, "the message");
  require(array.size() <= limits.tensors, fmt::format("\"{}\" has {} tensors; at most {} are allowed", name, array.size(), limits.tensors));
  std::vector<Tensor> tensors;
  std::set<std::string> names;
  for (const Json& entry : array) {
    tensors.push_back(read_tensor(entry, parts.bytes, finite, limits, fmt::format("{}[{}]", name, tensors.size())));
    const std::string& own = tensors.back().name;
    require(names.insert(own).second, fmt::format("\"{}\" has two tensors of the name {}", name, in_quotes(own)));
  }
  require(parts.bytes.empty(), fmt::format("{} bytes are left over behind the last tensor", parts.bytes.size()));
  return tensors;
}

std::vector<RequestedOutput> read_requested(const Json& document, const ReadLimits& limits) {
  std::vector<RequestedOutput> outputs;
  const Json* array = array_entry(document, "outputs", false, "the message");
  if (!array) return outputs;
  require(array->size() <= limits.tensors,
          fmt::format("\"outputs\" has {} entries; at most {} are allowed", array->size(), limits.tensors));
  for (const Json& entry : *array) {
    const std::string where = fmt::format("outputs[{}]", outputs.size());
    require(entry.is_object(), where + ": not an object");
    outputs.push_back({text_entry(entry, "name", true, where), boolean_in(read_parameters(entry, where), binary_parameter, where)});
  }
  return outputs;
}

const RequestedOutput* requested(const InferRequest& request, std::string_view output) {
  const auto entry = std::find_if(request.outputs.begin(), request.outputs.end(), [&](const auto& each) { return each.name == output; });
  return entry == request.outputs.end() ? nullptr : &*entry;
}

}  // namespace

bool wants(const InferRequest& request, std::string_view output) { return request.outputs.empty() || requested(request, output); }

bool wants_binary(const InferRequest& request, std::string_view output) {
  const RequestedOutput* entry = requested(request, output);
  if (entry && entry->binary) return *entry->binary;
  return boolean_in(request.parameters, binary_output, "the request").value_or(false);
}

Message write(const InferRequest& request) {
  OrderedJson document = OrderedJson::object();
  if (!request.id.empty()) document["id"] = request.id;
  if (!request.parameters.empty()) document["parameters"] = parameters_json(request.parameters);
  std::string bytes;
  document["inputs"] = tensors_json(request.inputs, bytes);
  for (const RequestedOutput& output : request.outputs) {
    OrderedJson entry = {{"name", output.name}};
    if (output.binary) entry["parameters"][binary_parameter] = *output.binary;
    document["outputs"].push_back(std::move(entry));
  }
  return message_of(document, request.inputs, bytes);
}

Message write(const InferResponse& response) {
  OrderedJson document = {{"model_name", response.model_name}};
  if (!response.model_version.empty()) document["model_version"] = response.model_version;
  if (!response.id.empty()) document["id"] = response.id;
  if (!response.parameters.empty()) document["parameters"] = parameters_json(response.parameters);
  std::string bytes;
  document["outputs"] = tensors_json(response.outputs, bytes);
  return message_of(document, response.outputs, bytes);
}

InferRequest read_request(std::string_view body, std::optional<std::size_t> header_length, const ReadLimits& limits) {
  Parts parts = split(body, header_length, limits);
  InferRequest request;
  request.id = text_entry(parts.document, "id", false, "the request");
  request.parameters = read_parameters(parts.document, "the request");
  boolean_in(request.parameters, binary_output, "the request");
  request.outputs = read_requested(parts.document, limits);
  request.inputs = read_tensors(parts, "inputs", true, limits);
  return request;
}

InferResponse read_response(std::string_view body, std::optional<std::size_t> header_length, const ReadLimits& limits) {
  Parts parts = split(body, header_length, limits);
  InferResponse response;
  response.model_name = text_entry(parts.document, "model_name", false, "the response");
  response.model_version = text_entry(parts.document, "model_version", false, "the response");
  response.id = text_entry(parts.document, "id", false, "the response");
  response.parameters = read_parameters(parts.document, "the response");
  response.outputs = read_tensors(parts, "outputs", false, limits);
  return response;
}

std::size_t header_length_from(std::string_view text) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  require(error == std::errc() && end == text.data() + text.size(),
          fmt::format("{}: {} is not a number of bytes", header_length_name, in_quotes(text)));
  return length;
}

}  // namespace ballast::protocol
