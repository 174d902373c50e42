// SPDX-License-Identifier: Apache-2.0

#include "onnx_input.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "onnx_tensor.hpp"

namespace ballast::graph {
namespace {

constexpr float greatest_byte = 255;

std::string with_open_sizes(const Dims& in_file) {
  std::string text = "batch";
  for (std::size_t i = 1; i < in_file.size(); ++i) text += in_file[i] > 0 ? fmt::format(" x {}", in_file[i]) : " x ?";
  return text;
}

// An image in this layout, of as many sizes as the file has.
std::optional<Dims> laid_out(const ImageShape& shape, InputLayout layout, std::size_t rank) {
  const std::int64_t channels = shape.channels, height = shape.height, width = shape.width;
  if (layout == InputLayout::chw && rank == 4) return Dims{batch, channels, height, width};
  if (layout == InputLayout::hwc && rank == 4) return Dims{batch, height, width, channels};
  if (layout == InputLayout::flat && rank == 2) return Dims{batch, channels * height * width};
  if (layout == InputLayout::flat && rank == 3 && channels == 1) return Dims{batch, height, width};
  return {};
}

bool agrees(const Dims& in_file, const Dims& dims) {
  for (std::size_t i = 1; i < dims.size(); ++i) {
    if (in_file[i] > 0 && in_file[i] != dims[i]) return false;
  }
  return true;
}

}  // namespace

Dims declared_dims(const onnx::TypeProto::Tensor& type) {
  Dims dims;
  for (const auto& dim : type.shape().dim()) dims.push_back(dim.has_dim_value() ? dim.dim_value() : 0);
  return dims;
}

Dims input_dims(const std::string& name, Dims in_file, const OnnxOptions& options) {
  require(in_file.size() >= 2, fmt::format("its input '{}' has no batch of images: {} dimensions", name, in_file.size()));
  const bool open = std::any_of(in_file.begin() + 1, in_file.end(), [](std::int64_t size) { return size <= 0; });
  if (!open) {
    in_file[0] = batch;
    return in_file;
  }
  const std::string text = with_open_sizes(in_file);
  require(options.shape.has_value(),
          fmt::format("its input '{}' leaves sizes open ({}): say those of the images, as in --input-shape 3x224x224", name, text));
  for (const InputLayout layout : {InputLayout::chw, InputLayout::hwc, InputLayout::flat}) {
    if (options.layout && options.layout != layout) continue;
    const auto dims = laid_out(*options.shape, layout, in_file.size());
    if (dims && agrees(in_file, *dims)) return *dims;
  }
  throw InputError(fmt::format("its input '{}' takes {}, and the images are {} (channels x height x width){}", name, text,
                               ballast::to_string(*options.shape),
                               options.layout ? fmt::format(", read as {}", to_string(*options.layout)) : ""));
}

ValueId take_input(Graph& graph, const std::string& name, const Dims& dims, int type) {
  const ValueId pixels = graph.add_input(name, dims);
  switch (type) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16: return pixels;
    case onnx::TensorProto::UINT8: break;
    default:
      throw InputError(
          fmt::format("its input '{}' is of type {}; floating-point numbers and UINT8 are supported", name, name_of_type(type)));
  }
  graph.reading["model_input"] = "bytes: pixels with their noise are multiplied by 255, cut to 0 ... 255 and rounded";
  const ValueId scale = graph.add_constant(name + ".scale", {{}, {greatest_byte}});
  const ValueId scaled = graph.append(Binary{Binary::Kind::multiply}, name + ".scaled", {pixels, scale});
  const ValueId cut = graph.append(Activation{Activation::Kind::clip, 0, greatest_byte}, name + ".cut", {scaled});
  return graph.append(Activation{Activation::Kind::round}, name + ".bytes", {cut});
}

}  // namespace ballast::graph
