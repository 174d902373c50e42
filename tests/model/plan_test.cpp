// SPDX-License-Identifier: Apache-2.0

#include "onednn/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <vector>

#include "gradient_cases.hpp"

namespace ballast::model::plan_test {
namespace {

Prepared two_layers() {
  Builder b({batch, 3, 6, 6});
  const ValueId conv = b.append(graph::Convolution{{1, 1}, {1, 1, 1, 1}, {1, 1}, 1}, {b.x(), b.constant({16, 3, 3, 3}), b.constant({16})});
  const ValueId mean = b.append(graph::Reduce{{2, 3}}, {b.append(Activation{Activation::Kind::relu}, {conv})});
  const ValueId flat = b.append(graph::Reshape{}, {mean}, {batch, 16});
  Prepared prepared;
  prepared.graph = b.ending_in(b.append(graph::Linear{}, {flat, b.constant({10, 16}), b.constant({10})}));
  prepared.shape = {3, 6, 6};
  prepared.affine.resize(3);
  prepared.classes = 10;
  return prepared;
}

TEST(Plan, ReadsTheConstantsOfThePlanBeforeIt) {
  const Prepared prepared = two_layers();
  onednn::Constants constants;
  onednn::Plan first(prepared, {onednn::memory::data_type::f32}, 4, constants);
  ASSERT_EQ(constants.forms.size(), 4U);  // weights and biases
  std::vector<void*> places;
  for (const auto& form : constants.forms) places.push_back(form.get_data_handle());
  Prepared without = prepared;
  for (graph::Value& value : without.graph.values)
    if (value.constant) value.constant = std::make_shared<const graph::Tensor>(graph::Tensor{value.dims, {}});
  onednn::Plan second(without, {onednn::memory::data_type::f32}, 4, constants);
  ASSERT_EQ(constants.forms.size(), places.size());
  for (std::size_t i = 0; i < places.size(); ++i) EXPECT_EQ(constants.forms[i].get_data_handle(), places[i]);
  for (onednn::Plan* plan : {&first, &second}) {
    const InputBuffer input = plan->input();
    std::fill_n(static_cast<float*>(input.data), 4 * prepared.shape.size(), 0.75F);
    plan->run();
  }
  EXPECT_TRUE(std::equal(first.scores(), first.scores() + 40, second.scores()));
  EXPECT_NE(first.scores()[0], first.scores()[1]);
}

TEST(Plan, ReadsNoConstantsOfAnotherForm) {
  const Prepared prepared = two_layers();
  onednn::Constants constants;
  onednn::Plan(prepared, {onednn::memory::data_type::f32}, 4, constants);
  const auto was = constants.forms[0].get_desc();
  const onednn::memory::desc other({16, 3, 3, 3}, onednn::memory::data_type::f32, onednn::memory::dims{1, 16, 48, 144});
  ASSERT_NE(was, other);
  constants.forms[0] = onednn::memory(other, constants.forms[0].get_engine());
  EXPECT_THROW(onednn::Plan(prepared, {onednn::memory::data_type::f32}, 4, constants), std::bad_alloc);
}

TEST(Plan, CountsOperationsAndBytesOfItsSteps) {
  const Prepared prepared = two_layers();
  onednn::Constants constants;
  onednn::Plan plan(prepared, {onednn::memory::data_type::f32}, 4, constants);
  double operations = 0, bytes = 0;
  for (const auto& step : plan.profile(2)) {
    EXPECT_GT(step.seconds, 0) << step.what;
    EXPECT_LT(step.seconds, 10) << step.what;
    EXPECT_GT(step.bytes, 0) << step.what;
    operations += step.operations, bytes += step.bytes;
  }
  EXPECT_EQ(operations, 2.0 * 4 * (16 * 36 * 27 + 160));
  EXPECT_GE(bytes, 4.0 * (4 * (3 * 36 + 16 * 36 + 16 + 10) + 16 * 27 + 160));
}

}  // namespace
}  // namespace ballast::model::plan_test
