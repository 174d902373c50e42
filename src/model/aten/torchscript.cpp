// SPDX-License-Identifier: Apache-2.0
//
// Networks that are programs of TorchScript.

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/version.h>

#include <sstream>

#include "../single_thread.hpp"
#include "aten_classifier.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/core/sha256.hpp"
#include "without_onednn.hpp"

namespace ballast::model {
namespace {

constexpr std::string_view zip_magic = "PK\x03\x04", program_folder = "/code/";
constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 36;

std::string bytes_of(const std::filesystem::path& file) { return read_whole(file, most_bytes, "no such file, or not readable"); }

// The line of an error of TorchScript's that says what went wrong; the others say where in the program.
std::string first_cause(const std::exception& error) {
  std::istringstream lines(error.what());
  std::string first, line;
  while (std::getline(lines, line)) {
    if (first.empty()) first = line;
    if (const auto at = line.find("Error: "); at != std::string::npos) return line.substr(at + 7);
  }
  return first;
}

// The class scores among what the program returns.
at::Tensor scores_in(const c10::IValue& result) {
  if (result.isTensor()) return result.toTensor();
  if (result.isTuple() && !result.toTupleRef().elements().empty()) return scores_in(result.toTupleRef().elements()[0]);
  if (result.isGenericDict()) {
    for (const auto& entry : result.toGenericDict()) {
      if (entry.key().isString() && entry.key().toStringRef() == "logits") return scores_in(entry.value());
    }
  }
  throw InputError("it returns no tensor of scores, nor a tuple or dictionary (logits) with one");
}

// What makes a result depend on more than the images.
void refuse_impure(const torch::jit::Block& block) {
  for (const torch::jit::Node* node : block.nodes()) {
    require(!node->isNondeterministic(),
            fmt::format("it draws random numbers ({}), and a label must be a function of its image", node->kind().toQualString()));
    require(node->kind() != c10::prim::SetAttr, "it remembers something from call to call, and a label must be a function of its image");
    for (const torch::jit::Block* inner : node->blocks()) refuse_impure(*inner);
  }
}

// The same results from the first call on: else a program is compiled again when it has been called a few times.
class PlainInterpreter {
 public:
  PlainInterpreter() : before_(torch::jit::getGraphExecutorOptimize()) {
    torch::jit::getExecutorMode() = false;
    torch::jit::setGraphExecutorOptimize(false);  // of this thread; loading wants it as it was
  }
  ~PlainInterpreter() { torch::jit::setGraphExecutorOptimize(before_); }
  PlainInterpreter(const PlainInterpreter&) = delete;
  PlainInterpreter& operator=(const PlainInterpreter&) = delete;

 private:
  bool before_;
};

class Program {
 public:
  Program(const std::string& bytes, const at::Device& device, at::ScalarType type) {
    std::istringstream in(bytes);
    torch::jit::Module module = torch::jit::load(in, device);
    module.eval();
    module.to(device, type);
    module_ = torch::jit::freeze(module);
    refuse_impure(*module_.get_method("forward").graph()->block());
  }

  at::Tensor operator()(const at::Tensor& x) const {
    const PlainInterpreter plain;
    torch::jit::Module module = module_;  // the same module: calling a method wants a name of one's own
    const at::Tensor scores = scores_in(module.forward({x}));
    require(scores.dim() == 2 && scores.size(0) == x.size(0) && scores.size(1) >= 2,
            fmt::format("it makes {} of {} images, and images x classes are needed, of 2 classes at least",
                        fmt::join(scores.sizes(), " x "), x.size(0)));
    return scores;
  }

 private:
  torch::jit::Module module_;
};

// Whether two rows of scores are equal but for rounding.
bool agree(const at::Tensor& one, const at::Tensor& other) {
  constexpr double tolerance = 1e-2;
  const at::Tensor a = one.to(at::kCPU, at::kDouble), b = other.to(at::kCPU, at::kDouble);
  const at::Tensor far = (a - b).abs().gt(b.abs().max() * tolerance);
  return !far.any().item<bool>();  // NaN is as far from NaN as it likes
}

// Images of one batch must not see each other: an image among others, and among copies of itself.
void require_images_apart(const Placed& placed, const ImageShape& shape) {
  constexpr std::int64_t images = 4;
  const at::Tensor x =
      at::rand({images, shape.channels, shape.height, shape.width}, at::TensorOptions(at::kFloat)).to(placed.device).to(placed.type);
  const at::Tensor all = placed.scores(x);
  for (std::int64_t i = 0; i < images; ++i) {
    const at::Tensor alone = placed.scores(x.slice(0, i, i + 1).expand(x.sizes()).contiguous());
    require(agree(alone[0], all[i]), "an image's scores depend on the other images of its batch (is it in training mode?)");
  }
}

int classes_of(const Placed& placed, const ImageShape& shape) {
  const at::Tensor x =
      at::zeros({2, shape.channels, shape.height, shape.width}, at::TensorOptions(at::kFloat)).to(placed.device).to(placed.type);
  return static_cast<int>(placed.scores(x).size(1));
}

std::unique_ptr<Classifier> classifier_from(const std::string& bytes, const ModelOptions& options) {
  const ImageShape& shape = options.shape;
  require(shape != ImageShape{}, "TorchScript does not say how large its images are: --input-shape does, as in 3x224x224");
  require(!options.layout || options.layout == graph::InputLayout::chw, "layout: a program of TorchScript takes channels x height x width");
  require(options.output.empty() && !options.threshold, "--output and --threshold are for ONNX files");
  const bool on_device = options.device != "cpu";
  require(on_device || options.precision == Precision::automatic || options.precision == Precision::fp32,
          "precision: TorchScript runs in fp32 on a processor");
  require(options.precision != Precision::int8, "precision int8: is for ONNX files");
  const Precision precision = options.precision == Precision::automatic ? Precision::fp32 : options.precision;
  const SingleThread single;
  const c10::NoGradGuard no_gradients;
  std::vector<Placed> devices;
  for (const auto& [device, type] : places_of(options, precision)) {
    const auto program = std::make_shared<const Program>(bytes, device, type);
    devices.push_back({device, type, [program](const at::Tensor& x) { return (*program)(x); }});
  }
  const int classes = classes_of(devices.front(), shape);
  require_images_apart(devices.front(), shape);
  AtenClassifier::Description description{
      "torchscript " + aten_version(),
      {shape, graph::InputLayout::chw, {shape.channels, shape.height, shape.width}},
      affine_of(options, shape.channels, std::vector<ChannelAffine>(static_cast<std::size_t>(shape.channels))),
      classes};
  auto classifier = std::make_unique<AtenClassifier>(std::move(description), std::move(devices), precision, options);
  require_runs(*classifier);
  return classifier;
}

}  // namespace

bool is_torchscript(const std::filesystem::path& file) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(file, unknown)) return false;
  const auto start = read_start(file, zip_magic.size());
  if (std::string_view(reinterpret_cast<const char*>(start.data()), start.size()) != zip_magic) return false;
  return bytes_of(file).find(program_folder) != std::string::npos;
}

LoadedClassifier load_torchscript(const std::filesystem::path& file, const ModelOptions& options) {
  const std::string bytes = bytes_of(file);
  Sha256 sha;
  sha.add(std::string_view(bytes));
  try {
    return {classifier_from(bytes, options), to_hex(sha.finish())};
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", file.string(), error.what()));
  } catch (const std::exception& error) {
    throw InputError(fmt::format("{}: cannot be run: {}", file.string(), first_cause(error)));
  }
}

}  // namespace ballast::model
