// SPDX-License-Identifier: Apache-2.0
//
// Decimal text is compared with the double in exact arithmetic.

#include "ballast/stats/round_down.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "ballast/core/errors.hpp"

namespace ballast::stats::round_down_test {
namespace {

using boost::multiprecision::cpp_int;

// value * 10^decimals as a fraction: numerator over 2^1074.
cpp_int scaled_exactly(double value, int decimals) {
  int exponent = 0;
  const auto bits = static_cast<std::uint64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  cpp_int result = bits;
  result *= pow(cpp_int(10), static_cast<unsigned>(decimals));
  const int shift = exponent - 53 + 1074;
  return shift >= 0 ? cpp_int(result << shift) : cpp_int(result >> -shift);  // only zero has shift < 0, and subnormals whose low bits are 0
}

void expect_greatest_below(double value, int decimals) {
  std::string text = format_rounded_down(value, decimals);
  const auto point = text.find('.');
  ASSERT_EQ(point == std::string::npos, decimals == 0) << text;
  if (decimals > 0) {
    ASSERT_EQ(text.size() - point - 1, static_cast<std::size_t>(decimals)) << text;
    text.erase(point, 1);
  }
  const auto first = std::min(text.find_first_not_of('0'), text.size() - 1);  // cpp_int reads a leading 0 as octal
  const cpp_int units = cpp_int(text.substr(first)) << 1074;
  const cpp_int exact = scaled_exactly(value, decimals);
  EXPECT_LE(units, exact) << value << " " << decimals;
  EXPECT_GT(units + (cpp_int(1) << 1074), exact) << value << " " << decimals;
}

TEST(FormatRoundedDown, IsTheGreatestDecimalNotAboveTheValue) {
  const double max = std::numeric_limits<double>::max();
  const double least = std::numeric_limits<double>::denorm_min();
  for (const double value : {0.0, 0.1, 0.2, 0.3, 0.7, 0.5, 1.0, 0.999999, 1e-17, 1e-300, least, max, 2.675, 1.005, 123456.789}) {
    for (const int decimals : {0, 1, 2, 3, 6, 16, 17, 18, 55, 400, 1074}) expect_greatest_below(value, decimals);
  }
}

TEST(FormatRoundedDown, HoldsForEveryThousandthAndItsNeighbours) {
  for (int i = 0; i <= 5000; ++i) {
    const double value = i / 1000.0;
    for (const int decimals : {0, 1, 2, 3, 4}) {
      expect_greatest_below(value, decimals);
      expect_greatest_below(std::nextafter(value, 0.0), decimals);
      expect_greatest_below(std::nextafter(value, 10.0), decimals);
    }
  }
}

TEST(FormatRoundedDown, HoldsForRandomBits) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random() >> 1);
    if (std::isfinite(value)) expect_greatest_below(value, static_cast<int>(random() % 40));
  }
}

TEST(FormatRoundedDown, GivesTheTextOfKnownValues) {
  EXPECT_EQ(format_rounded_down(0.3, 1), "0.2");  // the double 0.3 is 0.29999999999999998889...
  EXPECT_EQ(format_rounded_down(0.1, 1), "0.1");  // the double 0.1 is above 0.1
  EXPECT_EQ(format_rounded_down(0.9999, 3), "0.999");
  EXPECT_EQ(format_rounded_down(2.5, 0), "2");
  EXPECT_EQ(format_rounded_down(0.75, 3), "0.750");
  EXPECT_EQ(format_rounded_down(0, 2), "0.00");
  EXPECT_EQ(format_rounded_down(-0.0, 2), "0.00");
}

TEST(RoundedUp, IsTheLeastDecimalThatIsNotBelow) {
  EXPECT_EQ(rounded_up(0.3, 1), 0.3);
  EXPECT_EQ(rounded_up(0.25, 6), 0.25);
  EXPECT_EQ(rounded_up(36.0 / 255, 6), 0.141177);
  EXPECT_EQ(rounded_up(0.9999999, 6), 1);
  EXPECT_EQ(rounded_up(1e-300, 3), 0.001);
  EXPECT_EQ(rounded_up(0, 3), 0);
}

TEST(AtLeastAsWritten, ShowsWhatWasWritten) {
  EXPECT_EQ(at_least_as_written(0), 0);
  for (int i = 1; i < 1000; ++i) {
    const double written = i / 1000.0;
    EXPECT_EQ(format_rounded_down(at_least_as_written(written), 3), fmt::format("{:.3f}", written));
  }
}

TEST(FormatRoundedDown, RefusesWrongArguments) {
  for (const double value : {-1e-300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(format_rounded_down(value, 3), InputError);
  }
  EXPECT_THROW(format_rounded_down(1, -1), InputError);
  EXPECT_THROW(format_rounded_down(1, 1075), InputError);
}

}  // namespace
}  // namespace ballast::stats::round_down_test
