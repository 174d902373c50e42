// SPDX-License-Identifier: Apache-2.0

#include "images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "ballast/core/errors.hpp"
#include "ballast/core/sha256.hpp"

namespace ballast::serve {

namespace {

using protocol::DataType;
using protocol::Tensor;

std::size_t count_of(const Tensor& tensor, const ImageShape& shape, std::size_t most) {
  std::vector<std::int64_t> image{shape.channels, shape.height, shape.width};
  const bool alone = tensor.shape == image;
  const bool fits = alone || (tensor.shape.size() == 4 && std::equal(image.begin(), image.end(), tensor.shape.begin() + 1));
  require(fits, fmt::format("image: its shape is {}; {} is needed, alone or after the number of images", protocol::shape_text(tensor.shape),
                            protocol::shape_text(image)));
  const auto count = alone ? std::size_t{1} : static_cast<std::size_t>(tensor.shape[0]);
  require(count >= 1 && count <= most,
          fmt::format("image: {} images; 1 to {} are allowed: send fewer at a time, or serve with a larger --batch", count, most));
  return count;
}

template <class T>
std::vector<Image> cut(const Tensor& tensor, const ImageShape& shape, std::size_t count) {
  const std::vector<T>& values = tensor.as<T>();
  std::vector<Image> images;
  for (auto start = values.begin(); images.size() < count; start += static_cast<std::ptrdiff_t>(shape.size()))
    images.push_back({shape, std::vector<T>(start, start + static_cast<std::ptrdiff_t>(shape.size()))});
  return images;
}

void check_unit(const std::vector<float>& values) {
  const bool unit = std::all_of(values.begin(), values.end(), [](float value) { return value >= 0 && value <= 1; });
  require(unit, "image: FP32 pixels lie in [0, 1]; bytes are sent as UINT8");
}

}  // namespace

std::vector<Image> images_from(const protocol::InferRequest& request, const ImageShape& shape, std::size_t most, bool unit) {
  require(request.inputs.size() == 1 && request.inputs[0].name == "image", "inputs: one tensor of the name \"image\" is needed");
  const Tensor& tensor = request.inputs[0];
  require(tensor.type == DataType::uint8 || tensor.type == DataType::fp32,
          fmt::format("image: its datatype is {}; UINT8 and FP32 are allowed", to_string(tensor.type)));
  const std::size_t count = count_of(tensor, shape, most);
  if (unit && tensor.type == DataType::fp32) check_unit(tensor.as<float>());
  return tensor.type == DataType::uint8 ? cut<std::uint8_t>(tensor, shape, count) : cut<float>(tensor, shape, count);
}

std::string sha256_of(const Image& image) {
  Sha256 hash;
  std::visit(
      [&](const auto& pixels) {
        hash.add(std::span(reinterpret_cast<const std::uint8_t*>(pixels.data()), pixels.size() * sizeof pixels[0]));
      },
      image.pixels);
  return to_hex(hash.finish());
}

}  // namespace ballast::serve
