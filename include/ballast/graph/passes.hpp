// SPDX-License-Identifier: Apache-2.0
//
// Changes to a network that leave what it computes as it was.

#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ballast/core/image.hpp"
#include "ballast/core/input_buffer.hpp"
#include "ballast/graph/graph.hpp"

namespace ballast::graph {

// Batch normalisations right behind a convolution or a linear layer that
// nothing else reads become part of its weights.
void fold_batch_norms(Graph& graph);

// Every batch normalisation becomes a multiplication and an addition by channel.
void batch_norms_to_binaries(Graph& graph);

// A constant added right behind a convolution or a linear layer becomes its bias.
void fold_biases(Graph& graph);

// Taking every s-th row and column and padding channels with zeros (the
// parameter-free shortcut of CIFAR residual networks) becomes a convolution
// with a 1x1 kernel, which engines can join with the sum behind it.
void shortcuts_to_convolutions(Graph& graph);

// What exporters write as several operations becomes one where it is one: layer normalisation, GELU in its exact form and by tanh,
// x sigmoid(x), x hard_sigmoid(x), x tanh(softplus(x)), and attention (the scaled product of queries and keys, a mask, softmax, the
// product with the values), and rounding to 8 bits and back.
void recognise_operations(Graph& graph);

// All of the above but batch_norms_to_binaries.
void simplify(Graph& graph);

// Whether it rounds what it computes, as networks of whole numbers do: narrow types would lose more than they mean to.
bool rounds(const Graph& graph);

// Drops nodes and values that the output does not need.
void remove_unused(Graph& graph);

// How an image lies in the network's input.
enum class InputLayout { chw, hwc, flat };
std::string_view to_string(InputLayout layout);
std::optional<InputLayout> layout_named(std::string_view name);

// The layout in which images of this shape fit the input. Without one given,
// channels first is tried, then channels last, then a flat vector. Throws
// InputError saying both shapes where nothing fits.
InputLayout fit_layout(const Graph& graph, const ImageShape& shape, std::optional<InputLayout> wanted = {});

// Takes a leading chain of per-channel additions and multiplications by
// constants (Sub, Div, Mul, Add, BatchNormalization) off the graph and returns
// it as one affine map for each channel; identities where there is none.
std::vector<ChannelAffine> take_input_affine(Graph& graph, const ImageShape& shape, InputLayout layout);

}  // namespace ballast::graph
