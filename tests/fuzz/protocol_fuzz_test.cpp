// SPDX-License-Identifier: Apache-2.0
//
// Mutated messages: each is read, or refused with InputError; nothing else happens.

#include <gtest/gtest.h>

#include <random>

#include "ballast/protocol/infer.hpp"
#include "ballast/protocol/metadata.hpp"
#include "readers.hpp"

namespace ballast::protocol::protocol_fuzz_test {
namespace {

std::vector<Tensor> tensors(bool binary) {
  return {{"image", DataType::fp32, {1, 2, 2}, std::vector<float>{0, 0.5F, 1, 0.25F}, binary},
          {"label", DataType::int64, {2}, std::vector<std::int64_t>{-1, 7}, binary},
          {"abstained", DataType::boolean, {2}, std::vector<std::uint8_t>{0, 1}, binary},
          {"draw", DataType::bytes, {2}, std::vector<std::string>{"a", "bc"}, binary}};
}

std::vector<Message> valid_messages() {
  return {write(InferRequest{"1", {{"n", std::int64_t{5}}}, tensors(false), {{"label", true}}}),
          write(InferRequest{"1", {}, tensors(true), {}}), write(InferResponse{"m", "1", "2", {}, tensors(true)})};
}

std::string mutated(std::string text, std::mt19937_64& random) {
  const std::string pieces = "[]{}:,\"-+.eE0123456789naulIF\\ \xff";
  for (std::uint64_t change = random() % 3 + 1; change > 0; --change) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0: text[at] = pieces[random() % pieces.size()]; break;
      case 1: text.insert(at, 1, pieces[random() % pieces.size()]); break;
      case 2: text.erase(at, random() % 20); break;
      default: text[at] = static_cast<char>(random()); break;
    }
    if (text.empty()) text = "{";
  }
  return text;
}

using fuzz::is_read;

TEST(ProtocolReader, ReadsOrRefusesWhateverItIsGiven) {
  const std::vector<Message> valid = valid_messages();
  std::mt19937_64 random(2026);
  int read = 0, refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Message& message = valid[random() % valid.size()];
    const std::string body = mutated(message.body, random);
    const auto length = random() % 8 == 0 ? std::optional<std::size_t>(random() % (2 * body.size())) : message.header_length;
    for (const bool as_read : {is_read([&] { read_request(body, length); }), is_read([&] { read_response(body, length); })})
      ++(as_read ? read : refused);
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

TEST(ProtocolReader, ReadsOrRefusesWhateverMetadataItIsGiven) {
  const std::string valid = write(ModelMetadata{"m", {"1"}, "p", {{"image", "FP32", {-1, 3, 2, 2}}}, {{"label", "INT64", {-1}}}});
  std::mt19937_64 random(2027);
  int read = 0, refused = 0;
  for (int round = 0; round < 5000; ++round) {
    const std::string text = mutated(valid, random);
    ++(is_read([&] { read_model_metadata(text); }) ? read : refused);
    is_read([&] { read_server_metadata(text); });
    read_error(text);
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace ballast::protocol::protocol_fuzz_test
