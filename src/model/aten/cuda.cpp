// SPDX-License-Identifier: Apache-2.0

#include "cuda.hpp"

#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "nvidia_driver.hpp"

namespace ballast::model {
namespace {

// Libraries choose and prepare what they will use the first times they are called, which cannot be recorded.
constexpr int runs_before = 3;

class CudaGraph : public Recording {
 public:
  void play() override { graph_.replay(); }

  // False where something of the body cannot be recorded.
  bool record(const std::function<void()>& body) {
    graph_.capture_begin();
    try {
      body();
      graph_.capture_end();
      return true;
    } catch (const c10::Error&) {
      return false;
    }
  }
  void abandon() {
    try {
      graph_.capture_end();
    } catch (const c10::Error&) {  // it has ended by what went wrong
    }
  }

 private:
  at::cuda::CUDAGraph graph_;
};

}  // namespace

std::unique_ptr<Recording> record(const c10::Device&, const std::function<void()>& body) {
  for (int i = 0; i < runs_before; ++i) body();
  at::cuda::getCurrentCUDAStream().synchronize();
  auto graph = std::make_unique<CudaGraph>();
  if (graph->record(body)) return graph;
  graph->abandon();
  body();
  return {};
}

std::string cuda_description(const c10::Device& device) {
  const cudaDeviceProp& kind = *at::cuda::getDeviceProperties(device.index());
  return fmt::format("cuda sm_{}{} {}, driver {}", kind.major, kind.minor, kind.name, nvidia_driver());
}

}  // namespace ballast::model
