// SPDX-License-Identifier: Apache-2.0
//
// What ATen runs, as a classifier.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "../prepared.hpp"
#include "placed.hpp"

namespace ballast::model {

class AtenClassifier : public Classifier {
 public:
  struct Description {
    std::string engine;
    BatchLayout layout;
    std::vector<ChannelAffine> affine;
    int classes;
  };
  // devices: of one kind, at least one; each has the whole network.
  AtenClassifier(Description description, std::vector<Placed> devices, Precision precision, const ModelOptions& options);

  ImageShape image_shape() const override { return description_.layout.shape; }
  int classes() const override { return description_.classes; }
  std::vector<ChannelAffine> affine() const override { return description_.affine; }
  std::unique_ptr<Session> new_session() const override;
  bool has_devices() const override { return !devices_.front().device.is_cpu(); }
  std::unique_ptr<DeviceQueue> new_queue() const override;
  std::string engine() const override { return description_.engine; }
  std::string precision() const override { return std::string(precision_names.of(precision_)); }
  std::string instruction_set() const override { return arithmetic_; }

  int micro_batch() const { return micro_batch_; }

 private:
  ElementType buffer_type() const;

  Description description_;
  std::vector<Placed> devices_;
  Precision precision_;
  int micro_batch_;
  std::string arithmetic_;
};

// Where the network is to run, and the type of its arithmetic there.
std::vector<std::pair<at::Device, at::ScalarType>> places_of(const ModelOptions& options, Precision precision);

// Throws InputError where ATen has no way to compute an operation, or no memory for a batch.
void require_runs(const AtenClassifier& classifier);

}  // namespace ballast::model
