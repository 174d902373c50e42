// SPDX-License-Identifier: Apache-2.0
//
// Commands that are asked over a pipe.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "ballast/core/errors.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/remote/open.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "ballast/smooth/vote_counter.hpp"

namespace ballast::remote::exec_test {
namespace {

constexpr ImageShape shape{1, 1, 2};

// Python without NumPy: reads .npy files of float32 one after another and answers by `reply`, which sees the images (lists of two
// floats). Prepended with imports.
std::string python(const std::string& reply) {
  return "exec python3 -c '\n"
         "import sys, struct, os, time\n"
         "inp, out = sys.stdin.buffer, sys.stdout.buffer\n"
         "def npy(descr, shape, data):\n"
         "  head = (\"{%s: %s, %s: False, %s: %s, }\" % tuple(map(repr, (\"descr\", descr, \"fortran_order\", \"shape\", "
         "shape)))).encode()\n"
         "  head += b\" \" * (63 - (10 + len(head)) % 64) + b\"\\n\"\n"
         "  return b\"\\x93NUMPY\\x01\\x00\" + struct.pack(\"<H\", len(head)) + head + data\n"
         "batch = 0\n"
         "while True:\n"
         "  head = inp.read(10)\n"
         "  if not head: break\n"
         "  text = inp.read(struct.unpack(\"<H\", head[8:])[0]).decode()\n"
         "  shape = eval(text)[\"shape\"]\n"
         "  values = struct.unpack(\"<%df\" % (2 * shape[0]), inp.read(8 * shape[0]))\n"
         "  images = [values[i:i + 2] for i in range(0, len(values), 2)]\n"
         "  labels = [int(max(0, min(3, v[0] * 4))) for v in images]\n"
         "  batch += 1\n" +
         reply + "\n  out.flush()\n'";
}
const std::string answer_line = "  out.write((\" \".join(map(str, labels)) + \"\\n\").encode())";

std::unique_ptr<model::Classifier> the_same_here() {
  return model::classifier_from(
      [](std::span<const float> pixels, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<Label>(std::clamp(pixels[2 * i] * 4, 0.0f, 3.0f));
      },
      shape, 4);
}

Options options(double timeout = 20) {
  Options chosen;
  chosen.shape = shape;
  chosen.classes = 4;
  chosen.timeout = timeout;
  return chosen;
}

smooth::Counts votes_of(const model::Classifier& classifier, int threads) {
  smooth::ThreadPool pool(classifier, threads);
  const noise::NoisyWriter noise(NoiseKind::grid, 0.25, classifier.affine());
  const Image image{shape, std::vector<std::uint8_t>{110, 7}};
  smooth::VoteCounter votes(pool, noise, image, 9, 3);
  return votes.next(noise::Purpose::estimation, 500);
}

// What is said, or "nothing".
template <typename Error>
std::string said(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 5), "exec:");
    return error.what();
  }
  return "nothing";
}

// Of the first batches, which open() asks for.
std::string refusal(const std::string& reply, double timeout = 20) {
  return said<std::runtime_error>([&] { open("exec:" + python(reply), options(timeout)); });
}

void expect_in(const std::string& text, const std::string& part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

TEST(Exec, CountsAsTheSameClassifierHere) {
  const auto expected = votes_of(*the_same_here(), 1).votes;
  ASSERT_GT(*std::min_element(expected.begin(), expected.begin() + 3), 0u);
  const std::string scores = "struct.pack(\"<%d\" % (4 * len(labels)) + kind, *[float(c == l) for l in labels for c in range(4)])";
  for (const std::string& reply :
       {answer_line, std::string("  out.write(npy(\"<i8\", (len(labels),), struct.pack(\"<%dq\" % len(labels), *labels)))"),
        std::string("  out.write(npy(\"|u1\", (len(labels),), bytes(labels)))"),
        "  kind = \"f\"; out.write(npy(\"<f4\", (len(labels), 4), " + scores + "))",
        "  kind = \"d\"; out.write(npy(\"<f8\", (len(labels), 4), " + scores + "))"}) {
    const Opened opened = open("exec:" + python(reply), options());
    EXPECT_EQ(votes_of(*opened.classifier, 2).votes, expected) << reply;
  }
}

TEST(Exec, AppliesThePreprocessing) {
  Options chosen = options();
  chosen.input_scale = 255, chosen.mean = {10}, chosen.deviation = {5};
  const auto affine = open("exec:" + python(answer_line), chosen).classifier->affine();
  ASSERT_EQ(affine.size(), 1u);
  EXPECT_DOUBLE_EQ(affine[0].scale, 51);
  EXPECT_DOUBLE_EQ(affine[0].offset, -2);
}

TEST(Exec, CountsNanScoresAsNoClass) {
  const Opened opened = open("exec:" + python("  out.write(npy(\"<f4\", (len(labels), 4), struct.pack(\"<%df\" % (4 * len(labels)), "
                                              "*[float(\"nan\")] * (4 * len(labels)))))"),
                             options());
  EXPECT_EQ(votes_of(*opened.classifier, 1).votes, (std::vector<std::uint64_t>{0, 0, 0, 0, 500}));
}

TEST(Exec, TakesNothingThatDoesNotFit) {
  expect_in(refusal("  out.write(b\"4 \" * len(labels) + b\"\\n\")"), "answered label 4; 0 to 3 are allowed");
  expect_in(refusal("  out.write(b\"-1 \" * len(labels) + b\"\\n\")"), "answered label -1");
  expect_in(refusal("  out.write(b\"99999999999999999999 \" * len(labels) + b\"\\n\")"), "whole numbers are needed");
  expect_in(refusal("  out.write(b\"0 1\\n\")"), "answered 2 labels for 8 images");
  expect_in(refusal("  out.write(b\"0 \" * 9 + b\"\\n\")"), "answered 9 labels for 8 images");
  expect_in(refusal("  out.write(b\"cat dog\\n\")"), "answered 'cat dog'; whole numbers are needed");
  expect_in(refusal("  out.write(b\"1.5 \" * 8 + b\"\\n\")"), "whole numbers are needed");
  expect_in(refusal("  out.write(b\"0 \" * 8 + b\"\\n0 0\\n\")"), "answered more than it was asked");
  expect_in(refusal("  out.write(b\"0\" * 100000)"), "a line that does not end");
  expect_in(refusal("  out.write(npy(\"<f4\", (len(labels), 3), bytes(12 * len(labels))))"), "of another shape or type");
  expect_in(refusal("  out.write(npy(\"<i8\", (len(labels), 4), bytes(32 * len(labels))))"), "of another shape or type");
  expect_in(refusal("  out.write(npy(\"<c8\", (len(labels),), bytes(8 * len(labels))))"), "element type");
  expect_in(refusal("  out.write(b\"\\x93NUMPY\\x01\\x00\\x05\\x00hello\")"), "header");
  expect_in(refusal("  out.write(npy(\"<f8\", (1 << 20, 1 << 20), b\"\"))"), "over a GiB");
}

TEST(Exec, TakesNoEndlessAnswerFromACommandThatDoesNotRead) {
  Options large = options();
  large.shape = {1, 300, 300};  // more than a pipe holds
  expect_in(said<std::runtime_error>([&] { open("exec:cat /dev/zero", large); }), "over 64 MiB before it had read what it was asked");
}

TEST(Exec, SaysHowACommandEnded) {
  expect_in(refusal("  sys.exit(3)"), "ended with status 3 before it had answered");
  expect_in(refusal("  os.kill(os.getpid(), 9)"), "was ended by signal 9");
  expect_in(refusal("  os.close(1); time.sleep(9)"), "closed its output");
  expect_in(refusal("  time.sleep(30)", 0.3), "has not answered in time");
  expect_in(said<std::runtime_error>([] { open("exec:exit 4", options()); }), "status 4");  // whether its input is still open or not
  expect_in(said<std::runtime_error>([] { open("exec:/no/such/program", options()); }), "ended with status 127");
  // It never reads: more than a pipe holds cannot be written.
  Options large = options(0.3);
  large.shape = {1, 512, 512};
  expect_in(said<std::runtime_error>([&] { open("exec:sleep 30", large); }), "has not answered in time");
}

TEST(Exec, RefusesWhatIsNoFunction) {
  const std::string moody = "  out.write((\" \".join([str(batch % 2)] * len(labels)) + \"\\n\").encode())";
  expect_in(refusal(moody), "other labels the second time");
  expect_in(refusal("  out.write((\" \".join([str(min(3, len(labels) - 1))] * len(labels)) + \"\\n\").encode())"), "in a smaller batch");
}

TEST(Exec, RefusesOptionsThatAreNotAllowed) {
  const auto refused = [](const std::function<void(Options&)>& change) {
    Options chosen = options();
    change(chosen);
    try {
      open("exec:true", chosen);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  expect_in(refused([](Options& o) { o.classes.reset(); }), "--classes is required");
  expect_in(refused([](Options& o) { o.classes = 1; }), "--classes 1");
  expect_in(refused([](Options& o) { o.batch = 0; }), "--batch 0");
  expect_in(refused([](Options& o) { o.timeout = 0; }), "--timeout 0");
  expect_in(refused([](Options& o) { o.mean = {1, 2}; }), "--mean: 2 numbers");
  expect_in(refused([](Options& o) { o.deviation = {0}; }), "--std 0");
}

TEST(Exec, StopsWhereTheBudgetIsSpent) {
  Options chosen = options();
  chosen.budget = 8 + 8 + 1 + 500;
  EXPECT_EQ(votes_of(*open("exec:" + python(answer_line), chosen).classifier, 2).votes, votes_of(*the_same_here(), 1).votes);
  --chosen.budget;
  const Opened opened = open("exec:" + python(answer_line), chosen);
  expect_in(said<std::runtime_error>([&] { votes_of(*opened.classifier, 2); }), "the budget of 516 images is spent");
}

// Not there, or dead and only not yet counted by the system's first process.
bool is_gone(const std::string& pid) {
  for (int i = 0; i < 100; ++i) {
    std::ifstream in("/proc/" + pid + "/stat");
    std::string stat;
    if (!std::getline(in, stat) || stat.find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

TEST(Exec, LeavesNoProcessBehind) {
  const auto file = std::filesystem::temp_directory_path() / "ballast_exec_test_pids";
  std::filesystem::remove(file);
  {
    votes_of(*open("exec:echo $$ >> " + file.string() + "; sleep 60 & echo $! >> " + file.string() + "; " + python(answer_line), options())
                  .classifier,
             2);
  }
  std::ifstream in(file);
  int count = 0;
  for (std::string pid; std::getline(in, pid); ++count) EXPECT_TRUE(is_gone(pid)) << pid;
  EXPECT_GE(count, 4);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace ballast::remote::exec_test
