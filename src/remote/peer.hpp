// SPDX-License-Identifier: Apache-2.0
//
// One who is asked.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "ballast/core/image.hpp"

namespace ballast::remote {

// A process or a connection, for one thread.
class Peer {
 public:
  virtual ~Peer() = default;

  // images: labels.size() of them, one after another. A label may be anything; NaN scores are the label `classes`.
  // Throws std::runtime_error where no reply comes, or one that does not fit.
  virtual void ask(std::span<const float> images, std::span<Label> labels) = 0;
};

// How the model wants an image.
struct Layout {
  std::size_t channel_stride = 0, position_stride = 0;
};

// Called before so many images are sent, each time that they are; throws std::runtime_error where the budget is spent.
using Spend = std::function<void(std::size_t images)>;

// Starts or connects another peer.
class Peers {
 public:
  virtual ~Peers() = default;
  virtual std::unique_ptr<Peer> another(const Spend& spend) const = 0;  // must not outlive this

  virtual int classes() const = 0;
  virtual Layout layout() const = 0;
  virtual std::string name() const = 0;         // "exec", "http"
  virtual std::string description() const = 0;  // of all that is known
};

}  // namespace ballast::remote
