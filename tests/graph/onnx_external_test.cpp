// SPDX-License-Identifier: Apache-2.0
//
// Weights in other files, of narrow types, and quantised ones.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ballast/core/sha256.hpp"
#include "half.hpp"
#include "interpreter.hpp"
#include "onnx_builder.hpp"

namespace ballast::graph::testing::onnx_external_test {
namespace {

namespace fs = std::filesystem;

class OnnxExternal : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ballast_external_" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "model" / "weights");
    write("model/weights/all.bin", std::string(4, 'x') + bytes_of({1, 2, 3, 4, 5, 6, 7, 8}));
    write("outside.bin", bytes_of({1, 2, 3, 4, 5, 6, 7, 8}));
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string bytes_of(const Floats& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
  }
  void write(const std::string& name, const std::string& bytes) const { std::ofstream(folder_ / name, std::ios::binary) << bytes; }

  struct Where {
    std::string location = "weights/all.bin", offset = "4", length = "32";
  };

  // x W with W (4 x 2) in another file.
  fs::path model(const Where& where) const {
    OnnxBuilder model;
    model.output(model.node("MatMul", "fc", {model.input("x", {1, 4}), model.floats("w", {4, 2}, {})}));
    auto& tensor = *model.proto().mutable_graph()->mutable_initializer(0);
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair{"location", where.location}, {"offset", where.offset}, {"length", where.length}}) {
      if (value.empty()) continue;
      auto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    write("model/model.onnx", model.bytes());
    return folder_ / "model" / "model.onnx";
  }

  void refused(const Where& where, const std::string& words) const {
    SCOPED_TRACE(where.location);
    try {
      load_onnx(model(where));
      ADD_FAILURE() << "a model was read that must be refused";
    } catch (const InputError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(words), std::string::npos) << message;
      EXPECT_NE(message.find("tensor 'w'"), std::string::npos) << message;
    }
  }

  fs::path folder_;
};

TEST_F(OnnxExternal, WeightsAreReadFromWhereTheyLie) {
  for (const Where& where : {Where{}, Where{.length = ""}, Where{.location = "./weights/all.bin"}}) {
    const Graph graph = load_onnx(model(where));
    EXPECT_EQ(Interpreter(graph, {{1, 4}, {1, 0, 0, 1}}).output().values, (std::vector<double>{8, 10}));
  }
}

TEST_F(OnnxExternal, TheDigestIsOfAllFiles) {
  const std::string own = load_onnx_and_digest(model({})).sha256;
  EXPECT_NE(own, sha256_of_file(folder_ / "model/model.onnx"));
  write("model/weights/all.bin", "y" + std::string(3, 'x') + bytes_of({1, 2, 3, 4, 5, 6, 7, 8}));  // a byte that no tensor reads
  const std::string other = load_onnx_and_digest(model({})).sha256;
  EXPECT_NE(own, other);
  write("model/weights/all.bin", std::string(4, 'x') + bytes_of({1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(load_onnx_and_digest(model({})).sha256, own);
}

TEST_F(OnnxExternal, OnlyFilesBelowTheModelsFolderAreRead) {
  refused({.location = "../outside.bin", .offset = ""}, "only files below the model's folder");
  refused({.location = "weights/../../outside.bin", .offset = ""}, "only files below the model's folder");
  refused({.location = (folder_ / "outside.bin").string(), .offset = ""}, "only files below the model's folder");
  fs::create_symlink(folder_ / "outside.bin", folder_ / "model" / "link.bin");
  refused({.location = "link.bin", .offset = ""}, "a link that leaves the model's folder");
  fs::create_directory_symlink(folder_, folder_ / "model" / "around");
  refused({.location = "around/outside.bin", .offset = ""}, "a link that leaves the model's folder");
  fs::create_symlink("weights/all.bin", folder_ / "model" / "inside.bin");
  EXPECT_NO_THROW(load_onnx(model({.location = "inside.bin"})));
}

TEST_F(OnnxExternal, WhatDoesNotFitIsRefused) {
  refused({.location = "absent.bin"}, "not there beside the model");
  refused({.location = "weights"}, "weights");
  refused({.location = ""}, "not named");
  refused({.length = "28"}, "28 bytes of 'weights/all.bin'");
  refused({.offset = "8"}, "goes beyond the 36 bytes");
  refused({.offset = "18446744073709551615"}, "goes beyond");
  refused({.offset = "-4"}, "no number");
  refused({.length = "0x20"}, "no number");
}

TEST(OnnxTypes, HalvesAreReadAndWrittenExactly) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = from_half(half);
    if (std::isnan(value)) EXPECT_TRUE(std::isnan(from_half(to_half(value))));
    else ASSERT_EQ(to_half(value), half) << bits;
  }
  EXPECT_EQ(from_half(0x3c00), 1.0F);
  EXPECT_EQ(from_half(0x0001), 0x1p-24F);
  EXPECT_EQ(from_half(0x7bff), 65504.0F);
  EXPECT_EQ(to_half(1 + 0x1p-11F), 0x3c00);  // ties go to even
  EXPECT_EQ(to_half(1 + 0x1.8p-10F), 0x3c02);
  EXPECT_EQ(to_half(65519.0F), 0x7bff);
  EXPECT_EQ(to_half(65520.0F), 0x7c00);
  EXPECT_EQ(from_bfloat16(0x3fc0), 1.5F);
}

// A tensor of another type, as raw bytes, added to x.
Graph with_tensor(int type, const std::string& raw, std::int64_t count) {
  OnnxBuilder model;
  const auto x = model.input("x", {1, count});
  const auto cast = model.node("Cast", "c", {model.floats("t", {count}, {})}, {number("to", onnx::TensorProto::FLOAT)});
  auto& tensor = *model.proto().mutable_graph()->mutable_initializer(0);
  tensor.set_data_type(type);
  tensor.set_raw_data(raw);
  return model.output(model.node("Add", "sum", {x, cast})).load();
}

template <typename Stored>
std::string raw(const std::vector<Stored>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Stored)};
}

TEST(OnnxTypes, ConstantsOfAnyWidthAreRead) {
  using Type = onnx::TensorProto;
  const auto sum = [](int type, const std::string& bytes, std::int64_t count) {
    return Interpreter(with_tensor(type, bytes, count), {{1, count}, std::vector<double>(static_cast<std::size_t>(count))}).output().values;
  };
  EXPECT_EQ(sum(Type::FLOAT16, raw<std::uint16_t>({0x3c00, 0xc000}), 2), (std::vector<double>{1, -2}));
  EXPECT_EQ(sum(Type::BFLOAT16, raw<std::uint16_t>({0x3f80, 0xc000}), 2), (std::vector<double>{1, -2}));
  EXPECT_EQ(sum(Type::DOUBLE, raw<double>({1, -2}), 2), (std::vector<double>{1, -2}));
  EXPECT_EQ(sum(Type::INT8, raw<std::int8_t>({127, -128}), 2), (std::vector<double>{127, -128}));
  EXPECT_EQ(sum(Type::UINT8, raw<std::uint8_t>({127, 255}), 2), (std::vector<double>{127, 255}));
  EXPECT_EQ(sum(Type::INT16, raw<std::int16_t>({-32768, 1}), 2), (std::vector<double>{-32768, 1}));
  EXPECT_EQ(sum(Type::UINT16, raw<std::uint16_t>({65535, 1}), 2), (std::vector<double>{65535, 1}));
  EXPECT_EQ(sum(Type::UINT32, raw<std::uint32_t>({1U << 31, 1}), 2), (std::vector<double>{2147483648.0, 1}));
  EXPECT_EQ(sum(Type::UINT64, raw<std::uint64_t>({7, 1}), 2), (std::vector<double>{7, 1}));
  EXPECT_THROW(with_tensor(Type::UINT64, raw<std::uint64_t>({~0ULL, 1}), 2), InputError);
}

}  // namespace
}  // namespace ballast::graph::testing::onnx_external_test
