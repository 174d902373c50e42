// SPDX-License-Identifier: Apache-2.0
//
// A file of many empty messages takes two bytes for each, and a hundred times that once it is parsed.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/onnx_pb.h>

#include "ballast/core/errors.hpp"
#include "load_budget.hpp"

namespace ballast::graph {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::size_t bytes_of_message = 512;
constexpr std::size_t bytes_of_text = 48;  // a string, and the pointer to it
constexpr std::size_t bytes_of_number = 8;
constexpr std::size_t bytes_of_unknown = 32;
constexpr int deepest = 100;  // as protobuf itself has it

static_assert(sizeof(onnx::NodeProto) <= bytes_of_message && sizeof(onnx::AttributeProto) <= bytes_of_message &&
              sizeof(onnx::TensorProto) <= bytes_of_message && sizeof(onnx::GraphProto) <= bytes_of_message);

bool is_of_fixed_size(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT || field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
}

class Walk {
 public:
  explicit Walk(std::span<const char> file)
      : in_(reinterpret_cast<const std::uint8_t*>(file.data()), static_cast<int>(file.size())), size_(static_cast<int>(file.size())) {}

  // False where the file is no message of this type.
  bool whole(const Descriptor& type) {
    in_.PushLimit(size_);
    return message(type, 0);
  }

  std::size_t growth() const { return growth_; }

 private:
  // What begins here and goes to the stream's limit.
  bool message(const Descriptor& type, int depth) {
    growth_ += bytes_of_message;
    if (depth > deepest) return false;
    while (const std::uint32_t tag = in_.ReadTag()) {
      const FieldDescriptor* of = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      const auto kind = WireFormatLite::GetTagWireType(tag);
      if (kind == WireFormatLite::WIRETYPE_START_GROUP) return false;  // ONNX has none
      growth_ += of != nullptr ? bytes_of_number : bytes_of_unknown;
      if (kind != WireFormatLite::WIRETYPE_LENGTH_DELIMITED ? !WireFormatLite::SkipField(&in_, tag) : !sized_field(of, depth)) return false;
    }
    return in_.ConsumedEntireMessage();
  }

  bool sized_field(const FieldDescriptor* of, int depth) {
    std::uint32_t size = 0;
    if (!in_.ReadVarint32(&size) || static_cast<std::int64_t>(size) > in_.BytesUntilLimit()) return false;
    if (of != nullptr && of->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const auto outer = in_.PushLimit(static_cast<int>(size));
      const bool is_whole = message(*of->message_type(), depth + 1);
      in_.PopLimit(outer);
      return is_whole;
    }
    const bool is_text = of == nullptr || of->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    if (is_text) growth_ += bytes_of_text;
    else if (!is_of_fixed_size(*of)) growth_ += size * bytes_of_number;
    return in_.Skip(static_cast<int>(size));
  }

  CodedInputStream in_;
  int size_;
  std::size_t growth_ = 0;
};

}  // namespace

std::size_t growth_when_parsed(std::span<const char> file) {
  Walk walk(file);
  require(walk.whole(*onnx::ModelProto::descriptor()), "not an ONNX model, or cut short");
  return walk.growth();
}

}  // namespace ballast::graph
