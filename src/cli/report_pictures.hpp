// SPDX-License-Identifier: Apache-2.0
//
// The pictures that a report shows.

#pragma once

#include <filesystem>
#include <vector>

#include "ballast/report/page.hpp"
#include "options.hpp"

namespace ballast::cli {

// Of the images that a reader will look for first in each log: wrong ones, the least and the most robust; `most` of them at most, and
// fewer where they are large, so that the page stays one that opens. None where no data are named.
// With several data sets among the logs, only those of this one have pictures; a line on standard error says so, and where labels
// are others than in a log.
// attacked: folder of `attack --save`, whose images are shown before all others; empty for none. Throws InputError where one of them is
// not of the size of its image.
void add_pictures(report::PageContent& content, const std::vector<report::Source>& sources, const DataArguments& data, std::size_t most,
                  const std::filesystem::path& attacked);

}  // namespace ballast::cli
