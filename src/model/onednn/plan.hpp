// SPDX-License-Identifier: Apache-2.0
//
// A network as a list of oneDNN primitives for a fixed micro-batch: layouts
// chosen by the library, activations and residual sums joined to the layer
// before them, every buffer placed beforehand. One plan serves one thread.

#pragma once

#include <functional>
#include <map>
#include <optional>
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

// The network's constants in the forms that its primitives want, in the order in which a plan asks for them: made by the first plan of a
// network, read by all those like it.
struct Constants {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  std::vector<memory> forms;
  std::map<graph::ValueId, std::optional<std::vector<float>>> steps;  // of weights that may be whole numbers: graph::WholeWeights::steps
};

struct Arithmetic {
  memory::data_type type;  // of what lies between the layers
  bool whole = false;      // layers whose input and weights are rounded to 8 bits multiply whole numbers
};

class Plan {
 public:
  // Fills constants where there are none; else they are those of a plan with the same arguments.
  Plan(const Prepared& model, Arithmetic arithmetic, int micro_batch, Constants& constants);

  void run();

  // Runs it so often, and says how long each step took at its fastest.
  std::vector<Profile::Step> profile(int rounds);

  InputBuffer input() const;
  const float* scores() const;  // micro_batch x classes
  const std::vector<std::string>& description() const { return description_; }
  std::size_t working_bytes() const { return arena_.bytes(); }  // without the constants

 private:
  friend class Lowering;

  struct Step {
    dnnl::primitive primitive;
    std::vector<memory> memories;            // keeps what the arguments point to
    std::vector<dnnl_exec_arg_t> arguments;  // as the library takes them, so that running allocates nothing
    std::function<void()> host;              // instead of a primitive
    double operations = 0, bytes = 0;        // multiplied and added; read and written
  };

  void run(const Step& step);

  dnnl::engine engine_;
  dnnl::stream stream_{engine_};
  Arena arena_;
  std::vector<Step> steps_;
  std::vector<std::string> description_;
  InputBuffer input_;
  Stored stored_input_, scores_;
};

}  // namespace ballast::model::onednn
