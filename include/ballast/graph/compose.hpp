// SPDX-License-Identifier: Apache-2.0
//
// Networks out of networks: one behind another, a pool or a change of scale in
// front. What is certified is then the whole.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "ballast/core/input_buffer.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::graph {

// Appends all of `network` to `graph`, fed by the value `from`, and returns
// what it puts out. Names that are taken get a prefix. Throws InputError saying
// both shapes unless `from` has those of the network's input.
ValueId append_network(Graph& graph, ValueId from, const Graph& network);

// Appends scale * x + offset by channel (dimension 1), one entry for all
// channels or one for each, and returns it. What changes nothing is left out.
// Throws InputError for another number of entries or one that is not finite.
ValueId append_affine(Graph& graph, ValueId from, const std::string& name, std::span<const ChannelAffine> channels);

// `second` on what `first` puts out, with the metadata of `second`, to whose
// entry ballast.composed `what` is added ("what; what was there before").
// Throws InputError saying both shapes where they do not fit.
Graph join(Graph first, const Graph& second, const std::string& what);

// The model behind an average pool (window and stride `factor`): it takes
// images so many times as high and wide. The mean of factor^2 independent
// Gaussians of deviation sigma is one of deviation sigma / factor, so that the
// model meets noise of sigma / factor, and an l2 radius is worth factor times as
// much (Cohen, Rosenfeld and Kolter 2019, Appendix G, Proposition 6, for 2).
// Throws InputError unless 2 <= factor <= 8 and the model takes images with the channels first.
Graph average_pool_in_front(const Graph& model, int factor);

// The model on scale * x + offset, or scale * y + offset of what it puts out; as append_affine.
Graph affine_in_front(const Graph& model, std::span<const ChannelAffine> channels);
Graph affine_behind(Graph model, std::span<const ChannelAffine> channels);

// What of several networks' scores is averaged: the scores, or the probabilities that a softmax makes of them.
enum class EnsembleMean { scores, probabilities };

// One network that puts out the mean of what these do, whose smoothed classifier errs less than theirs (Horvath et al. 2022). A
// normalisation that several begin with is done once. The metadata says what it is composed of, and ballast.sigma where all have the
// same. Throws InputError unless there are at least two, all of the same input and as many classes.
Graph ensemble(const std::vector<Graph>& members, EnsembleMean mean);

}  // namespace ballast::graph
