// SPDX-License-Identifier: Apache-2.0
//
// What libFuzzer calls. The reader is named by the environment variable BALLAST_READER.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "../onnx_mutator.hpp"
#include "../png_repair.hpp"
#include "../readers.hpp"

using namespace ballast;

namespace {

const fuzz::Reader& chosen() {
  static const fuzz::Reader& reader = []() -> const fuzz::Reader& {
    const char* name = std::getenv("BALLAST_READER");
    for (const fuzz::Reader& one : fuzz::readers()) {
      if (name != nullptr && one.name == name) return one;
    }
    std::fputs("BALLAST_READER names none of:", stderr);
    for (const fuzz::Reader& one : fuzz::readers()) std::fprintf(stderr, " %s", std::string(one.name).c_str());
    std::fputs("\n", stderr);
    std::exit(2);
  }();
  return reader;
}

// A well-formed network that says something else; 0 where the bytes are none, or it is too long.
std::size_t changed_network(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  onnx::ModelProto model;
  if (!model.ParseFromArray(data, static_cast<int>(size)) || model.opset_import_size() == 0) return 0;
  const auto& graph = model.graph();
  if (graph.node_size() == 0 || graph.initializer_size() == 0 || graph.input_size() == 0 || graph.output_size() == 0) return 0;
  const std::string bytes = graph::OnnxMutator(seed).changed(model).SerializeAsString();
  if (bytes.size() > most) return 0;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

}  // namespace

extern "C" {

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

// The reader's own longest input, unless the command line says another. What a reader makes once is made here: it is not the first
// input's time.
int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static std::string longest = "-max_len=" + std::to_string(chosen().longest);
  static std::vector<char*> words(*argv, *argv + *argc);
  words.insert(words.begin() + 1, longest.data());
  words.push_back(nullptr);
  *argc = static_cast<int>(words.size()) - 1;
  *argv = words.data();
  chosen().read({});
  return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen().read({data, size});
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  static const bool networks = chosen().name == "onnx", images = chosen().name == "image";
  if (networks && seed % 4 != 0) {
    if (const std::size_t changed = changed_network(data, size, most, seed)) return changed;
  }
  const std::size_t mutated = LLVMFuzzerMutate(data, size, most);
  if (images && seed % 4 != 0 && mutated > 8 && data[0] == 0x89) fuzz::repair_png({data, mutated});
  return mutated;
}

}  // extern "C"
