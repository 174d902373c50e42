// SPDX-License-Identifier: Apache-2.0
//
// Messages of the protocol: known answers both ways, and what is refused.

#include "ballast/protocol/infer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"

namespace ballast::protocol::infer_test {
namespace {

using Json = nlohmann::json;

Tensor tensor_of(const std::string& name, DataType type, std::vector<std::int64_t> shape, Values values, bool binary = false) {
  return {name, type, std::move(shape), std::move(values), binary};
}

// One tensor of each type.
std::vector<Tensor> all_types(bool binary) {
  return {tensor_of("b", DataType::boolean, {2}, std::vector<std::uint8_t>{1, 0}, binary),
          tensor_of("u", DataType::uint8, {1, 3}, std::vector<std::uint8_t>{0, 7, 255}, binary),
          tensor_of("i", DataType::int32, {2}, std::vector<std::int32_t>{std::numeric_limits<std::int32_t>::min(), 5}, binary),
          tensor_of("l", DataType::int64, {2, 1}, std::vector<std::int64_t>{-1, std::numeric_limits<std::int64_t>::max()}, binary),
          tensor_of("f", DataType::fp32, {3}, std::vector<float>{0.1F, -2.5F, std::numeric_limits<float>::denorm_min()}, binary),
          tensor_of("d", DataType::fp64, {2}, std::vector<double>{0.1, std::nextafter(1.0, 0.0)}, binary),
          tensor_of("s", DataType::bytes, {2}, std::vector<std::string>{"\"quoted\"\n", ""}, binary)};
}

void expect_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].type, b[i].type);
    EXPECT_EQ(a[i].shape, b[i].shape);
    EXPECT_EQ(a[i].values, b[i].values) << a[i].name;
    EXPECT_EQ(a[i].binary, b[i].binary);
  }
}

// The line with which the text is refused as a request; "accepted" where it is not.
std::string refusal(const std::function<void()>& read) {
  try {
    read();
    return "accepted";
  } catch (const InputError& error) {
    const std::string line = error.what();
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    return line;
  }
}
std::string refusal(const std::string& body, std::optional<std::size_t> header_length = std::nullopt, const ReadLimits& limits = {}) {
  return refusal([&] { read_request(body, header_length, limits); });
}
void expect_refused(const std::string& line, const std::string& word) { EXPECT_NE(line.find(word), std::string::npos) << line; }

std::string request_with(const std::string& tensor) { return R"({"inputs":[)" + tensor + "]}"; }
std::string image(const std::string& type, const std::string& shape, const std::string& data) {
  return request_with(R"({"name":"image","datatype":")" + type + R"(","shape":)" + shape + R"(,"data":)" + data + "}");
}

TEST(Request, IsReadFromJsonThatOthersWrote) {
  const InferRequest request = read_request(
      R"({"id":"42","model_name":"m","parameters":{"n":1000,"alpha":0.01,"flag":true,"word":"x"},
          "inputs":[{"name":"image","shape":[2,2],"datatype":"FP32","data":[[1,2.5],[-3,4e-1]]}],
          "outputs":[{"name":"label"},{"name":"scores","parameters":{"binary_data":true}}]})",
      std::nullopt);
  EXPECT_EQ(request.id, "42");
  EXPECT_EQ(std::get<std::int64_t>(request.parameters.at("n")), 1000);
  EXPECT_EQ(std::get<double>(request.parameters.at("alpha")), 0.01);
  EXPECT_EQ(std::get<bool>(request.parameters.at("flag")), true);
  EXPECT_EQ(std::get<std::string>(request.parameters.at("word")), "x");
  ASSERT_EQ(request.inputs.size(), 1U);
  EXPECT_EQ(request.inputs[0].as<float>(), (std::vector<float>{1, 2.5F, -3, 0.4F}));
  EXPECT_FALSE(request.inputs[0].binary);
  EXPECT_TRUE(wants(request, "label"));
  EXPECT_FALSE(wants(request, "radius"));
  EXPECT_FALSE(wants_binary(request, "label"));
  EXPECT_TRUE(wants_binary(request, "scores"));
}

TEST(Request, IsReadFromBytesThatOthersWrote) {
  const std::string json = R"({"inputs":[{"name":"a","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}},)"
                           R"({"name":"b","datatype":"INT32","shape":[1],"data":[9]},)"
                           R"({"name":"c","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}},)"
                           R"({"name":"d","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":10}}]})";
  const std::string body = json + std::string(
                                      "\x01\x02\xff"
                                      "\x00\x00\x80\x3f"
                                      "\x02\x00\x00\x00hi\x00\x00\x00\x00",
                                      17);
  const InferRequest request = read_request(body, json.size());
  ASSERT_EQ(request.inputs.size(), 4U);
  EXPECT_EQ(request.inputs[0].as<std::uint8_t>(), (std::vector<std::uint8_t>{1, 2, 255}));
  EXPECT_EQ(request.inputs[1].as<std::int32_t>(), std::vector<std::int32_t>{9});
  EXPECT_EQ(request.inputs[2].as<float>(), std::vector<float>{1.0F});
  EXPECT_EQ(request.inputs[3].as<std::string>(), (std::vector<std::string>{"hi", ""}));
}

TEST(Request, IsWrittenAsTheProtocolSays) {
  InferRequest request;
  request.id = "7";
  request.parameters["binary_data_output"] = true;
  request.inputs = {tensor_of("image", DataType::uint8, {1, 2}, std::vector<std::uint8_t>{3, 4})};
  request.outputs = {{"label", std::nullopt}, {"scores", false}};
  const Message message = write(request);
  EXPECT_FALSE(message.header_length);
  EXPECT_EQ(message.body, R"({"id":"7","parameters":{"binary_data_output":true},)"
                          R"("inputs":[{"name":"image","datatype":"UINT8","shape":[1,2],"data":[3,4]}],)"
                          R"("outputs":[{"name":"label"},{"name":"scores","parameters":{"binary_data":false}}]})");

  request.inputs[0].binary = true;
  const Message bytes = write(request);
  ASSERT_TRUE(bytes.header_length);
  EXPECT_EQ(bytes.body.substr(*bytes.header_length), "\x03\x04");
  const Json json = Json::parse(bytes.body.substr(0, *bytes.header_length));
  EXPECT_EQ(json["inputs"][0]["parameters"]["binary_data_size"], 2);
  EXPECT_FALSE(json["inputs"][0].contains("data"));
}

TEST(Request, ComesBackAsItWas) {
  for (const bool binary : {false, true}) {
    InferRequest request;
    request.id = "x";
    request.parameters = {{"alpha", 0.001}, {"n", std::int64_t{10}}, {"who", std::string("me")}};
    request.inputs = all_types(binary);
    request.outputs = {{"label", true}};
    const Message message = write(request);
    const InferRequest again = read_request(message.body, message.header_length);
    EXPECT_EQ(again.id, request.id);
    EXPECT_EQ(again.parameters, request.parameters);
    EXPECT_EQ(again.outputs.at(0).binary, std::optional<bool>(true));
    expect_same(again.inputs, request.inputs);
  }
}

TEST(Response, ComesBackAsItWas) {
  for (const bool binary : {false, true}) {
    InferResponse response{"m", "1", "x", {{"seed", std::string("17")}}, all_types(binary)};
    response.outputs[1].binary = true;  // both kinds in one message
    const Message message = write(response);
    const InferResponse again = read_response(message.body, message.header_length);
    EXPECT_EQ(again.model_name, "m");
    EXPECT_EQ(again.model_version, "1");
    EXPECT_EQ(again.id, "x");
    EXPECT_EQ(again.parameters, response.parameters);
    expect_same(again.outputs, response.outputs);
  }
}

TEST(Response, HoldsNanInBytesOnly) {
  const InferResponse bytes{"m", "", "", {}, {tensor_of("scores", DataType::fp32, {1}, std::vector<float>{NAN}, true)}};
  const Message message = write(bytes);
  EXPECT_TRUE(std::isnan(read_response(message.body, message.header_length).outputs[0].as<float>()[0]));
  InferResponse json = bytes;
  json.outputs[0].binary = false;
  expect_refused(refusal([&] { write(json); }), "finite");
  const Message request = write(InferRequest{"", {}, bytes.outputs, {}});
  expect_refused(refusal(request.body, request.header_length), "value 0 of its data is not a finite number");
}

TEST(Request, WantsEverythingWhereItNamesNothing) {
  InferRequest request;
  EXPECT_TRUE(wants(request, "label"));
  EXPECT_FALSE(wants_binary(request, "label"));
  request.parameters["binary_data_output"] = true;
  EXPECT_TRUE(wants_binary(request, "label"));
  request.outputs = {{"label", false}};
  EXPECT_FALSE(wants_binary(request, "label"));
}

TEST(Request, IsRefusedWhereItIsNoJsonObject) {
  expect_refused(refusal(""), "not JSON");
  expect_refused(refusal("{"), "not JSON (byte 2)");
  expect_refused(refusal(R"({"inputs":[]}x)"), "not JSON");
  expect_refused(refusal("[]"), "not an object");
  expect_refused(refusal("{}"), R"(an array "inputs" is needed)");
  expect_refused(refusal(R"({"inputs":{}})"), R"("inputs" is not an array)");
  expect_refused(refusal(R"({"inputs":[1]})"), "inputs[0]: not an object");
  expect_refused(refusal(R"({"id":7,"inputs":[]})"), R"(a string "id" is needed)");
  expect_refused(refusal(R"({"id":")"
                         "\xff"
                         R"(","inputs":[]})"),
                 "not JSON");
  expect_refused(refusal(R"({"parameters":{"a":[1]},"inputs":[]})"), R"(parameters "a")");
  expect_refused(refusal(R"({"parameters":{"a":18446744073709551615},"inputs":[]})"), R"(parameters "a")");
  expect_refused(refusal(R"({"parameters":{"binary_data_output":1},"inputs":[]})"), "binary_data_output is true or false");
  expect_refused(refusal(R"({"outputs":[{}],"inputs":[]})"), "outputs[0]");
}

TEST(Request, IsRefusedWhereDepthOrLengthHasNoBound) {
  expect_refused(refusal(std::string(1000000, '[')), "deep");
  expect_refused(refusal(R"({"inputs":)" + std::string(20, '[') + std::string(20, ']') + "}"), "deep");
  std::string many = "[0";
  for (int i = 0; i < 100; ++i) many += ",0";
  expect_refused(refusal(image("FP32", "[101]", many + "]"), std::nullopt, {.values = 50}), "more than 50 values");
  const std::string json = R"({"inputs":[{"name":"a","datatype":"UINT8","shape":[60],"parameters":{"binary_data_size":60}}]})";
  expect_refused(refusal(json + std::string(60, 'x'), json.size(), {.values = 50}), "60 values; at most 50");
  expect_refused(refusal(R"({"inputs":[{},{},{}]})", std::nullopt, {.tensors = 2}), "3 tensors; at most 2");
}

TEST(Request, IsRefusedWhereDataAndShapeDisagree) {
  EXPECT_EQ(refusal(image("FP32", "[2]", "[1,2]")), "accepted");
  EXPECT_EQ(refusal(image("FP32", "[0]", "[]")), "accepted");
  expect_refused(refusal(image("FP32", "[3]", "[1,2]")), R"(inputs[0] "image": 2 values in its data for the shape [3], which has 3)");
  expect_refused(refusal(image("FP32", "[1]", "[1,2]")), "2 values");
  expect_refused(refusal(image("FP32", "[2,2]", "[[1,2],[3]]")), "nesting");
  expect_refused(refusal(image("FP32", "[4]", "[[1,2],[3,4]]")), "nesting");
  expect_refused(refusal(image("FP32", "[-1]", "[1]")), "at least 0");
  expect_refused(refusal(image("FP32", "[1.5]", "[1]")), "whole number");
  expect_refused(refusal(image("FP32", "[18446744073709551615]", "[1]")), "whole number");
  expect_refused(refusal(image("FP32", "[4294967296,4294967296]", "[1]")), "2^40");
  expect_refused(refusal(image("FP32", "[4294967296,4294967296,0]", "[]")), "2^40");
  expect_refused(refusal(image("FP32", "[1,1,1,1,1,1,1,1,1]", "[1]")), "dimensions");
  expect_refused(refusal(image("FP32", "7", "[1]")), R"("shape" is not an array)");
  expect_refused(refusal(image("FP32", "[1]", "{}")), R"("data" is not an array)");
}

TEST(Request, IsRefusedWhereAValueIsNotOfItsType) {
  expect_refused(refusal(image("FP16", "[1]", "[1]")), R"(the datatype "FP16" is not one of BOOL)");
  expect_refused(refusal(image("FP32", "[1]", "[null]")), "value 0 of its data is not FP32");
  expect_refused(refusal(image("FP32", "[2]", "[0,\"1\"]")), "value 1 of its data is not FP32");
  expect_refused(refusal(image("FP32", "[1]", "[NaN]")), "not JSON");
  expect_refused(refusal(image("FP32", "[1]", "[1e39]")), "not FP32");
  expect_refused(refusal(image("FP64", "[1]", "[1e400]")), "too large");
  expect_refused(refusal(image("UINT8", "[1]", "[256]")), "not UINT8");
  expect_refused(refusal(image("UINT8", "[1]", "[-1]")), "not UINT8");
  expect_refused(refusal(image("UINT8", "[1]", "[1.0]")), "not UINT8");
  expect_refused(refusal(image("INT32", "[1]", "[2147483648]")), "not INT32");
  expect_refused(refusal(image("INT32", "[1]", "[-2147483649]")), "not INT32");
  expect_refused(refusal(image("INT64", "[1]", "[9223372036854775808]")), "not INT64");
  expect_refused(refusal(image("BOOL", "[1]", "[1]")), "not BOOL");
  expect_refused(refusal(image("BYTES", "[1]", "[1]")), "not BYTES");
}

// A binary tensor of this type and shape, of which so many bytes are said and so many are there.
std::string binary_refusal(const std::string& type, const std::string& shape, const std::string& said, const std::string& bytes) {
  const std::string json =
      request_with(R"({"name":"a","datatype":")" + type + R"(","shape":)" + shape + R"(,"parameters":{"binary_data_size":)" + said + "}}");
  return refusal(json + bytes, json.size());
}

TEST(Request, IsRefusedWhereItsBytesDoNotFit) {
  EXPECT_EQ(binary_refusal("UINT8", "[2]", "2", "ab"), "accepted");
  expect_refused(binary_refusal("UINT8", "[2]", "2", "a"), "only 1 bytes are left");
  expect_refused(binary_refusal("UINT8", "[2]", "2", "abc"), "1 bytes are left over");
  expect_refused(binary_refusal("UINT8", "[2]", "3", "abc"), "3 bytes for UINT8 of the shape [2], which has 2");
  expect_refused(binary_refusal("UINT8", "[2]", "-2", "ab"), "whole number");
  expect_refused(binary_refusal("UINT8", "[2]", "2.0", "ab"), "whole number");
  expect_refused(binary_refusal("UINT8", "[2]", "\"2\"", "ab"), "whole number");
  expect_refused(binary_refusal("BOOL", "[1]", "1", "\x02"), "a BOOL is 0 or 1");
  expect_refused(binary_refusal("FP64", "[1]", "8", std::string("\0\0\0\0\0\0\xf0\x7f", 8)), "finite");
  expect_refused(binary_refusal("BYTES", "[1]", "3", "abc"), "cannot hold 1 strings");
  expect_refused(binary_refusal("BYTES", "[1]", "5", std::string("\x02\0\0\0a", 5)), "end within string 0");
  expect_refused(binary_refusal("BYTES", "[1]", "6", std::string("\x01\0\0\0ab", 6)), "left over");
  expect_refused(binary_refusal("BYTES", "[1099511627776]", "4", "abcd"), "at most");

  const std::string both = R"({"inputs":[{"name":"a","datatype":"UINT8","shape":[1],"data":[1],"parameters":{"binary_data_size":1}}]})";
  expect_refused(refusal(both + "x", both.size()), "either");
  expect_refused(refusal(request_with(R"({"name":"a","datatype":"UINT8","shape":[1]})")), "either");
  expect_refused(refusal("{}", 3), "more than the body's 2 bytes");
  expect_refused(refusal(R"({"inputs":[]}x)", 13), "left over");
}

TEST(Request, IsRefusedWhereTwoTensorsHaveOneName) {
  const std::string one = R"({"name":"a","datatype":"UINT8","shape":[1],"data":[1]})";
  expect_refused(refusal(request_with(one + "," + one)), R"(two tensors of the name "a")");
}

TEST(HeaderLength, IsANumberOfBytes) {
  EXPECT_EQ(header_length_from("0"), 0U);
  EXPECT_EQ(header_length_from("123"), 123U);
  for (const std::string text : {"", " 1", "1 ", "-1", "+1", "0x1", "1.0", "99999999999999999999999"}) {
    expect_refused(refusal([&] { header_length_from(text); }), "is not a number of bytes");
  }
}

TEST(Tensor, IsWrittenOnlyWhereItsValuesFit) {
  expect_refused(refusal([&] { check(tensor_of("a", DataType::fp32, {1}, std::vector<double>{1})); }), "not FP32");
  expect_refused(refusal([&] { check(tensor_of("a", DataType::fp32, {2}, std::vector<float>{1})); }), "1 values");
  expect_refused(refusal([&] { check(tensor_of("a", DataType::boolean, {1}, std::vector<std::uint8_t>{2})); }), "0 or 1");
  const InferResponse response{"m", "", "", {}, {tensor_of("a", DataType::bytes, {1}, std::vector<std::string>{"\xff"})}};
  expect_refused(refusal([&] { write(response); }), "UTF-8");
}

TEST(DataType, HasAName) {
  for (const std::string name : {"BOOL", "UINT8", "INT32", "INT64", "FP32", "FP64", "BYTES"})
    EXPECT_EQ(to_string(data_type_from(name).value()), name);
  EXPECT_FALSE(data_type_from("fp32"));
}

}  // namespace
}  // namespace ballast::protocol::infer_test
