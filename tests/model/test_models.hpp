// SPDX-License-Identifier: Apache-2.0
//
// The real networks that tests run on, and inputs for them.

#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "ballast/model/open.hpp"

namespace ballast::model {

inline std::filesystem::path shared_folder() { return BALLAST_SHARED; }

struct ReferenceModel {
  std::string name;
  std::filesystem::path file;
  std::vector<std::int64_t> input_dims;
  std::vector<double> logits;
};

// Empty where the shared folder is absent.
inline std::vector<ReferenceModel> reference_models() {
  std::vector<ReferenceModel> models;
  std::ifstream in(shared_folder() / "reference" / "onnx_logits.json");
  if (!in) return models;
  const auto document = nlohmann::json::parse(in);
  for (const auto& [name, entry] : document["models"].items()) {
    models.push_back({name, shared_folder() / "models" / name, entry["input_dims"], entry["logits"]});
  }
  return models;
}

// Element i of the formula input that the reference was computed on.
inline float formula_input(std::size_t i) {
  const std::uint64_t index = i % 65521;
  return static_cast<float>(static_cast<double>(index * 40503 % 65521) / 65521);
}

inline float as_it_is(float value) { return value; }

// Writes image number `image` of the formula input, changed, to a place of the buffer, normalised.
inline void write_formula(const InputBuffer& buffer, std::span<const ChannelAffine> affine, bool channels_last, std::size_t image,
                          std::size_t place, float (*changed)(float) = as_it_is) {
  const auto channels = static_cast<std::size_t>(buffer.shape.channels);
  const std::size_t size = buffer.shape.size(), positions = size / channels;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t channel = channels_last ? i % channels : i / positions;
    const std::size_t position = channels_last ? i / channels : i % positions;
    const double value = affine[channel].scale * static_cast<double>(changed(formula_input(image * size + i))) + affine[channel].offset;
    const std::size_t index = place * buffer.sample_stride + channel * buffer.channel_stride + position * buffer.position_stride;
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    if (buffer.type == ElementType::bf16)
      static_cast<std::uint16_t*>(buffer.data)[index] = static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    else static_cast<float*>(buffer.data)[index] = static_cast<float>(value);
  }
}

inline bool is_channels_last(const ReferenceModel& model) { return model.input_dims.size() == 4 && model.input_dims[3] <= 4; }

}  // namespace ballast::model
