// SPDX-License-Identifier: Apache-2.0
//
// A network made ready for an engine, and how images enter it.

#pragma once

#include "ballast/model/open.hpp"

namespace ballast::model {

struct Prepared {
  graph::Graph graph;
  ImageShape shape;
  graph::InputLayout layout = graph::InputLayout::chw;
  std::vector<ChannelAffine> affine;
  int classes = 0;
};

// Strides of a buffer that holds the network's input in row-major order.
InputBuffer row_major_input(const Prepared& model);

// The engines, by the options that concern them. An engine that is not in the build is another source file, which throws InputError.
std::unique_ptr<Classifier> onednn_classifier(Prepared model, const ModelOptions& options);
std::unique_ptr<Classifier> aten_classifier(Prepared model, const ModelOptions& options);

// options.micro_batch, or the engine's own choice. Throws InputError.
int micro_batch_of(const ModelOptions& options, int choice);

// The caller's normalisation, then the network's own. Throws InputError.
std::vector<ChannelAffine> affine_of(const ModelOptions& options, int channels, const std::vector<ChannelAffine>& own);

}  // namespace ballast::model
