// SPDX-License-Identifier: Apache-2.0
//
// What a person sees at a terminal while a run goes on.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <thread>

#include "certify_runs.hpp"

namespace ballast::cli::testing::progress_test {
namespace {

// Its other side is what a program takes for its terminal.
class Terminal {
 public:
  explicit Terminal(unsigned short columns) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) throw std::runtime_error("no terminal");
    const winsize size{24, columns, 0, 0};
    ioctl(master_, TIOCSWINSZ, &size);
    fcntl(master_, F_SETFL, O_NONBLOCK);
    name_ = ptsname(master_);
    held_ = open(name_.c_str(), O_RDWR | O_NOCTTY);  // so that nothing is lost when the program ends
  }
  ~Terminal() {
    close(held_);
    close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  const std::string& name() const { return name_; }

  // All so far.
  const std::string& text() {
    char part[4096];
    for (ssize_t count; (count = read(master_, part, sizeof part)) > 0;) text_.append(part, static_cast<std::size_t>(count));
    return text_;
  }
  bool shows(const std::string& words) {
    return eventually([&] { return text().find(words) != std::string::npos; });
  }

 private:
  int master_, held_ = -1;
  std::string name_, text_;
};

// What stands between returns of the carriage.
std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0, length = 0;
  for (const char c : text) {
    length = c == '\r' || c == '\n' ? 0 : length + 1;
    longest = std::max(longest, length);
  }
  return longest;
}

struct Progress : ::testing::Test {
  // Of so many samples an image that no image ends, unless there are fewer.
  Arguments certify(const std::string& samples) const {
    return {"certify", at.model, at.images, at.log, "--sigma", "0.25", "--n", samples, "--max", "3", "--threads", "1"};
  }
  Fixture at;
};

TEST_F(Progress, IsShownInsideAnImageAndCtrlCIsAnsweredAtOnce) {
  Terminal terminal(100);
  Process process(certify("4000000000"), {.errors = terminal.name()});
  EXPECT_TRUE(terminal.shows("/4,000,000,100 samples (")) << terminal.text();
  EXPECT_TRUE(terminal.shows("for 3 images; --radii 0,0.25,0.5 --n 1000000 needs far fewer samples\r\n")) << terminal.text();
  process.send(SIGINT);
  EXPECT_TRUE(terminal.shows("finishing the rows under way; again to stop now\r\n")) << terminal.text();
  process.send(SIGINT);
  EXPECT_EQ(process.wait().signal, SIGINT);
  EXPECT_EQ(contents_of(at.log).back(), '\n');
  EXPECT_EQ(table_of(at.log).size(), 1u);
}

TEST_F(Progress, NeverWrapsOnANarrowTerminal) {
  Terminal terminal(40);
  Process process(certify("3000000"), {.errors = terminal.name()});
  EXPECT_TRUE(succeeded(process.wait()));
  EXPECT_NE(terminal.text().find("3/3 images, "), std::string::npos) << terminal.text();
  EXPECT_LT(longest_line(terminal.text()), 40u) << terminal.text();
}

TEST_F(Progress, EndsItsLineBeforeTheResult) {
  Terminal terminal(80);
  Process process({"evaluate", at.model, at.images}, {.output = terminal.name(), .errors = terminal.name()});
  EXPECT_TRUE(succeeded(process.wait()));
  EXPECT_NE(terminal.text().find("40/40 images\r\naccuracy"), std::string::npos) << terminal.text();
}

TEST_F(Progress, OfQuietRunsIsNone) {
  Terminal terminal(80);
  Arguments quiet = certify("1000");
  quiet.push_back("--quiet");
  Process process(quiet, {.errors = terminal.name()});
  EXPECT_TRUE(succeeded(process.wait()));
  EXPECT_EQ(terminal.text(), "");
}

TEST_F(Progress, CountsOneImageAsOne) {
  const Outcome outcome = run(with(certify("1000"), "--max", "1"));
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_TRUE(outcome.out.starts_with("1 image, sigma 0.25")) << outcome.out;
  EXPECT_NE(outcome.err.find("1/1 image, "), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace ballast::cli::testing::progress_test
