// SPDX-License-Identifier: Apache-2.0

#include "plan.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "lowering.hpp"

namespace ballast::model::onednn {

Plan::Plan(const Prepared& model, Arithmetic arithmetic, int micro_batch, Constants& constants) : engine_(constants.engine) {
  Lowering(*this, model, arithmetic, micro_batch, constants).lower();
}

void Plan::run(const Step& step) {
  if (step.host) return step.host();
  const auto count = static_cast<int>(step.arguments.size());
  dnnl::error::wrap_c_api(dnnl_primitive_execute(step.primitive.get(), stream_.get(), count, step.arguments.data()),
                          "a step of the network failed");
}

void Plan::run() {
  for (const Step& step : steps_) run(step);
  stream_.wait();
}

std::vector<Profile::Step> Plan::profile(int rounds) {
  std::vector<Profile::Step> profile;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    profile.push_back({description_[i], std::numeric_limits<double>::infinity(), steps_[i].operations, steps_[i].bytes});
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const auto start = std::chrono::steady_clock::now();
      run(steps_[i]);
      stream_.wait();
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      profile[i].seconds = std::min(profile[i].seconds, taken.count());
    }
  }
  return profile;
}

InputBuffer Plan::input() const { return input_; }

const float* Plan::scores() const { return reinterpret_cast<const float*>(arena_.at(scores_.buffer) + scores_.offset); }

}  // namespace ballast::model::onednn
