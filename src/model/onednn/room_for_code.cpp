// SPDX-License-Identifier: Apache-2.0

#include "room_for_code.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace ballast::model::onednn {
namespace {

constexpr std::size_t most_code = std::size_t{64} << 20;  // of one primitive, with room to spare: a product has a hundred forms of 256 kB

}  // namespace

void require_room_for_code() {
  void* room = mmap(nullptr, most_code, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  munmap(room, most_code);
}

}  // namespace ballast::model::onednn
