// SPDX-License-Identifier: Apache-2.0
//
// A session whose labels come from scores.

#pragma once

#include "ballast/model/classifier.hpp"

namespace ballast::model {

class ScoringSession : public Session {
 public:
  ScoringSession(int micro_batch, int classes) : micro_batch_(micro_batch), classes_(static_cast<std::size_t>(classes)) {}

  int micro_batch() const override { return micro_batch_; }

  void classify(std::span<Label> labels) override {
    const auto all = scores(static_cast<int>(labels.size()));
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = label_of(all.subspan(i * classes_, classes_));
  }

 protected:
  // The scores of the first `count` places, from where the engine left them.
  std::span<const float> first_scores(const float* scores, int count) const { return {scores, static_cast<std::size_t>(count) * classes_}; }

 private:
  int micro_batch_;
  std::size_t classes_;
};

}  // namespace ballast::model
