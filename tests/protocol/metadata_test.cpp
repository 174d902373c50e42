// SPDX-License-Identifier: Apache-2.0
//
// What servers and models say of themselves.

#include "ballast/protocol/metadata.hpp"

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"

namespace ballast::protocol::metadata_test {
namespace {

TEST(Metadata, OfAServerIsWrittenAndRead) {
  const std::string json = write(ServerMetadata{"ballast", "0.1", {"binary_tensor_data"}});
  EXPECT_EQ(json, R"({"name":"ballast","version":"0.1","extensions":["binary_tensor_data"]})");
  const ServerMetadata again = read_server_metadata(json);
  EXPECT_EQ(again.name, "ballast");
  EXPECT_EQ(again.version, "0.1");
  EXPECT_EQ(again.extensions, std::vector<std::string>{"binary_tensor_data"});
}

TEST(Metadata, OfAModelIsWrittenAndRead) {
  const std::string json = write(ModelMetadata{"m", {"1"}, "p", {{"image", "FP32", {-1, 3, 2, 2}}}, {{"label", "INT64", {-1}}}});
  EXPECT_EQ(json, R"({"name":"m","versions":["1"],"platform":"p","inputs":[{"name":"image","datatype":"FP32","shape":[-1,3,2,2]}],)"
                  R"("outputs":[{"name":"label","datatype":"INT64","shape":[-1]}]})");
  const ModelMetadata again = read_model_metadata(json);
  EXPECT_EQ(again.name, "m");
  EXPECT_EQ(again.versions, std::vector<std::string>{"1"});
  EXPECT_EQ(again.platform, "p");
  ASSERT_EQ(again.inputs.size(), 1U);
  EXPECT_EQ(again.inputs[0].shape, (std::vector<std::int64_t>{-1, 3, 2, 2}));
  EXPECT_EQ(again.outputs.at(0).datatype, "INT64");
}

TEST(Metadata, OfOthersMayHoldMoreOrLess) {
  const ModelMetadata model =
      read_model_metadata(R"({"name":"m","extra":1,"inputs":[],"outputs":[{"name":"o","datatype":"FP16","shape":[]}]})");
  EXPECT_TRUE(model.versions.empty());
  EXPECT_EQ(model.outputs.at(0).datatype, "FP16");
  EXPECT_TRUE(read_server_metadata(R"({"name":"s"})").extensions.empty());
}

TEST(Metadata, IsRefusedWhereAnEntryIsMissingOrOfAnotherKind) {
  for (const std::string json : {"", "[]", "{}", R"({"name":1})", R"({"name":"m"})", R"({"name":"m","inputs":[],"outputs":[1]})",
                                 R"({"name":"m","inputs":[{"name":"i","datatype":"FP32","shape":[-2]}],"outputs":[]})",
                                 R"({"name":"m","versions":[1],"inputs":[],"outputs":[]})"})
    EXPECT_THROW(read_model_metadata(json), InputError) << json;
  EXPECT_THROW(read_server_metadata(R"({"name":"s","extensions":"x"})"), InputError);
}

TEST(Error, IsOneLine) {
  EXPECT_EQ(write_error("a \"b\""), R"({"error":"a \"b\""})");
  EXPECT_EQ(read_error(R"({"error":"two\nlines"})"), "two lines");
  EXPECT_EQ(read_error("<html>\n"), "<html> ");
  EXPECT_EQ(read_error(R"({"error":5})"), R"({"error":5})");
  EXPECT_EQ(read_error(std::string(1000, 'x')).size(), 300U);
  EXPECT_EQ(read_error(write_error("\xff")), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace ballast::protocol::metadata_test
