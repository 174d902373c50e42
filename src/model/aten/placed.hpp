// SPDX-License-Identifier: Apache-2.0
//
// A network where it runs. Private to the parts that are built with LibTorch.

#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "ballast/model/open.hpp"

namespace ballast::model {

// Of a batch that lies there in this type: its scores, images x classes. Several threads may call at once.
struct Placed {
  at::Device device;
  at::ScalarType type;
  std::function<at::Tensor(const at::Tensor& x)> scores;
};

// How the network takes images.
struct BatchLayout {
  ImageShape shape;
  graph::InputLayout layout = graph::InputLayout::chw;
  std::vector<std::int64_t> dims;  // of one of them
};

// Room for a batch in the processor's memory.
struct HostBatch {
  // for_device: in memory that devices read by themselves, with the channels innermost as they want them.
  HostBatch(const BatchLayout& layout, int images, ElementType type, bool for_device);

  at::Tensor tensor;   // images x layout.dims
  InputBuffer buffer;  // the same memory
};

// The devices that are asked for: "cpu", "cuda", "cuda:1", "cuda:0,1". Throws InputError where they are not there.
std::vector<at::Device> devices_from(const std::string& text);

// How a processor's or device's arithmetic is called in a manifest: all that its results depend on.
std::string arithmetic_of(const std::vector<at::Device>& devices);

// Results that are the same every time: no search for kernels, no atomic sums, no TF32 in place of fp32. For the process as a whole.
void use_deterministic_algorithms();

}  // namespace ballast::model
