// SPDX-License-Identifier: Apache-2.0
//
// Small classifiers, written as ONNX files.

#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ballast::cli::testing {

using Dims = std::vector<std::int64_t>;

// A chain of operations, each fed by the one before.
class ModelWriter {
 public:
  explicit ModelWriter(const Dims& image) {
    model_.set_ir_version(7);
    model_.add_opset_import()->set_version(13);
    model_.mutable_graph()->set_name("test");
    auto& shape = *declare(*model_.mutable_graph()->add_input(), "image");
    shape.add_dim()->set_dim_param("N");
    for (const std::int64_t size : image) shape.add_dim()->set_dim_value(size);
  }

  // The operation's inputs are what came before and one initializer for each entry of `weights`.
  struct Weights {
    Dims dims;
    std::vector<float> values;
  };
  onnx::NodeProto& add(const std::string& operation, const std::vector<Weights>& weights = {}) {
    auto& graph = *model_.mutable_graph();
    auto& node = *graph.add_node();
    node.set_op_type(operation);
    node.set_name("node_" + std::to_string(graph.node_size()));
    node.add_input(last_);
    for (const Weights& entry : weights) {
      auto& tensor = *graph.add_initializer();
      tensor.set_name("weights_" + std::to_string(graph.initializer_size()));
      tensor.set_data_type(onnx::TensorProto::FLOAT);
      for (const std::int64_t size : entry.dims) tensor.add_dims(size);
      for (const float value : entry.values) tensor.add_float_data(value);
      node.add_input(tensor.name());
    }
    node.add_output(last_ = "value_" + std::to_string(graph.node_size()));
    return node;
  }

  std::string bytes(std::int64_t classes) {
    auto& shape = *declare(*model_.mutable_graph()->add_output(), last_);
    shape.add_dim()->set_dim_param("N");
    shape.add_dim()->set_dim_value(classes);
    return model_.SerializeAsString();
  }

 private:
  static onnx::TensorShapeProto* declare(onnx::ValueInfoProto& value, const std::string& name) {
    value.set_name(name);
    value.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    return value.mutable_type()->mutable_tensor_type()->mutable_shape();
  }

  onnx::ModelProto model_;
  std::string last_ = "image";
};

inline void set_list(onnx::NodeProto& node, const std::string& name, const Dims& values) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
}

// Images 1x8x8; class c's score is the sum of the pixels in rows 3c and 3c + 1, plus c / 8.
inline float band_weight(std::size_t pixel, std::size_t label) { return pixel / 8 / 3 == label && pixel / 8 % 3 < 2 ? 1.0f : 0.0f; }
inline void add_bands(ModelWriter& model) {
  model.add("Flatten");
  std::vector<float> weights;
  for (std::size_t pixel = 0; pixel < 64; ++pixel) {
    for (std::size_t label = 0; label < 3; ++label) weights.push_back(band_weight(pixel, label));
  }
  model.add("Gemm", {{{64, 3}, weights}, {{3}, {0, 0.125f, 0.25f}}});
}
inline std::string band_model() {
  ModelWriter model({1, 8, 8});
  add_bands(model);
  return model.bytes(3);
}

// The same behind two convolutions that change nothing where pixels are not negative.
inline std::string deep_band_model() {
  ModelWriter model({1, 8, 8});
  for (int layer = 0; layer < 2; ++layer) {
    model.add("Conv", {{{1, 1, 1, 1}, {1}}});
    model.add("Relu");
  }
  add_bands(model);
  return model.bytes(3);
}

// Images 1x8x8; whatever they show, class 0.
inline std::string constant_model() {
  ModelWriter model({1, 8, 8});
  model.add("Flatten");
  model.add("Gemm", {{{64, 3}, std::vector<float>(192)}, {{3}, {1, 0, 0}}});
  return model.bytes(3);
}

// Images of the given shape through a 3x3 convolution and ReLU, then the mean over positions, to so many classes.
inline std::string convolution_model(const Dims& image, std::int64_t classes) {
  const auto spread = [](std::int64_t count) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>((i * 37 + 11) % 101) / 101 - 0.5f);
    return values;
  };
  constexpr std::int64_t filters = 8;
  ModelWriter model(image);
  set_list(model.add("Conv", {{{filters, image[0], 3, 3}, spread(filters * image[0] * 9)}}), "pads", {1, 1, 1, 1});
  model.add("Relu");
  model.add("GlobalAveragePool");
  model.add("Flatten");
  model.add("Gemm", {{{filters, classes}, spread(filters * classes)}});
  return model.bytes(classes);
}

}  // namespace ballast::cli::testing
