// SPDX-License-Identifier: Apache-2.0
//
// Files that never begin, never end or are long and empty, wherever the program reads one: refused by one line, and not read.

#include <sys/stat.h>

#include "cli/certify_runs.hpp"

namespace ballast::cli::testing::endless_input_test {
namespace {

constexpr std::uintmax_t ten_gibibytes = std::uintmax_t{10} << 30;
constexpr double most_mib = 300;

class EndlessInput : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(mkfifo(pipe_.c_str(), 0600), 0);
    write_file(long_, "");
    std::filesystem::resize_file(long_, ten_gibibytes);
  }

  // What reads the file is told so, whichever of them it is.
  template <typename Command>
  void refuses_all(const std::string& place, Command&& command) {
    for (const std::string& file : {pipe_, std::string("/dev/zero"), long_}) {
      const Outcome outcome = run(command(file));
      EXPECT_TRUE(complained(outcome, 2, file == long_ ? "bytes long" : "a file is needed")) << place << " " << file;
      EXPECT_LT(outcome.peak_mib, most_mib) << place << " " << file;
    }
  }

  Fixture at;
  const std::string pipe_ = at.folder / "pipe", long_ = at.folder / "long";
};

TEST_F(EndlessInput, AsAModel) {
  refuses_all("inspect", [&](const std::string& file) { return Arguments{"inspect", file}; });
  refuses_all("certify", [&](const std::string& file) {
    at.model = file;
    return at.certify(at.log);
  });
  refuses_all("compose", [&](const std::string& file) { return Arguments{"compose", "pool2", file, at.folder / "composed.onnx"}; });
}

TEST_F(EndlessInput, AsALog) {
  for (const char* command : {"summary", "audit"}) {
    refuses_all(command, [&](const std::string& file) { return Arguments{command, file}; });
  }
  write_file(at.log, "");  // merge says first what is missing
  refuses_all("merge", [&](const std::string& file) { return Arguments{"merge", file, at.log, "--out", at.folder / "merged.tsv"}; });
  EXPECT_TRUE(complained(run(at.certify(long_)), 2, "bytes long"));
}

TEST_F(EndlessInput, AsAManifest) {
  ASSERT_TRUE(succeeded(run(at.certify(at.log, {"--max", "1"}))));
  for (const std::string& file : {pipe_, std::string("/dev/zero"), long_}) {
    std::filesystem::remove(at.log + ".json");
    std::filesystem::create_symlink(file, at.log + ".json");
    const Outcome outcome = run({"audit", at.log});
    EXPECT_TRUE(complained(outcome, 2, "log.tsv.json: is ")) << file;
    EXPECT_LT(outcome.peak_mib, most_mib) << file;
  }
}

TEST_F(EndlessInput, AsAToken) {
  refuses_all("serve", [&](const std::string& file) { return Arguments{"serve", at.model, "--sigma", "0.25", "--token-file", file}; });
  refuses_all("certify", [&](const std::string& file) {
    at.model = "http://127.0.0.1:1/v2/models/none";
    return at.certify(at.log, {"--token-file", file});
  });
}

TEST_F(EndlessInput, AsData) {
  for (const std::string& file : {pipe_, std::string("/dev/zero"), long_}) {
    std::filesystem::remove(at.images);
    std::filesystem::create_symlink(file, at.images);
    const Outcome outcome = run(at.certify(at.log));
    EXPECT_TRUE(complained(outcome, 2, file == long_ ? "IDX" : "no such data")) << file;
    EXPECT_LT(outcome.peak_mib, most_mib) << file;
  }
}

}  // namespace
}  // namespace ballast::cli::testing::endless_input_test
