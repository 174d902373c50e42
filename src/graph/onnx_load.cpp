// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/graph/onnx.hpp"
#include "foreign_file.hpp"
#include "load_budget.hpp"
#include "onnx_external.hpp"
#include "onnx_reader.hpp"

namespace ballast::graph {
namespace {

constexpr std::size_t largest_onnx_file = (std::size_t{1} << 31) - 1;

onnx::ModelProto parse(std::span<const char> bytes, LoadBudget& budget) {
  google::protobuf::SetLogHandler(nullptr);  // what is wrong is said by us, in one line
  onnx::ModelProto model;
  require(!bytes.empty(), "the file is empty");
  require(bytes.size() <= largest_onnx_file, "the file is larger than 2 GB, which ONNX does not allow: save the weights in a second file");
  budget.bytes(growth_when_parsed(bytes));
  require(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && model.has_graph(), "not an ONNX model, or cut short");
  return model;
}

// Names in a file may hold anything; a message is one line.
std::string in_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char letter) { return std::iscntrl(letter) != 0; }, ' ');
  return text;
}

Graph parsed(std::span<const char> bytes, const std::string& name, const OnnxOptions& options, ExternalFiles& files) {
  try {
    LoadBudget budget(options.limit, bytes.size());
    const onnx::ModelProto model = parse(bytes, budget);
    return OnnxReader(model, options, files, std::move(budget)).read();
  } catch (const InputError& error) {
    throw InputError(in_one_line(fmt::format("{}: {}", name, error.what())));
  }
}

}  // namespace

Graph parse_onnx(std::span<const char> bytes, const std::string& name, const OnnxOptions& options) {
  ExternalFiles none;
  return parsed(bytes, name, options, none);
}

LoadedGraph load_onnx_and_digest(const std::filesystem::path& file, const OnnxOptions& options) {
  const std::string bytes = read_whole(file, largest_onnx_file, "no such model file, or not readable");
  refuse_foreign(file, bytes);
  ExternalFiles others(file.parent_path());
  Graph graph = parsed(bytes, file.string(), options, others);
  return {std::move(graph), others.digest(bytes)};
}

Graph load_onnx(const std::filesystem::path& file, const OnnxOptions& options) { return load_onnx_and_digest(file, options).graph; }

}  // namespace ballast::graph
