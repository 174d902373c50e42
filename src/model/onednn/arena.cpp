// SPDX-License-Identifier: Apache-2.0

#include "arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <numeric>

namespace ballast::model::onednn {
namespace {

constexpr std::size_t alignment = 4096;

}  // namespace

BufferId Arena::add(std::size_t bytes) {
  buffers_.push_back({(std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment});
  return static_cast<BufferId>(buffers_.size()) - 1;
}

void Arena::use(BufferId id, int step) {
  Buffer& buffer = buffers_[static_cast<std::size_t>(id)];
  if (buffer.first < 0) buffer.first = step;
  buffer.last = std::max(buffer.last, step);
}

void Arena::keep(BufferId id) {
  Buffer& buffer = buffers_[static_cast<std::size_t>(id)];
  buffer.first = 0;
  buffer.last = std::numeric_limits<int>::max();
}

void Arena::allocate() {
  // In order of birth, each buffer takes the lowest place free during its life.
  std::vector<std::size_t> order(buffers_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return buffers_[a].first < buffers_[b].first; });
  std::vector<const Buffer*> placed;  // by offset
  for (const std::size_t index : order) {
    Buffer& buffer = buffers_[index];
    std::size_t offset = 0;
    for (const Buffer* other : placed) {
      const bool together = other->first <= buffer.last && buffer.first <= other->last;
      if (!together) continue;
      if (offset + buffer.bytes <= other->offset) break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    buffer.offset = offset;
    size_ = std::max(size_, offset + buffer.bytes);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), &buffer, [](const Buffer* a, const Buffer* b) { return a->offset < b->offset; }),
        &buffer);
  }
  void* memory = std::aligned_alloc(alignment, std::max(size_, alignment));
  if (!memory) throw std::bad_alloc();
  std::memset(memory, 0, size_);
  memory_.reset(static_cast<std::byte*>(memory));
}

std::byte* Arena::at(BufferId buffer) const { return memory_.get() + buffers_[static_cast<std::size_t>(buffer)].offset; }

void Arena::Free::operator()(std::byte* memory) const { std::free(memory); }

}  // namespace ballast::model::onednn
