// SPDX-License-Identifier: Apache-2.0

#include "ballast/protocol/metadata.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "bounded_json.hpp"

namespace ballast::protocol {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t most_values = 100'000;
constexpr std::size_t longest_error = 300;

std::string metadata_text(const OrderedJson& document) { return document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

OrderedJson tensors_json(const std::vector<TensorMetadata>& tensors) {
  OrderedJson array = OrderedJson::array();
  for (const TensorMetadata& tensor : tensors)
    array.push_back({{"name", tensor.name}, {"datatype", tensor.datatype}, {"shape", tensor.shape}});
  return array;
}

std::vector<TensorMetadata> read_tensors(const Json& document, const char* name) {
  std::vector<TensorMetadata> tensors;
  for (const Json& entry : *array_entry(document, name, true, "the model's metadata")) {
    const std::string where = fmt::format("the model's metadata: {}[{}]", name, tensors.size());
    require(entry.is_object(), where + ": not an object");
    tensors.push_back({text_entry(entry, "name", true, where), text_entry(entry, "datatype", true, where), shape_entry(entry, -1, where)});
  }
  return tensors;
}

}  // namespace

std::string write(const ServerMetadata& metadata) {
  return metadata_text({{"name", metadata.name}, {"version", metadata.version}, {"extensions", metadata.extensions}});
}

std::string write(const ModelMetadata& metadata) {
  OrderedJson document{{"name", metadata.name},
                       {"versions", metadata.versions},
                       {"platform", metadata.platform},
                       {"inputs", tensors_json(metadata.inputs)},
                       {"outputs", tensors_json(metadata.outputs)}};
  if (!metadata.class_names.empty()) document["class_names"] = metadata.class_names;
  return metadata_text(document);
}

ServerMetadata read_server_metadata(std::string_view json) {
  const Json document = parse_object(json, most_values);
  const std::string where = "the server's metadata";
  return {text_entry(document, "name", true, where), text_entry(document, "version", false, where),
          text_array(document, "extensions", where)};
}

ModelMetadata read_model_metadata(std::string_view json) {
  const Json document = parse_object(json, most_values);
  const std::string where = "the model's metadata";
  return {
      text_entry(document, "name", true, where), text_array(document, "versions", where), text_entry(document, "platform", false, where),
      read_tensors(document, "inputs"),          read_tensors(document, "outputs"),       text_array(document, "class_names", where)};
}

std::string write_error(std::string_view message) { return metadata_text({{"error", std::string(message)}}); }

std::string read_error(std::string_view body) {
  const Json document = Json::parse(body.begin(), body.end(), nullptr, false);
  const Json* error = document.is_object() ? find(document, "error") : nullptr;
  std::string text = error && error->is_string() ? error->get<std::string>() : std::string(body.substr(0, longest_error));
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < ' ') letter = ' ';
  }
  return text.substr(0, longest_error);
}

}  // namespace ballast::protocol
