// SPDX-License-Identifier: Apache-2.0
//
// A network as a list of oneDNN primitives for a fixed micro-batch: layouts
// chosen by the library, activations and residual sums joined to the layer
// before them, every buffer placed beforehand. One plan serves one thread.

#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "../prepared.hpp"
#include "arena.hpp"
#include "primitives.hpp"

namespace ballast::model::onednn {

// A value's place: a buffer (from an offset in bytes) and how it lies there.
struct Stored {
  BufferId buffer = -1;
  std::size_t offset = 0;
  memory::desc desc;
};

class Plan {
 public:
  Plan(const Prepared& model, memory::data_type type, int micro_batch);

  void run();

  InputBuffer input() const;
  const float* scores() const;  // micro_batch x classes
  const std::vector<std::string>& description() const { return description_; }
  std::size_t working_bytes() const { return arena_.bytes(); }

 private:
  friend class Lowering;

  struct Step {
    dnnl::primitive primitive;
    std::vector<memory> memories;            // keeps what the arguments point to
    std::vector<dnnl_exec_arg_t> arguments;  // as the library takes them, so that running allocates nothing
    std::function<void()> host;              // instead of a primitive
  };

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  Arena arena_;
  std::vector<Step> steps_;
  std::vector<std::string> description_;
  InputBuffer input_;
  Stored stored_input_, scores_;
};

}  // namespace ballast::model::onednn
