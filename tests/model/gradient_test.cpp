// SPDX-License-Identifier: Apache-2.0
//
// Every operation of a graph, run by ATen in double precision: its values against their definition, and its gradients, by
// the input and by each trained constant, against central differences.

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "../graph/interpreter.hpp"
#include "aten/network.hpp"
#include "gradient_cases.hpp"

namespace ballast::model::gradient_test {
namespace {

constexpr std::int64_t batch_size = 2;

// A power of two, so that no step is rounded. The cases have values and derivatives, up to the third, of 1e-3 to 1e3 times
// the largest first derivative: the difference is then off by step^2 / 6 times the third one and 2^-53 / step times the value,
// both below 1e-6 of the largest.
constexpr double step = 1.0 / (1 << 14);
constexpr double gradient_tolerance = 1e-6;

constexpr double value_tolerance = 1e-13;  // of the largest value: sums of at most 100 terms in another order
constexpr double kink_distance = 0.01;     // between an input and a point without a derivative: far more than a step

at::Tensor tensor_of(const Dims& dims, const std::vector<double>& values) {
  at::Tensor tensor = at::empty(at::IntArrayRef(dims), at::kDouble);
  std::copy(values.begin(), values.end(), tensor.data_ptr<double>());
  return tensor;
}

// In row-major order, however the tensor lies in memory.
std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().contiguous();
  return {plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel()};
}

graph::testing::Array input_of(const Case& tested) {
  graph::testing::Array input{tested.graph.dims(tested.graph.input), {}};
  input.dims[0] = batch_size;
  for (std::size_t i = 0; i < static_cast<std::size_t>(graph::elements(input.dims)); ++i)
    input.values.push_back(tested.centre + number(i, 0));
  return input;
}

// What is derived: the outputs' sum with weights that differ.
at::Tensor objective(Network& network, const at::Tensor& x, bool training) {
  const at::Tensor y = network.forward(x, training);
  std::vector<double> weights(static_cast<std::size_t>(y.numel()));
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 1 + number(i, 1) / 5;
  return y.mul(tensor_of({y.size(0), y.size(1)}, weights)).sum();
}

// The central difference of compute() by each element of the variable, which is put back.
template <typename Compute>
std::vector<double> differences(at::Tensor variable, Compute compute) {
  const c10::NoGradGuard no_gradients;
  const at::Tensor saved = variable.clone();
  std::vector<double> slopes;
  const auto moved = [&](std::int64_t i, double by) {
    at::Tensor change = at::zeros(variable.sizes(), at::kDouble);
    change.data_ptr<double>()[i] = by;
    variable.copy_(saved.add(change));
    return compute();
  };
  for (std::int64_t i = 0; i < variable.numel(); ++i) slopes.push_back((moved(i, step) - moved(i, -step)) / (2 * step));
  variable.copy_(saved);
  return slopes;
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

void expect_near(const std::vector<double>& values, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  ASSERT_GT(largest(expected), 0);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance * largest(expected)) << "element " << i;
}

// What a network in use computes, which is what its definition says.
std::vector<Case> cases_in_use() {
  std::vector<Case> cases = all_cases();
  std::erase_if(cases, [](const Case& tested) { return tested.training; });
  return cases;
}

std::string name_of_instance(const ::testing::TestParamInfo<Case>& instance) { return instance.param.name; }

class Gradient : public ::testing::TestWithParam<Case> {};
class Value : public ::testing::TestWithParam<Case> {};

TEST_P(Gradient, InputsDifferAndStayAwayFromKinks) {
  const std::vector<double> inputs = input_of(GetParam()).values;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) ASSERT_GT(std::abs(inputs[i] - inputs[j]), kink_distance) << i << " and " << j;
    for (const double kink : GetParam().kinks) ASSERT_GT(std::abs(inputs[i] - kink), kink_distance) << i;
  }
  for (const double kink : GetParam().kinks) {
    EXPECT_LT(*std::min_element(inputs.begin(), inputs.end()), kink);
    EXPECT_GT(*std::max_element(inputs.begin(), inputs.end()), kink);
  }
}

TEST_P(Value, IsThatOfTheDefinition) {
  const graph::testing::Array input = input_of(GetParam());
  Network network(GetParam().graph, at::kDouble);
  graph::testing::Interpreter definition(GetParam().graph, input);
  expect_near(values_of(network.forward(tensor_of(input.dims, input.values))), definition.output().values, value_tolerance);
}

TEST_P(Gradient, IsTheLimitOfDifferences) {
  const Case& tested = GetParam();
  const graph::testing::Array input = input_of(tested);
  at::Tensor x = tensor_of(input.dims, input.values);
  Network network(tested.graph, at::kDouble);
  network.require_gradients();
  x.requires_grad_(true);
  objective(network, x, tested.training).backward();
  std::vector<at::Tensor> variables = network.parameters();
  ASSERT_EQ(variables.size(), tested.trained);
  variables.push_back(x);
  for (const at::Tensor& variable : variables) {
    SCOPED_TRACE("by " + std::string(variable.is_same(x) ? "the input" : "a constant"));
    ASSERT_TRUE(variable.grad().defined());
    expect_near(values_of(variable.grad()), differences(variable, [&] { return objective(network, x, tested.training).item<double>(); }),
                gradient_tolerance);
  }
}

struct Moments {
  double mean = 0;
  double variance = 0;  // divided by the number of values
};

// Of one channel of dims (batch, channels, ...).
Moments moments(const std::vector<double>& values, const Dims& dims, std::size_t channel) {
  const auto channels = static_cast<std::size_t>(dims[1]);
  const std::size_t plane = values.size() / static_cast<std::size_t>(dims[0]) / channels;
  double sum = 0, squares = 0, count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i / plane % channels == channel) sum += values[i], squares += values[i] * values[i], ++count;
  }
  return {sum / count, squares / count - sum / count * sum / count};
}

TEST(BatchNormInTraining, NormalisesByTheMomentsOfTheBatch) {
  const Case tested{"", batch_norm(), 2, true};
  const graph::Node& node = tested.graph.nodes.front();
  const auto& scales = tested.graph.tensor(node.inputs[1]).values;
  const auto& shifts = tested.graph.tensor(node.inputs[2]).values;
  const graph::testing::Array input = input_of(tested);
  const std::vector<double> output = values_of(Network(tested.graph, at::kDouble).forward(tensor_of(input.dims, input.values), true));
  for (std::size_t channel = 0; channel < scales.size(); ++channel) {
    const double variance = moments(input.values, input.dims, channel).variance, scale = static_cast<double>(scales[channel]);
    const Moments given = moments(output, input.dims, channel);
    EXPECT_NEAR(given.mean, static_cast<double>(shifts[channel]), 1e-12);  // rounding of sums
    EXPECT_NEAR(given.variance, scale * scale * variance / (variance + static_cast<double>(1e-3F)), 1e-12);
  }
}

// With the slope of a step, 0, an attack would find nothing.
TEST(Steps, HaveTheSlopeOfTheIdentity) {
  using Kind = Activation::Kind;
  for (const Kind kind : {Kind::round, Kind::floor, Kind::ceil, Kind::sign}) {
    Network network(alone({batch, 4}, Activation{kind}), at::kDouble);
    at::Tensor x = tensor_of({1, 4}, {-1.5, -0.25, 0.75, 2.5});
    x.requires_grad_(true);
    network.forward(x).sum().backward();
    const std::vector<double> identity(4, 1), cut{0, 1, 1, 0};  // Sign: within [-1, 1]
    EXPECT_EQ(values_of(x.grad()), kind == Kind::sign ? cut : identity) << static_cast<int>(kind);
  }
}

TEST(Steps, OfWholeNumbersHaveItBetweenTheirEnds) {
  Network network(alone({batch, 4}, Activation{Activation::Kind::quantise, 0.0078125F, 128}), at::kDouble);
  at::Tensor x = tensor_of({1, 4}, {-1.5, -0.25, 0.75, 2.5});
  x.requires_grad_(true);
  network.forward(x).sum().backward();
  EXPECT_EQ(values_of(x.grad()), (std::vector<double>{0, 1, 1, 0}));
}

TEST(Questions, HaveNoSlopeAndAreAPartOfTheNetworkAllTheSame) {
  Builder b({batch, 4});
  const auto y = b.append(Binary{Binary::Kind::greater}, {b.x(), b.constant({4})});
  Network network(b.ending_in(y), at::kDouble);
  at::Tensor x = tensor_of({1, 4}, {-1.5, -0.25, 0.75, 2.5});
  x.requires_grad_(true);
  network.forward(x).sum().backward();
  EXPECT_EQ(values_of(x.grad()), std::vector<double>(4, 0));
}

std::vector<Case> cases_with_slopes() {
  std::vector<Case> cases = all_cases();
  std::erase_if(cases, [](const Case& tested) { return !tested.has_slope; });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Operations, Gradient, ::testing::ValuesIn(cases_with_slopes()), name_of_instance);
INSTANTIATE_TEST_SUITE_P(Operations, Value, ::testing::ValuesIn(cases_in_use()), name_of_instance);

}  // namespace
}  // namespace ballast::model::gradient_test
