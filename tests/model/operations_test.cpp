// SPDX-License-Identifier: Apache-2.0
//
// Every operation of a graph, run by every engine in single precision, against its definition.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../graph/interpreter.hpp"
#include "ballast/model/open.hpp"
#include "gradient_cases.hpp"

namespace ballast::model {
namespace {

constexpr std::int64_t images = 3;
constexpr double single_precision = 1e-5;  // of the largest value: sums of at most 100 terms, and polynomials for functions

std::vector<double> inputs_of(const Case& tested) {
  std::vector<double> inputs(static_cast<std::size_t>(images * graph::elements(tested.graph.dims(tested.graph.input))));
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<double>(static_cast<float>(tested.centre + number(i, 0)));
  return inputs;
}

// Row-major inputs into the session's places, with what the engine took of the network's first steps.
void write(const InputBuffer& buffer, const std::vector<ChannelAffine>& affine, const std::vector<double>& inputs) {
  const std::size_t size = buffer.shape.size(), positions = size / static_cast<std::size_t>(buffer.shape.channels);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::size_t place = i / size, channel = i % size / positions, position = i % positions;
    const double value = affine[channel].scale * inputs[i] + affine[channel].offset;
    const std::size_t index = place * buffer.sample_stride + channel * buffer.channel_stride + position * buffer.position_stride;
    static_cast<float*>(buffer.data)[index] = static_cast<float>(value);
  }
}

std::vector<double> scores_of(const Case& tested, Engine engine) {
  const auto classifier = classifier_from(tested.graph, {.engine = engine, .precision = Precision::fp32});
  const auto session = classifier->new_session();
  write(session->input(), classifier->affine(), inputs_of(tested));
  const auto scores = session->scores(static_cast<int>(images));
  return {scores.begin(), scores.end()};
}

void compare(const Case& tested, Engine engine) {
  const std::vector<double> expected = graph::testing::run(tested.graph, inputs_of(tested)), scores = scores_of(tested, engine);
  ASSERT_EQ(scores.size(), expected.size());
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], single_precision * largest) << "element " << i;
}

// What a network in use computes.
std::vector<Case> cases_in_use() {
  std::vector<Case> cases = all_cases();
  std::erase_if(cases, [](const Case& tested) { return tested.training; });
  return cases;
}

std::string name_of_instance(const ::testing::TestParamInfo<Case>& instance) { return instance.param.name; }

class Operation : public ::testing::TestWithParam<Case> {};

TEST_P(Operation, UnderOnednnIsItsDefinition) { compare(GetParam(), Engine::onednn); }

TEST_P(Operation, UnderAtenIsItsDefinition) {
  if (!has_aten()) GTEST_SKIP() << "this build has no LibTorch";
  compare(GetParam(), Engine::aten);
}

INSTANTIATE_TEST_SUITE_P(Each, Operation, ::testing::ValuesIn(cases_in_use()), name_of_instance);

}  // namespace
}  // namespace ballast::model
