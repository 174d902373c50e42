// SPDX-License-Identifier: Apache-2.0
//
// ONNX models written down in a few lines, as a file would hold them.

#pragma once

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/onnx.hpp"

namespace ballast::graph::testing {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;

struct Attribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, Ints> value;
};
using Attributes = std::vector<Attribute>;

inline Attribute number(std::string name, std::int64_t value) { return {std::move(name), value}; }
inline Attribute fraction(std::string name, float value) { return {std::move(name), value}; }
inline Attribute text(std::string name, std::string value) { return {std::move(name), std::move(value)}; }
inline Attribute list(std::string name, Ints value) { return {std::move(name), std::move(value)}; }

class OnnxBuilder {
 public:
  explicit OnnxBuilder(std::int64_t opset = 13) {
    model_.set_ir_version(7);
    model_.add_opset_import()->set_version(opset);
    model_.mutable_graph()->set_name("test");
  }

  onnx::ModelProto& proto() { return model_; }
  const onnx::ModelProto& proto() const { return model_; }

  // A size of -1 is left open.
  std::string input(const std::string& name, const Ints& dims, int type = onnx::TensorProto::FLOAT) {
    declare(name, dims, type, *model_.mutable_graph()->add_input());
    return name;
  }

  std::string floats(const std::string& name, const Ints& dims, const Floats& values) {
    fill(name, dims, values, *model_.mutable_graph()->add_initializer());
    return name;
  }

  // Weights that differ from each other, between -0.5 and 0.5.
  std::string weights(const std::string& name, const Ints& dims) {
    std::int64_t count = 1;
    for (const std::int64_t size : dims) count *= size;
    Floats values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>((i * 37 + 11) % 101) / 101.0f - 0.5f);
    return floats(name, dims, values);
  }

  std::string integers(const std::string& name, const Ints& values) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t value : values) tensor.add_int64_data(value);
    return name;
  }

  std::string integer(const std::string& name, std::int64_t value) {
    integers(name, {value});
    model_.mutable_graph()->mutable_initializer()->rbegin()->clear_dims();
    return name;
  }

  // Returns the node's output, which has the node's name with a tick.
  std::string node(const std::string& type, const std::string& name, const std::vector<std::string>& inputs,
                   const Attributes& attributes = {}) {
    auto& out = *model_.mutable_graph()->add_node();
    out.set_op_type(type);
    out.set_name(name);
    for (const std::string& in : inputs) out.add_input(in);
    out.add_output(name + "'");
    for (const Attribute& attribute : attributes) set(attribute, *out.add_attribute());
    return name + "'";
  }

  onnx::NodeProto& last_node() { return *model_.mutable_graph()->mutable_node()->rbegin(); }

  OnnxBuilder& output(const std::string& name) {
    declare(name, {}, onnx::TensorProto::FLOAT, *model_.mutable_graph()->add_output());
    return *this;
  }

  std::string bytes() const { return model_.SerializeAsString(); }
  Graph load() const { return parse_onnx(bytes(), "test.onnx", {.classifier = false}); }
  Graph load_classifier() const { return parse_onnx(bytes(), "test.onnx"); }

 private:
  static void declare(const std::string& name, const Ints& dims, int type, onnx::ValueInfoProto& info) {
    info.set_name(name);
    auto& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    for (const std::int64_t size : dims) {
      auto& dim = *tensor.mutable_shape()->add_dim();
      if (size >= 0) dim.set_dim_value(size);
      else dim.set_dim_param("open");
    }
  }

  static void fill(const std::string& name, const Ints& dims, const Floats& values, onnx::TensorProto& tensor) {
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : dims) tensor.add_dims(size);
    for (const float value : values) tensor.add_float_data(value);
  }

  static void set(const Attribute& attribute, onnx::AttributeProto& out) {
    out.set_name(attribute.name);
    if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
      out.set_type(onnx::AttributeProto::INT);
      out.set_i(*integer);
    } else if (const auto* real = std::get_if<float>(&attribute.value)) {
      out.set_type(onnx::AttributeProto::FLOAT);
      out.set_f(*real);
    } else if (const auto* letters = std::get_if<std::string>(&attribute.value)) {
      out.set_type(onnx::AttributeProto::STRING);
      out.set_s(*letters);
    } else {
      out.set_type(onnx::AttributeProto::INTS);
      for (const std::int64_t value : std::get<Ints>(attribute.value)) out.add_ints(value);
    }
  }

  onnx::ModelProto model_;
};

// The model, as a classifier, is refused in one line that holds all these words.
inline void expect_refused(const OnnxBuilder& builder, std::initializer_list<std::string> words) {
  try {
    builder.load_classifier();
    ADD_FAILURE() << "a model was read that must be refused";
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(message.rfind("test.onnx: ", 0), 0u) << message;
    for (const std::string& word : words) EXPECT_NE(message.find(word), std::string::npos) << "'" << word << "' is missing in: " << message;
  }
}

}  // namespace ballast::graph::testing
