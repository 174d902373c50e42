// SPDX-License-Identifier: Apache-2.0
//
// Tests that requests have asked for, kept for the next ones that ask for the same.

#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "ballast/smooth/certifier.hpp"

namespace ballast::serve {

// Safe to use from several threads at once.
class TestCache {
 public:
  // Throws InputError where the settings do not go together.
  std::shared_ptr<const smooth::Certifier> get(const procedure::Settings& settings);

 private:
  std::shared_ptr<const smooth::Certifier> find(const procedure::Settings& settings);

  std::mutex mutex_;
  std::deque<std::pair<procedure::Settings, std::shared_ptr<const smooth::Certifier>>> certifiers_;  // the latest first
};

}  // namespace ballast::serve
