// SPDX-License-Identifier: Apache-2.0

#include "result_tensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "ballast/core/errors.hpp"

namespace ballast::serve {

namespace {

using protocol::DataType;
using protocol::InferRequest;
using protocol::Tensor;
using protocol::TensorMetadata;

// A tensor of one value an image.
template <class Value>
Tensor column(const char* name, DataType type, const std::vector<Answer>& answers, const Value& value) {
  std::vector<std::decay_t<decltype(value(answers[0]))>> values;
  for (const Answer& answer : answers) values.push_back(value(answer));
  return {name, type, {static_cast<std::int64_t>(answers.size())}, std::move(values)};
}

Tensor counts_of(const std::vector<Answer>& answers, int classes) {
  std::vector<std::int64_t> values;
  for (const Answer& answer : answers) {
    for (int c = 0; c < classes; ++c) values.push_back(static_cast<std::int64_t>(answer.counts[static_cast<std::size_t>(c)]));
  }
  return {"counts", DataType::int64, {static_cast<std::int64_t>(answers.size()), classes}, std::move(values)};
}

std::vector<Tensor> wanted(const InferRequest& request, std::vector<Tensor> tensors) {
  std::erase_if(tensors, [&](const Tensor& tensor) { return !wants(request, tensor.name); });
  for (Tensor& tensor : tensors) tensor.binary = wants_binary(request, tensor.name);
  return tensors;
}

}  // namespace

std::string draw_text(const Answer& answer) { return fmt::format(R"({{"seed":"{}","index":{}}})", answer.seed, answer.index); }

std::vector<TensorMetadata> smoothed_outputs(int classes) {
  return {{"label", "INT64", {-1}},   {"radius", "FP64", {-1}},    {"p_lower", "FP64", {-1}}, {"counts", "INT64", {-1, classes}},
          {"samples", "INT64", {-1}}, {"abstained", "BOOL", {-1}}, {"draw", "BYTES", {-1}}};
}

std::vector<Tensor> smoothed_tensors(const InferRequest& request, const std::vector<Answer>& answers, int classes) {
  return wanted(request,
                {column("label", DataType::int64, answers, [](const Answer& a) { return std::int64_t{a.label.value_or(-1)}; }),
                 column("radius", DataType::fp64, answers, [](const Answer& a) { return a.radius; }),
                 column("p_lower", DataType::fp64, answers, [](const Answer& a) { return a.p_lower; }), counts_of(answers, classes),
                 column("samples", DataType::int64, answers, [](const Answer& a) { return static_cast<std::int64_t>(a.samples); }),
                 column("abstained", DataType::boolean, answers, [](const Answer& a) { return std::uint8_t{!a.label}; }),
                 column("draw", DataType::bytes, answers, [](const Answer& a) { return draw_text(a); })});
}

std::vector<TensorMetadata> base_outputs(int classes, bool with_scores) {
  std::vector<TensorMetadata> outputs{{"label", "INT64", {-1}}};
  if (with_scores) outputs.push_back({"scores", "FP32", {-1, classes}});
  return outputs;
}

std::vector<Tensor> base_tensors(const InferRequest& request, const std::vector<Label>& labels, std::vector<float> scores, int classes) {
  const auto count = static_cast<std::int64_t>(labels.size());
  std::vector<std::int64_t> values;
  for (const Label label : labels) values.push_back(label == classes ? -1 : label);
  std::vector<Tensor> tensors{{"label", DataType::int64, {count}, std::move(values)}};
  if (!scores.empty()) tensors.push_back({"scores", DataType::fp32, {count, classes}, std::move(scores)});
  return wanted(request, std::move(tensors));
}

void check_outputs(const InferRequest& request, const std::vector<TensorMetadata>& outputs) {
  std::string names;
  for (const TensorMetadata& output : outputs) names += (names.empty() ? "" : ", ") + output.name;
  for (const protocol::RequestedOutput& asked : request.outputs) {
    const bool known = std::any_of(outputs.begin(), outputs.end(), [&](const TensorMetadata& output) { return output.name == asked.name; });
    require(known, "outputs: one is asked for that the model does not have; it has " + names);
  }
}

}  // namespace ballast::serve
