// SPDX-License-Identifier: Apache-2.0

#include "ballast/run/progress.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <memory>

namespace ballast::run::progress_test {
namespace {

// 12 of 250 images, of 1,000 samples each, in 24 s; and 400 samples of the next one in another second.
Standing under_way() {
  return {.done = 12, .total = 250, .seconds = 25, .drawn = 12'400, .samples_of_image = 1000, .so_far = "certified 0.5 at 0"};
}

TEST(ProgressText, SaysHowFarAnImageIsAndWhatIsLeft) {
  EXPECT_EQ(progress_text(under_way()), "12/250 images, 7:59 left  400/1,000 samples (1 s left)  496/s  certified 0.5 at 0");
  EXPECT_NEAR(*seconds_left(under_way()), (238 * 1000.0 - 400) / 496, 1e-9);
}

TEST(ProgressText, CountsFromWhereThisRunBegan) {
  Standing standing = under_way();
  standing.resumed = 10;
  standing.drawn = 2'400;
  standing.seconds = 4;
  EXPECT_EQ(progress_text(standing), "12/250 images, 6:36 left  400/1,000 samples (1 s left)  600/s  certified 0.5 at 0");
}

TEST(ProgressText, GuessesNothingAtFirst) {
  EXPECT_EQ(progress_text({.total = 1, .seconds = 0.1, .drawn = 20, .samples_of_image = 1000}), "0/1 image, 0 s so far  20/1,000 samples");
  EXPECT_EQ(progress_text({.total = 3, .seconds = 12}), "0/3 images, 12 s so far");
  EXPECT_FALSE(seconds_left({.total = 3, .seconds = 12}));
}

TEST(ProgressText, OfTestsThatStopThemselvesGoesByImages) {
  const Standing standing{.done = 2, .total = 10, .seconds = 4, .drawn = 8000, .one_by_one = false};
  EXPECT_EQ(progress_text(standing), "2/10 images, 16 s left  8,000 samples  2,000/s");
}

TEST(ProgressText, OfSeveralImagesAtOnceSaysNothingOfOne) {
  Standing standing = under_way();
  standing.one_by_one = false;
  EXPECT_EQ(progress_text(standing), "12/250 images, 8:00 left  12,400 samples  496/s  certified 0.5 at 0");
}

TEST(ProgressText, OfARunThatStopsSaysWhatItStillDoes) {
  Standing standing = under_way();
  standing.stopping = true;
  EXPECT_EQ(progress_text(standing), "12/250 images, stopping  400/1,000 samples (1 s left)  496/s  certified 0.5 at 0");
}

TEST(ProgressText, SaysAtTheEndWhatItTook) {
  EXPECT_EQ(progress_text({.done = 4, .total = 4, .seconds = 6, .drawn = 100, .so_far = "all well"}),
            "4/4 images, 6 s  1.50 s an image  all well");
  EXPECT_EQ(progress_text({.done = 1, .total = 1, .seconds = 6}), "1/1 image, 6 s  6.00 s an image");
}

TEST(Fitted, LeavesOutPartsFromBehind) {
  const std::string text = "first one  second one  third";
  EXPECT_EQ(fitted(text, 80), text);
  EXPECT_EQ(fitted(text, text.size()), text);
  EXPECT_EQ(fitted(text, text.size() - 1), "first one  second one");
  EXPECT_EQ(fitted(text, 21), "first one  second one");
  EXPECT_EQ(fitted(text, 20), "first one");
  EXPECT_EQ(fitted(text, 5), "first");
}

TEST(Counted, HasOneOfOne) {
  EXPECT_EQ(counted(1, "image"), "1 image");
  EXPECT_EQ(counted(0, "image"), "0 images");
  EXPECT_EQ(counted(1234567, "sample"), "1,234,567 samples");
}

// A terminal of 20 columns, and what was written to it.
class Terminal {
 public:
  Terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_EQ(grantpt(master_), 0);
    EXPECT_EQ(unlockpt(master_), 0);
    const winsize size{10, 20, 0, 0};
    ioctl(master_, TIOCSWINSZ, &size);
    file_.reset(std::fopen(ptsname(master_), "w"));
  }
  ~Terminal() { close(master_); }

  std::FILE* file() { return file_.get(); }
  std::string text() {
    std::string text(4096, ' ');
    const ssize_t count = read(master_, text.data(), text.size());
    return text.substr(0, count > 0 ? static_cast<std::size_t>(count) : 0);
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  int master_;
  std::unique_ptr<std::FILE, Close> file_;
};

TEST(ProgressLine, NeverFillsALineAndLeavesNothingBehind) {
  Terminal terminal;
  ProgressLine line(false, terminal.file());
  line.show("a text of 19 column  and more", true);
  EXPECT_EQ(terminal.text(), "\ra text of 19 column");
  line.show("short", true);
  EXPECT_EQ(terminal.text(), "\rshort" + std::string(14, ' '));
  line.end();
  EXPECT_EQ(terminal.text(), "\r\n");
  line.show("short", true);
  EXPECT_EQ(terminal.text(), "\rshort");
  line.say("said");
  EXPECT_EQ(terminal.text(), "\r" + std::string(7, ' ') + "\rsaid\r\n");
}

TEST(Duration, IsReadable) {
  EXPECT_EQ(duration_text(4.4), "4 s");
  EXPECT_EQ(duration_text(125), "2:05");
  EXPECT_EQ(duration_text(3723), "1:02:03");
}

}  // namespace
}  // namespace ballast::run::progress_test
