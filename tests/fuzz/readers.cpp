// SPDX-License-Identifier: Apache-2.0

#include "readers.hpp"

#include <array>

namespace ballast::fuzz {

std::span<const Reader> readers() {
  static constexpr std::array all{
      Reader{"onnx", 8192, read_onnx},         Reader{"folder", 2048, read_model_folder}, Reader{"idx", 512, read_idx},
      Reader{"cifar", 8192, read_cifar},       Reader{"image", 4096, read_image},         Reader{"npy", 2048, read_npy},
      Reader{"mat", 2048, read_mat},           Reader{"labels", 512, read_labels},        Reader{"log", 2048, read_log},
      Reader{"manifest", 4096, read_manifest}, Reader{"request", 2048, read_request},     Reader{"http", 2048, read_http},
      Reader{"reply", 2048, read_reply},       Reader{"answer", 1024, read_answer},       Reader{"words", 2048, read_command_line}};
  return all;
}

}  // namespace ballast::fuzz
