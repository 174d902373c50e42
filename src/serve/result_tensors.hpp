// SPDX-License-Identifier: Apache-2.0
//
// Answers as the tensors of a response.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/protocol/infer.hpp"
#include "ballast/protocol/metadata.hpp"
#include "ballast/serve/service.hpp"

namespace ballast::serve {

std::vector<protocol::TensorMetadata> smoothed_outputs(int classes);

// Those that the request wants, as it wants them. Throws InputError for a name that is not among the outputs.
std::vector<protocol::Tensor> smoothed_tensors(const protocol::InferRequest& request, const std::vector<Answer>& answers, int classes);

std::vector<protocol::TensorMetadata> base_outputs(int classes, bool with_scores);
std::vector<protocol::Tensor> base_tensors(const protocol::InferRequest& request, const std::vector<Label>& labels,
                                           std::vector<float> scores, int classes);

// Throws InputError for a requested output that is not among these.
void check_outputs(const protocol::InferRequest& request, const std::vector<protocol::TensorMetadata>& outputs);

// What is needed to draw an answer again: {"seed":"...","index":0}.
std::string draw_text(const Answer& answer);

}  // namespace ballast::serve
