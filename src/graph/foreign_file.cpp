// SPDX-License-Identifier: Apache-2.0

#include "foreign_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "ballast/core/errors.hpp"

namespace ballast::graph {
namespace {

// Lines of Python in which {} is the file.
constexpr std::string_view from_torchscript =
    "import torch\n"
    "model = torch.jit.load(\"{}\", map_location=\"cpu\").eval()\n"
    "torch.onnx.export(model, torch.zeros(1, 3, 224, 224), \"model.onnx\", input_names=[\"x\"], dynamic_axes={{\"x\": {{0: \"batch\"}}}})"
    "  # the size of your images";
constexpr std::string_view from_state_dict =
    "import torch  # the file holds weights and no network: Network stands for the class, or the builder, that they are of\n"
    "model = Network(); model.load_state_dict(torch.load(\"{}\", map_location=\"cpu\")); model.eval()\n"
    "torch.onnx.export(model, torch.zeros(1, 3, 224, 224), \"model.onnx\", input_names=[\"x\"], dynamic_axes={{\"x\": {{0: \"batch\"}}}})"
    "  # the size of your images";
constexpr std::string_view from_pytorch =
    "import torch  # and the network's class, by the name that it had when it was saved\n"
    "model = torch.load(\"{}\", map_location=\"cpu\", weights_only=False).eval()  # of a checkpoint: "
    "Network().load_state_dict(that[\"...\"])\n"
    "torch.onnx.export(model, torch.zeros(1, 3, 224, 224), \"model.onnx\", input_names=[\"x\"], dynamic_axes={{\"x\": {{0: \"batch\"}}}})"
    "  # the size of your images";
constexpr std::string_view from_keras =
    "import keras\n"
    "model = keras.models.load_model(\"{}\")\n"
    "model.export(\"model.onnx\", format=\"onnx\")";
constexpr std::string_view from_safetensors =
    "import torch, transformers  # beside {} lies its config.json; DIR is their folder\n"
    "model = transformers.AutoModelForImageClassification.from_pretrained(\"DIR\", return_dict=False).eval()\n"
    "torch.onnx.export(model, torch.zeros(1, 3, 224, 224), \"model.onnx\", input_names=[\"x\"], dynamic_axes={{\"x\": {{0: \"batch\"}}}})";
constexpr std::string_view from_tflite =
    "import subprocess, sys  # pip install tf2onnx\n"
    "command = [\"tf2onnx.convert\", \"--tflite\", \"{}\", \"--output\", \"model.onnx\", \"--opset\", \"17\"]\n"
    "subprocess.run([sys.executable, \"-m\", *command], check=True)";

struct Kind {
  std::string_view ending, magic, what, lines;
};

constexpr std::string_view hdf5 = "\x89HDF", zip = "PK\x03\x04";
constexpr std::array kinds{
    Kind{".pth", zip, "a file of PyTorch", from_pytorch},
    Kind{".pt", zip, "a file of PyTorch", from_pytorch},
    Kind{".ckpt", zip, "a checkpoint of PyTorch", from_pytorch},
    Kind{".h5", hdf5, "a file of Keras", from_keras},
    Kind{".hdf5", hdf5, "a file of Keras", from_keras},
    Kind{".keras", zip, "a file of Keras", from_keras},
    Kind{".safetensors", "", "a file of safetensors, which holds weights and no network", from_safetensors},
    Kind{".tflite", "", "a file of TensorFlow Lite", from_tflite},
};

const Kind* kind_of(const std::filesystem::path& file, std::string_view bytes) {
  const std::string ending = file.extension().string();
  for (const Kind& kind : kinds) {
    if (ending == kind.ending) return &kind;
  }
  for (const Kind& kind : kinds) {
    if (!kind.magic.empty() && bytes.starts_with(kind.magic)) return &kind;
  }
  return nullptr;
}

// A zip archive without compression, so that its parts can be told without unpacking it.
std::string_view lines_of(const Kind& kind, std::string_view bytes) {
  if (kind.lines != from_pytorch) return kind.lines;
  if (bytes.find("/code/__torch__") != std::string_view::npos) return from_torchscript;
  const std::size_t pickle = bytes.find("/data.pkl");
  const std::string_view begin = pickle == std::string_view::npos ? "" : bytes.substr(pickle, 256);
  return begin.find("ccollections\nOrderedDict") != std::string_view::npos ? from_state_dict : kind.lines;
}

}  // namespace

void refuse_foreign(const std::filesystem::path& file, std::string_view bytes) {
  const Kind* kind = kind_of(file, bytes);
  if (kind == nullptr) return;
  throw InputError(fmt::format("{}: is {}, and an ONNX file is needed. In Python, these lines export it:", file.string(), kind->what),
                   fmt::format(fmt::runtime(lines_of(*kind, bytes)), file.string()));
}

}  // namespace ballast::graph
