// SPDX-License-Identifier: Apache-2.0
//
// Deterministic splitting (Levine and Feizi 2021, "Improved, Deterministic
// Smoothing for l1 Certified Robustness"), in integers of 1/510: a pixel m is
// 2m, between cuts that are odd. The cuts of a pixel are 2 lambda apart, and
// begin at one of S = 510 lambda places; what the classifier sees is the middle
// of the piece that the pixel lies in, within [0, 1].
//
// In split number t = 0 ... S - 1 the cuts of pixel i begin at place (t + v_i) mod
// S, so over all t at each place once. A change of the pixel by d levels passes
// d cuts' places, so it changes what is seen in min(d, S) of the splits: the
// share of votes of a class is 1/(2 lambda)-Lipschitz in l1.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "ballast/core/errors.hpp"
#include "kernel.hpp"
#include "rows.hpp"

namespace ballast::noise {
namespace {

constexpr int units = static_cast<int>(splits_of_unit_lambda);  // of a pixel's range
constexpr double least_splits = 2;                              // with one split each level is a piece
constexpr double most_splits = 8160;                            // lambda = 16, as for other noise
constexpr double whole_error = 1e-9;                            // how near 510 lambda must be to a whole number

std::string allowed(double splits) { return fmt::format("{:.0f}/510 = {}", splits, splits / units); }

// v_i. Not quite uniform, which nothing needs: every place comes once over all t, whatever v is.
int first_place(std::uint32_t word, int splits) { return static_cast<int>(std::uint64_t{word} * static_cast<std::uint32_t>(splits) >> 32); }

// Twice the middle of the piece that holds the pixel, where one cut is at 2 place + 1 and the others 2S apart.
int twice_middle(int pixel, int place, int splits) {
  const int beyond = 2 * pixel - (2 * place + 1);  // odd
  const int length = 2 * splits;
  const int inside = ((beyond % length) + length) % length;  // from the cut below, 1 ... 2S - 1
  const int low = 2 * pixel - inside;
  return std::max(low, 0) + std::min(low + length, units);
}

}  // namespace

std::uint64_t splits_of(double lambda) {
  const double splits = units * lambda;
  require(splits >= least_splits - whole_error && splits <= most_splits + whole_error,
          fmt::format("lambda = {}: splitting takes a lambda from {} to {}", lambda, allowed(least_splits), allowed(most_splits)));
  require(std::abs(splits - std::round(splits)) <= whole_error,
          fmt::format("lambda = {}: splitting needs 510 lambda to be a whole number; near it are {} and {}", lambda,
                      allowed(std::floor(splits)), allowed(std::ceil(splits))));
  return static_cast<std::uint64_t>(std::llround(splits));
}

namespace {

class SplitKernel : public Kernel {
 public:
  SplitKernel(double lambda, std::vector<ChannelAffine> affine, const Loops& loops)
      : loops_(loops), splits_(static_cast<int>(splits_of(lambda))), affine_(std::move(affine)) {}

  void check(const Image& image) const override {
    require(image.is_8bit(), "deterministic splitting needs images of 8-bit pixels, and these are floats");
  }

  void write(const Image& image, const Stream& stream, std::uint32_t sample, std::size_t place, const InputBuffer& buffer) const override {
    assert(sample < splits());
    // One function smooths all images, whatever their number: v depends on the seed and the pixel alone.
    const Stream places{.seed = stream.seed, .purpose = Purpose::splitting, .image = 0};
    write_rows(loops_, affine_, place, buffer, [&](std::size_t first, std::size_t count, double* seen) {
      const RowWords words(loops_, places, 0, first, count);
      for (std::size_t i = 0; i < count; ++i) {
        const int from = (static_cast<int>(sample) + first_place(words.of_pixels()[i], splits_)) % splits_;
        seen[i] = twice_middle(image.bytes()[first + i], from, splits_) / (2.0 * units);
      }
    });
  }

  std::uint64_t splits() const override { return static_cast<std::uint64_t>(splits_); }

 private:
  const Loops& loops_;
  int splits_;
  std::vector<ChannelAffine> affine_;
};

}  // namespace

std::unique_ptr<Kernel> split_kernel(double lambda, std::vector<ChannelAffine> affine, const Loops& loops) {
  return std::make_unique<SplitKernel>(lambda, std::move(affine), loops);
}

}  // namespace ballast::noise
