// SPDX-License-Identifier: Apache-2.0

#include "test_cache.hpp"

#include <algorithm>

namespace ballast::serve {

namespace {

constexpr std::size_t most_kept = 64;

}  // namespace

std::shared_ptr<const smooth::Certifier> TestCache::find(const procedure::Settings& settings) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(certifiers_.begin(), certifiers_.end(), [&](const auto& entry) { return entry.first == settings; });
  return found == certifiers_.end() ? nullptr : found->second;
}

std::shared_ptr<const smooth::Certifier> TestCache::get(const procedure::Settings& settings) {
  if (auto kept = find(settings)) return kept;
  auto certifier = std::make_shared<const smooth::Certifier>(settings);
  const std::lock_guard lock(mutex_);
  certifiers_.emplace_front(settings, certifier);
  if (certifiers_.size() > most_kept) certifiers_.pop_back();
  return certifier;
}

}  // namespace ballast::serve
