// SPDX-License-Identifier: Apache-2.0
//
// DATA that is one image: answered in a sentence, with a log or without.

#pragma once

#include <string>

#include "ballast/log/record.hpp"
#include "smoothing_run.hpp"

namespace ballast::cli {

// LOG, which may be left out for one image alone.
void add_log_to(CLI::App& command, std::string& log);

// Lets one image be without a label where there is no log to say whether the answer is right. Throws InputError where LOG is missing and
// DATA is another.
void prepare_single_image(SmoothingArguments& arguments, const std::string& log);

// What a row says: the class, its radius and the confidence, or that there is no answer; with a label, whether it is right.
std::string certified_sentence(const SmoothingArguments& arguments, const FinishedRun& run);
std::string predicted_sentence(const SmoothingArguments& arguments, const FinishedRun& run);

}  // namespace ballast::cli
