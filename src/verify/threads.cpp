// SPDX-License-Identifier: Apache-2.0

#include "ballast/verify/threads.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

namespace ballast::verify {

void use_threads(int threads) {
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

}  // namespace ballast::verify
