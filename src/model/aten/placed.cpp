// SPDX-License-Identifier: Apache-2.0

#include "placed.hpp"

#include <ATen/Context.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "ballast/core/errors.hpp"
#include "cuda.hpp"

namespace ballast::model {
namespace {

// What ATen dispatches on.
std::string widest_instructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return "avx512";
  if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
  return "baseline";
}

}  // namespace

HostBatch::HostBatch(const BatchLayout& layout, int images, ElementType type, bool for_device) {
  const ImageShape& shape = layout.shape;
  const auto channels = static_cast<std::size_t>(shape.channels);
  const std::size_t positions = shape.size() / channels;
  const auto options =
      at::TensorOptions(type == ElementType::bf16 ? at::kBFloat16 : at::kFloat).pinned_memory(for_device && at::globalContext().hasCUDA());
  const bool turned = for_device && layout.layout == graph::InputLayout::chw;
  if (turned) {
    tensor = at::zeros({images, shape.height, shape.width, shape.channels}, options).permute({0, 3, 1, 2});
  } else {
    std::vector<std::int64_t> sizes{images};
    sizes.insert(sizes.end(), layout.dims.begin(), layout.dims.end());
    tensor = at::zeros(sizes, options);
  }
  const bool innermost = turned || layout.layout == graph::InputLayout::hwc;
  buffer = {tensor.data_ptr(), type, shape, shape.size(), innermost ? 1 : positions, innermost ? channels : 1};
}

std::vector<at::Device> devices_from(const std::string& text) {
  if (text == "cpu") return {at::Device(at::kCPU)};
  const auto allowed = [&](bool fits) {
    require(fits, fmt::format("device {}: cpu, cuda, or cuda: and numbers of devices, as in cuda:0,1, are allowed", text));
  };
  allowed(text == "cuda" || text.starts_with("cuda:"));
  require(at::globalContext().hasCUDA(), fmt::format("device {}: there is no GPU that this build's LibTorch can use; use cpu", text));
  const int count = c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount();
  std::vector<at::Device> devices;
  std::string_view rest = text == "cuda" ? "0" : std::string_view(text).substr(5);
  for (;;) {
    int number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    allowed(error == std::errc{} && number >= 0);
    require(number < count, fmt::format("device {}: there are {} GPUs, numbered from 0", text, count));
    const at::Device device(at::kCUDA, static_cast<at::DeviceIndex>(number));
    require(std::count(devices.begin(), devices.end(), device) == 0, fmt::format("device {}: {} is there twice", text, number));
    devices.push_back(device);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty()) return devices;
    allowed(rest.front() == ',');
    rest.remove_prefix(1);
  }
}

std::string arithmetic_of(const std::vector<at::Device>& devices) {
  if (devices.front().is_cpu()) return widest_instructions();
  const std::string first = cuda_description(devices.front());
  for (const at::Device& device : devices) {
    const std::string other = cuda_description(device);
    require(other == first,
            fmt::format("devices of one kind are needed, and {} is {}, {} is {}", devices.front().str(), first, device.str(), other));
  }
  return first;
}

void use_deterministic_algorithms() {
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // what its results depend on; read when it is first used
  at::Context& context = at::globalContext();
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  context.setDeterministicAlgorithms(true, true);  // an operation that has no such algorithm warns
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);
}

}  // namespace ballast::model
