// SPDX-License-Identifier: Apache-2.0
//
// Networks in the files of other programs, which are taken for models most often.

#pragma once

#include <filesystem>
#include <string_view>

namespace ballast::graph {

// Throws InputError, with the lines of Python that export ONNX as its hint, where the file is one of PyTorch, Keras, safetensors
// or TensorFlow Lite: by its ending or by its first bytes.
void refuse_foreign(const std::filesystem::path& file, std::string_view bytes);

}  // namespace ballast::graph
