// SPDX-License-Identifier: Apache-2.0
//
// How images enter a network of a file: sizes that it leaves open, and inputs of bytes.

#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "ballast/graph/onnx.hpp"

namespace ballast::graph {

// Sizes as the file declares them; 0 where one is left open.
Dims declared_dims(const onnx::TypeProto::Tensor& type);

// Of the graph's input: the batch first, open sizes taken from the images. Throws InputError where they are not known.
Dims input_dims(const std::string& name, Dims in_file, const OnnxOptions& options);

// Adds the input and, for bytes, what makes them of pixels. Returns the value that the file's nodes read. Throws InputError for another
// type.
ValueId take_input(Graph& graph, const std::string& name, const Dims& dims, int type);

}  // namespace ballast::graph
