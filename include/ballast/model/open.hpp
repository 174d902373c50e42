// SPDX-License-Identifier: Apache-2.0
//
// From a network to a classifier that runs.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ballast/core/enum_names.hpp"
#include "ballast/graph/graph.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/graph/passes.hpp"
#include "ballast/model/classifier.hpp"

namespace ballast::model {

enum class Engine { onednn, aten };
enum class Precision { automatic, fp32, bf16, fp16, int8 };

// What callers ask for.
inline constexpr EnumNames<Engine, 2> engine_names{{{{Engine::onednn, "onednn"}, {Engine::aten, "aten"}}}};
inline constexpr EnumNames<Precision, 5> precision_names{{{{Precision::automatic, "auto"},
                                                           {Precision::fp32, "fp32"},
                                                           {Precision::bf16, "bf16"},
                                                           {Precision::fp16, "fp16"},
                                                           {Precision::int8, "int8"}}}};

struct ModelOptions {
  ImageShape shape;                          // of the images; {} takes it from the model where that is clear
  std::optional<graph::InputLayout> layout;  // how the model wants them; found out where not given
  double input_scale = 1;                    // the model wants pixels of [0, input_scale]
  std::vector<double> mean, deviation;       // and then (x - mean) / deviation by channel; empty: as they are

  std::string output;               // which of several the file's network has; empty: the only one that fits
  std::optional<double> threshold;  // of one score for two classes (graph::OnnxOptions)

  Engine engine = Engine::onednn;
  std::string device = "cpu";  // "cuda", "cuda:1" or "cuda:0,1": GPUs, of one kind; then the engine is ATen
  // automatic: bf16 where processor or device multiplies it and the network rounds nothing. fp16 is for devices alone. int8: products of
  // whole numbers in the layers of a network that is quantised, and what lies between as by automatic for one that is not.
  Precision precision = Precision::automatic;
  int micro_batch = 0;  // images at a time; 0: the engine's own choice
};

// How the file is to be read for these.
graph::OnnxOptions reading(const ModelOptions& options);

// Throws InputError where model and images do not fit, where the precision or
// the engine is not to be had, or for an operation that the engine cannot run.
std::unique_ptr<Classifier> classifier_from(graph::Graph graph, const ModelOptions& options);

// The same from an ONNX file.
std::unique_ptr<Classifier> open_classifier(const std::filesystem::path& file, const ModelOptions& options);

// Whether a file holds a network as a program of TorchScript.
bool is_torchscript(const std::filesystem::path& file);

struct LoadedClassifier {
  std::unique_ptr<Classifier> classifier;
  std::string sha256;  // of the file's bytes
};

// Such a network, which takes images as batch x channels x height x width: the options must say their shape. In fp32 where they ask for
// no precision. The program is executed, so it must be trusted. Throws InputError where this build cannot run it, where it does not
// take such images, and where an image's scores are not a function of that image alone: it draws random numbers, remembers, or looks at
// the other images of a batch.
LoadedClassifier load_torchscript(const std::filesystem::path& file, const ModelOptions& options);

// Whether this processor multiplies bf16 natively, and whole numbers of 8 bits exactly; and whether this build has the ATen engine.
bool has_bf16();
bool has_int8();
bool has_aten();

// GFLOP/s of a large matrix product by the engine's own library, on so many threads: the machine's practical peak.
double peak_gflops(Precision precision, int threads);

// GB/s that one thread reads and writes in copying within so many bytes of memory.
double copied_gigabytes(std::size_t bytes);

}  // namespace ballast::model
