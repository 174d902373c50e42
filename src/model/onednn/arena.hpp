// SPDX-License-Identifier: Apache-2.0
//
// One block of memory for all of a plan's buffers: buffers that are never
// needed at the same time share a place, so the work stays in cache.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ballast::model::onednn {

using BufferId = int;

class Arena {
 public:
  BufferId add(std::size_t bytes);

  // The buffer is read or written at this step; steps are told in order.
  void use(BufferId buffer, int step);

  // The buffer lives from the first step to past the last: input and output.
  void keep(BufferId buffer);

  // Gives every buffer its place; afterwards at() may be called.
  void allocate();
  std::byte* at(BufferId buffer) const;
  std::size_t bytes() const { return size_; }

 private:
  struct Buffer {
    std::size_t bytes = 0;
    int first = -1, last = -1;
    std::size_t offset = 0;
  };
  struct Free {
    void operator()(std::byte* memory) const;
  };

  std::vector<Buffer> buffers_;
  std::size_t size_ = 0;
  std::unique_ptr<std::byte, Free> memory_;
};

}  // namespace ballast::model::onednn
