// SPDX-License-Identifier: Apache-2.0
//
// Shows a person how far a long run is.

#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace ballast::run {

// One line that renews itself on a terminal, a plain line every ten seconds
// elsewhere, nothing at all where quiet. Ends its line when it goes.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet, std::FILE* out = stderr);
  ~ProgressLine();

  bool is_terminal() const { return terminal_; }

  // Whether show would show anything now: ask before preparing a text that costs time.
  bool is_due(bool finished) const;

  // Parts of the text, between two spaces, are left out from behind where a terminal is too narrow for them.
  // finished: shown whatever was shown before.
  void show(const std::string& text, bool finished);

  // A line that stays, above the one that renews itself; quiet or not.
  void say(const std::string& text);

  // Ends the line that renews itself: what is printed next begins another.
  void end();

  // Takes away what renews itself, and what a person has typed behind it.
  void clear();

 private:
  std::FILE* out_;
  bool quiet_, terminal_;
  bool open_ = false;
  std::size_t last_width_ = 0;
  std::chrono::steady_clock::time_point last_{};
};

// As many of its parts as fit into so many columns, but of the first what fits.
std::string fitted(const std::string& text, std::size_t columns);

// Where a run is.
struct Standing {
  std::size_t done = 0, total = 0;     // images
  std::size_t resumed = 0;             // of those done: rows that were there already
  double seconds = 0;                  // of this run
  std::uint64_t drawn = 0;             // samples, by this run
  std::uint64_t samples_of_image = 0;  // of each; 0 where that is not known beforehand
  bool one_by_one = true;              // one image after another, so that `drawn` says how far the present one is
  bool stopping = false;               // the rows under way are the last
  std::string so_far;                  // what the rows say
};

// Nothing while too little has been done to tell.
std::optional<double> seconds_left(const Standing& standing);

// "12/250 images, 2:19:05 left  31,000/100,100 samples (4 s left)  5,230/s  certified ...": what matters most is in front.
std::string progress_text(const Standing& standing);

// "1:02:03", "2:05" or "12 s".
std::string duration_text(double seconds);

// "1,234,567".
std::string grouped(std::uint64_t count);

// "1 image", "250 images", "12,000 images".
std::string counted(std::uint64_t count, const std::string& one);

}  // namespace ballast::run
