// SPDX-License-Identifier: Apache-2.0
//
// Batches on devices, for which the processor stands: what differs on a GPU is the order of work alone.

#include "aten/device_queue.hpp"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "aten/network.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/graph/architectures.hpp"
#include "prepared.hpp"

namespace ballast::model::device_queue_test {
namespace {

constexpr ImageShape shape{3, 8, 8};
constexpr int class_count = 10, batch = 6;

float pseudo_random(std::size_t i) { return static_cast<float>(std::sin(12.9898 * static_cast<double>(i + 1)) * 0.7); }

graph::Graph network_of(const std::string& name) {
  graph::Graph graph = graph::build_architecture(name, shape, class_count, {});
  for (graph::Value& value : graph.values) {
    if (!value.constant) continue;
    graph::Tensor tensor = *value.constant;
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      tensor.values[i] = pseudo_random(i) + (value.name.find("var") != std::string::npos ? 1.0f : 0);
    value.constant = std::make_shared<const graph::Tensor>(std::move(tensor));
  }
  return graph;
}

void write_image(const InputBuffer& buffer, std::size_t place, std::size_t image) {
  const std::size_t positions = shape.size() / static_cast<std::size_t>(shape.channels);
  for (std::size_t c = 0; c < static_cast<std::size_t>(shape.channels); ++c) {
    for (std::size_t p = 0; p < positions; ++p) {
      const std::size_t index = place * buffer.sample_stride + c * buffer.channel_stride + p * buffer.position_stride;
      static_cast<float*>(buffer.data)[index] = pseudo_random(image * shape.size() + c * positions + p);
    }
  }
}

Placed placed(const graph::Graph& graph) {
  const auto network = std::make_shared<const Network>(graph);
  return {at::Device(at::kCPU), at::kFloat, [network](const at::Tensor& x) { return network->forward(x); }};
}

// Of images 0 ... count - 1, by a session.
std::vector<std::uint64_t> votes_by_session(const graph::Graph& graph, std::size_t count) {
  const auto session = classifier_from(graph, {.shape = shape, .engine = Engine::aten})->new_session();
  std::vector<std::uint64_t> votes(class_count + 1);
  for (std::size_t i = 0; i < count; ++i) {
    write_image(session->input(), 0, i);
    Label label = 0;
    session->classify({&label, 1});
    ++votes[static_cast<std::size_t>(label)];
  }
  return votes;
}

std::vector<std::uint64_t> votes_by_queue(const graph::Graph& graph, std::size_t devices, std::size_t count) {
  const graph::InputLayout layout = graph::fit_layout(graph, shape);
  const graph::Dims& dims = graph.dims(graph.input);
  const auto queue = device_queue(std::vector<Placed>(devices, placed(graph)), {shape, layout, {dims.begin() + 1, dims.end()}},
                                  ElementType::f32, batch, class_count);
  EXPECT_EQ(queue->devices(), static_cast<int>(devices));
  std::vector<std::uint64_t> votes(class_count + 1);
  for (std::size_t first = 0; first < count; first += batch) {
    const int number = static_cast<int>(first / batch) % queue->buffers();
    const std::size_t filled = std::min<std::size_t>(batch, count - first);
    queue->wait(number);
    for (std::size_t i = 0; i < filled; ++i) write_image(queue->buffer(number), i, first + i);
    queue->start(number, static_cast<int>(filled));
  }
  queue->finish(votes);
  std::vector<std::uint64_t> again(class_count + 1);
  queue->finish(again);
  EXPECT_EQ(again, std::vector<std::uint64_t>(class_count + 1)) << "votes are given once";
  return votes;
}

TEST(DeviceQueue, CountsWhatSessionsAnswerForAnyNumberOfDevices) {
  for (const char* name : {"resnet8", "mlp3x32", "cnn-small"}) {
    const graph::Graph graph = network_of(name);
    for (const std::size_t count : {1, 6, 7, 40}) {
      const auto expected = votes_by_session(graph, count);
      for (const std::size_t devices : {1, 2, 3}) EXPECT_EQ(votes_by_queue(graph, devices, count), expected) << name << ", " << count;
    }
  }
}

TEST(DeviceQueue, LabelsAreTheFirstOfTheGreatestAndNoneForNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  const std::vector<float> scores{1,         3,         3,          //
                                  5,         5,         5,          //
                                  nan,       1,         2,          //
                                  1,         2,         nan,        //
                                  -infinite, -infinite, -infinite,  //
                                  0,         infinite,  infinite,   //
                                  -0.0f,     0.0f,      -1};
  const at::Tensor labels = labels_of(at::tensor(scores).reshape({7, 3}));
  const std::vector<std::int64_t> expected{1, 0, 3, 3, 0, 1, 0};
  EXPECT_EQ(std::vector<std::int64_t>(labels.data_ptr<std::int64_t>(), labels.data_ptr<std::int64_t>() + 7), expected);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(label_of(std::span(scores).subspan(i * 3, 3)), expected[i]);
}

TEST(DeviceQueue, BatchesForDevicesHaveTheChannelsInnermost) {
  for (const ElementType type : {ElementType::f32, ElementType::bf16}) {
    const HostBatch host({{3, 4, 5}, graph::InputLayout::chw, {3, 4, 5}}, 2, type, true);
    EXPECT_TRUE(host.tensor.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_EQ(host.tensor.sizes(), at::IntArrayRef({2, 3, 4, 5}));
    EXPECT_EQ(host.buffer.channel_stride, 1u);
    EXPECT_EQ(host.buffer.position_stride, 3u);
    EXPECT_EQ(host.buffer.type, type);
  }
}

TEST(Devices, AreSaidToBeMissingOrMisspelt) {
  EXPECT_EQ(devices_from("cpu").size(), 1u);
  for (const char* text : {"", "gpu", "cuda:", "cuda:x", "cuda:0,", "cuda:0,0", "cuda:-1", "cuda:99", "cuda0", "cpu:0"}) {
    EXPECT_THROW(devices_from(text), InputError) << text;
  }
}

TEST(Devices, PrecisionsOfTheProcessorAreThoseItHas) {
  const graph::Graph graph = network_of("cnn-small");
  EXPECT_THROW(classifier_from(graph, {.shape = shape, .engine = Engine::aten, .precision = Precision::fp16}), InputError);
  EXPECT_THROW(classifier_from(graph, {.shape = shape, .precision = Precision::fp16}), InputError);
}

}  // namespace
}  // namespace ballast::model::device_queue_test
