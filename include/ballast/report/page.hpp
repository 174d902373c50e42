// SPDX-License-Identifier: Apache-2.0
//
// One page that shows logs: a single HTML file that needs nothing else.

#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/report/source.hpp"

namespace ballast::report {

// Pictures of one image, as PNG files of its own size.
struct ImagePictures {
  int channels = 3;  // of the image
  std::string clean;
  std::map<std::string, std::vector<std::string>> noisy;  // by noise level
  std::string attacked;                                   // what an attack made of it; empty: nothing
  double distance = 0;                                    // how far that is from it, in l2
};

struct PageContent {
  std::string version;  // of the program
  std::string title;
  std::vector<double> radii;     // of the tables
  std::optional<double> alpha;   // stated for logs without a manifest
  double rho = 0.001;            // allowed error of each bound
  const Source* gold = nullptr;  // the gold standard of logs of PREDICT
  std::map<std::uint64_t, ImagePictures> pictures;
  std::vector<bool> pictured;  // by source: whether the pictures are of its images; empty: of all
};

// What the page shows, as JSON in which no text can end the script element it
// stands in.
std::string page_data(std::span<const Source> sources, const PageContent& content);

// The page, whole.
std::string page(std::span<const Source> sources, const PageContent& content);

}  // namespace ballast::report
