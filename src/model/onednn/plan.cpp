// SPDX-License-Identifier: Apache-2.0

#include "plan.hpp"

#include "lowering.hpp"

namespace ballast::model::onednn {

Plan::Plan(const Prepared& model, memory::data_type type, int micro_batch) { Lowering(*this, model, type, micro_batch).lower(); }

void Plan::run() {
  for (const Step& step : steps_) {
    if (step.host) step.host();
    else {
      const auto count = static_cast<int>(step.arguments.size());
      dnnl::error::wrap_c_api(dnnl_primitive_execute(step.primitive.get(), stream_.get(), count, step.arguments.data()),
                              "a step of the network failed");
    }
  }
  stream_.wait();
}

InputBuffer Plan::input() const { return input_; }

const float* Plan::scores() const { return reinterpret_cast<const float*>(arena_.at(scores_.buffer) + scores_.offset); }

}  // namespace ballast::model::onednn
