// SPDX-License-Identifier: Apache-2.0

#include "live_progress.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ballast::serve {

std::string pictures_json(const Image& image, const noise::NoisyWriter& plain, const noise::Stream& stream, std::size_t count) {
  const std::size_t size = image.shape.size(), positions = size / static_cast<std::size_t>(image.shape.channels);
  std::vector<float> copies(count * size);
  plain.write(image, stream, 0, static_cast<int>(count), {copies.data(), ElementType::f32, image.shape, size, positions, 1});
  nlohmann::ordered_json pictures = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < count; ++i) {
    nlohmann::ordered_json picture = nlohmann::ordered_json::array();
    for (std::size_t j = 0; j < size; ++j)
      picture.push_back(static_cast<int>(std::lround(std::clamp(copies[i * size + j], 0.0F, 1.0F) * 255)));
    pictures.push_back(std::move(picture));
  }
  return nlohmann::ordered_json{{"pictures", std::move(pictures)}}.dump();
}

}  // namespace ballast::serve
