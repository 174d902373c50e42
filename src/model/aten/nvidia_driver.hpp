// SPDX-License-Identifier: Apache-2.0
//
// What the driver of NVIDIA's devices says of itself.

#pragma once

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace ballast::model {

// The version of the driver that is loaded; "unknown" where it does not say.
inline std::string nvidia_driver() {
  std::ifstream in("/proc/driver/nvidia/version");
  for (std::string word; in >> word;) {
    if (word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos) return word;
  }
  return "unknown";
}

// The kinds of devices that it has.
inline std::set<std::string> nvidia_models() {
  std::set<std::string> models;
  std::error_code none;
  for (const auto& device : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", none)) {
    std::ifstream in(device.path() / "information");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("Model:")) models.insert(line.substr(line.find_first_not_of(" \t", 6)));
    }
  }
  return models;
}

}  // namespace ballast::model
