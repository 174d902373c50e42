// SPDX-License-Identifier: Apache-2.0
//
// Within a session a library runs on the caller's thread alone: the cores are
// shared out above it, one session each.

#pragma once

#include <omp.h>

namespace ballast::model {

class SingleThread {
 public:
  SingleThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~SingleThread() { omp_set_num_threads(before_); }
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;

 private:
  int before_;
};

}  // namespace ballast::model
