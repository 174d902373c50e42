// SPDX-License-Identifier: Apache-2.0

#include "ball.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "attack_fixtures.hpp"
#include "ballast/core/errors.hpp"

namespace ballast::attack::ball_test {
namespace {

constexpr ImageShape colour{3, 4, 4}, large{3, 32, 32};

// The squared distance in units of 2^-26, exact: floats of [1/4, 1] are whole multiples of that.
std::int64_t squares_of_floats(const Image& a, const Image& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.shape.size(); ++i) {
    const auto units = [&](const Image& image) { return std::llround(std::ldexp(std::get<1>(image.pixels)[i], 26)); };
    sum += (units(a) - units(b)) * (units(a) - units(b));
  }
  return sum;
}

std::int64_t squares_of_bytes(const Image& a, const Image& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.shape.size(); ++i) sum += (a.bytes()[i] - b.bytes()[i]) * (a.bytes()[i] - b.bytes()[i]);
  return sum;
}

// Shifts of many lengths, all projected to the radius.
std::vector<double> projected(std::size_t size, std::size_t salt, double radius) {
  std::vector<double> shift = arbitrary_values(size, salt);
  project(shift, radius);
  return shift;
}

TEST(Ascent, IsOneStepAlongTheGradient) {
  std::vector<double> shift{1, 2};
  ascend(shift, std::vector<double>{3, -4}, 0.5);
  EXPECT_DOUBLE_EQ(shift[0], 1.3);
  EXPECT_DOUBLE_EQ(shift[1], 1.6);
}

TEST(Ascent, DoesNotDependOnTheGradientsSize) {
  for (const double size : {1e-300, 1e-170, 1e200}) {  // squares that underflow and overflow
    std::vector<double> shift{0, 0};
    ascend(shift, std::vector<double>{3 * size, -4 * size}, 0.5);
    EXPECT_DOUBLE_EQ(shift[0], 0.3) << size;
    EXPECT_DOUBLE_EQ(shift[1], -0.4) << size;
  }
}

TEST(Ascent, StaysWhereThereIsNoGradient) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& gradient : {std::vector<double>{0, 0}, {nan, 1}, {0, nan}, {infinity, 1}, {1, -infinity}}) {
    std::vector<double> shift{0.25, 0.5};
    ascend(shift, gradient, 1);
    EXPECT_EQ(shift, (std::vector<double>{0.25, 0.5}));
  }
}

TEST(Projection, ShortensWhatIsTooLongAndNothingElse) {
  std::vector<double> shift{3, 4};
  project(shift, 5);
  EXPECT_EQ(shift, (std::vector<double>{3, 4}));
  project(shift, 2.5);
  EXPECT_DOUBLE_EQ(shift[0], 1.5);
  EXPECT_DOUBLE_EQ(shift[1], 2);
}

TEST(Range, IsKept) {
  std::vector<double> shift{-0.5, 0.5, 0.1};
  keep_in_range(shift, std::vector<double>{0.25, 0.75, 0.5});
  EXPECT_EQ(shift, (std::vector<double>{-0.25, 0.25, 0.1}));
}

TEST(Floats, NeverLieBeyondTheRadius) {
  int at_the_edge = 0;
  for (std::size_t salt = 0; salt < 300; ++salt) {
    const std::int64_t radius_units = (1 << 22) + static_cast<std::int64_t>(salt * 37'199);
    const double radius = std::ldexp(static_cast<double>(radius_units), -26);  // about 1/16 to 1/4
    Image origin{colour, std::vector<float>(colour.size(), 0.625f)};
    const Perturbed moved = as_floats(origin, projected(colour.size(), salt, radius), radius);
    const std::int64_t squares = squares_of_floats(moved.image, origin);
    ASSERT_LE(squares, radius_units * radius_units) << salt;
    ASSERT_LE(moved.distance, radius) << salt;
    ASSERT_GE(moved.distance * (1 + 1e-15), std::sqrt(static_cast<double>(squares)) * 0x1p-26) << salt;
    ASSERT_GE(moved.distance, radius * (1 - 1e-5)) << salt;  // no more is given up than rounding asks for
    at_the_edge += moved.distance > radius * (1 - 1e-7);
  }
  EXPECT_GT(at_the_edge, 100);  // where a projection without care would be beyond half of the time
}

TEST(Floats, OfAnImageThatIsNotMovedAreTheImage) {
  const Image origin{colour, std::vector<float>(colour.size(), 0.3f)};
  const Perturbed same = as_floats(origin, std::vector<double>(colour.size()), 1e-30);
  EXPECT_EQ(std::get<1>(same.image.pixels), std::get<1>(origin.pixels));
  EXPECT_EQ(same.distance, 0);
}

TEST(Floats, RefuseARadiusSmallerThanTheirRounding) {
  EXPECT_THROW(as_floats(grey_image(colour, 100), projected(colour.size(), 1, 1e-12), 1e-12), InputError);
  EXPECT_NO_THROW(as_floats(grey_image(colour, 100), projected(colour.size(), 1, 1e-5), 1e-5));
}

TEST(Grid, NeverLiesBeyondTheRadius) {
  for (std::size_t salt = 0; salt < 300; ++salt) {
    const std::int64_t radius_units = 3 + static_cast<std::int64_t>(salt * 7);
    const double radius = static_cast<double>(radius_units) / 1024;  // 0.003, less than a step of the grid, to 2
    const Image origin = grey_image(colour, 128);
    const Perturbed moved = on_grid(origin, projected(colour.size(), salt, radius), radius);
    const std::int64_t squares = squares_of_bytes(moved.image, origin);
    ASSERT_LE(squares * 1024 * 1024, 65025 * radius_units * radius_units) << salt;
    ASSERT_LE(moved.distance, radius) << salt;
    ASSERT_GE(moved.distance * 255, std::sqrt(static_cast<double>(squares))) << salt;
    if (radius < 1.0 / 255) EXPECT_EQ(moved.image.bytes(), origin.bytes());
  }
}

TEST(Grid, IsReachedExactlyWhereTheShiftLiesOnIt) {
  const Image origin = grey_image(colour, 100);
  std::vector<double> shift(colour.size());
  shift[0] = 3.0 / 255, shift[5] = -4.0 / 255;
  const double radius = std::nextafter(5.0 / 255, 1.0);
  const Perturbed moved = on_grid(origin, shift, radius);
  EXPECT_EQ(moved.image.bytes()[0], 103);
  EXPECT_EQ(moved.image.bytes()[5], 96);
  EXPECT_EQ(squares_of_bytes(moved.image, origin), 25);
}

TEST(Grid, KeepsShiftsOfLessThanAStepAPixel) {
  const double radius = 0.1;  // 0.46 steps a pixel on average, 0.8 at most: rounded towards the origin, all would be undone
  const std::vector<double> shift = projected(large.size(), 3, radius);
  const Image origin = grey_image(large, 128);
  const Perturbed moved = on_grid(origin, shift, radius);
  EXPECT_GE(moved.distance, 0.99 * radius);
  double along = 0;
  for (std::size_t i = 0; i < large.size(); ++i) along += (moved.image.bytes()[i] - 128) / 255.0 * shift[i];
  EXPECT_GE(along, 0.7 * radius * radius);  // the best choice of pixels for a whole step reaches 0.71
}

TEST(Grid, UsesItsRoomWhereAllPixelsRoundAtOnce) {
  const double radius = 0.1;
  std::vector<double> shift(large.size(), 1.0);
  project(shift, radius);
  EXPECT_GE(on_grid(grey_image(large, 128), shift, radius).distance, 0.99 * radius);
}

TEST(Grid, IsNoLongerThanTheShift) {
  std::vector<double> shift = projected(colour.size(), 4, 0.125);
  EXPECT_LE(on_grid(grey_image(colour, 128), shift, 100).distance, 0.125 * (1 + 1e-8));
}

TEST(Grid, StaysBetweenBlackAndWhite) {
  const Image origin{{1, 1, 2}, std::vector<std::uint8_t>{2, 254}};
  const Perturbed moved = on_grid(origin, std::vector<double>{-0.5, 0.5}, 1);
  EXPECT_EQ(moved.image.bytes(), (std::vector<std::uint8_t>{0, 255}));
}

}  // namespace
}  // namespace ballast::attack::ball_test
