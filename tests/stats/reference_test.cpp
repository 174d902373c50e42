// SPDX-License-Identifier: Apache-2.0
//
// Known answers from reference/statistics.tsv, computed elsewhere with sixty digits.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <string>

#include "ballast/stats/binomial.hpp"
#include "ballast/stats/normal.hpp"
#include "ballast/stats/radius.hpp"
#include "ballast/stats/test_set.hpp"
#include "high_precision.hpp"
#include "tolerances.hpp"

namespace ballast::stats::reference_test {
namespace {

constexpr double nine_digits = 1e-9;  // the optima of Lecuyer et al. and Li et al.
constexpr double six_digits = 1e-6;   // where they are attained: a maximum is flat
constexpr double unit_sigma = std::numeric_limits<double>::epsilon();

struct Row {
  std::string quantity;
  std::map<std::string, std::string> arguments;
  std::string value;
  std::string how;

  double number(const std::string& name) const { return std::stod(arguments.at(name)); }
  std::uint64_t integer(const std::string& name) const { return std::stoull(arguments.at(name)); }
  BinomialCount count() const { return {integer("k"), integer("n")}; }
  Real exact() const { return Real(value); }
  double approximate() const { return static_cast<double>(exact()); }

  // One unit of the last of its 17 digits.
  Real last_digit() const { return abs(exact()) * Real("1e-16"); }

  // The number after this text in the last column.
  double told(const std::string& text) const { return std::stod(how.substr(how.find(text) + text.size())); }
};

Row parse_row(const std::string& line) {
  std::istringstream fields(line);
  Row row;
  std::string arguments;
  std::getline(fields, row.quantity, '\t');
  std::getline(fields, arguments, '\t');
  std::getline(fields, row.value, '\t');
  std::getline(fields, row.how, '\t');
  std::istringstream list(arguments);
  for (std::string argument; std::getline(list, argument, ';');) {
    const auto equals = argument.find('=');
    row.arguments[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  return row;
}

double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0)); }

void check_lower(const Row& row) {
  const double bound = lower_confidence_bound(row.count(), row.number("alpha"));
  EXPECT_NEAR(bound, row.approximate(), twelve_digits * row.approximate());
  EXPECT_LE(Real(bound), row.exact() + row.last_digit());
}

void check_upper(const Row& row) {
  const auto [k, n] = row.count();
  const double bound = upper_confidence_bound({k, n}, row.number("alpha"));
  EXPECT_NEAR(bound, row.approximate(), twelve_digits * row.approximate());
  EXPECT_GE(Real(bound), row.exact() - row.last_digit());
  EXPECT_EQ(upper_failure_bound({n - k, n}, row.number("alpha")), bound);
}

// The doubt is a double: near 1/2 its last bits alone, up to four units, move the radius by their size over the density.
void check_certified(const Row& row) {
  const double doubt = upper_failure_bound(row.count(), row.number("alpha"));
  if (row.value == "ABSTAIN") {
    EXPECT_GE(doubt, 0.5);
    EXPECT_LE(lower_confidence_bound(row.count(), row.number("alpha")), 0.5);
    return;
  }
  const double exact = row.approximate();
  const double radius = radius_below(row.number("sigma"), doubt);
  EXPECT_NEAR(radius, exact, twelve_digits * exact + 4 * unit_sigma * doubt / density(exact));
  EXPECT_LE(Real(radius), row.exact() + row.last_digit());
}

// Beyond double's range the value is rounded up to the least positive double.
void check_p_value(const Row& row) {
  const double p_value = two_sided_p_value({row.integer("nA"), row.integer("n")}, 0.5);
  EXPECT_NEAR(p_value, row.approximate(), twelve_digits * row.approximate() + std::numeric_limits<double>::denorm_min());
  EXPECT_GE(Real(p_value), row.exact() - row.last_digit());
}

// The file's probabilities are decimals; half a unit of each may move the radius.
void check_cohen(const Row& row) {
  const double p_a = row.number("pA");
  const double p_b = row.number("pB");
  const double sigma = row.number("sigma");
  const double rounding = sigma / 2 * unit_sigma / 2 * (p_a / density(normal_quantile(p_a)) + p_b / density(normal_quantile(p_b)));
  const double radius = radius_from_pair(sigma, p_a, p_b);
  EXPECT_NEAR(radius, row.approximate(), twelve_digits * row.approximate());
  EXPECT_LE(Real(radius), row.exact() + row.last_digit() + Real(rounding));
}

void check_tuned(const Row& row, const TunedRadius& tuned, const std::string& name) {
  EXPECT_NEAR(tuned.radius, row.approximate(), nine_digits * row.approximate());
  EXPECT_LE(Real(tuned.radius), row.exact());
  EXPECT_NEAR(tuned.parameter, row.told(name), six_digits);
}

void check_lecuyer(const Row& row) {
  const auto tuned = lecuyer_optimum(row.number("sigma"), row.number("pA"), row.number("pB"));
  check_tuned(row, tuned, "beta*=");
  EXPECT_EQ(lecuyer_radius(row.number("sigma"), row.number("pA"), row.number("pB")), tuned.radius);
}

void check_li(const Row& row) {
  const auto tuned = li_optimum(row.number("sigma"), row.number("pA"), row.number("pB"));
  check_tuned(row, tuned, "alpha*=");
  EXPECT_EQ(li_radius(row.number("sigma"), row.number("pA"), row.number("pB")), tuned.radius);
}

void check_upper_quantile(const Row& row) {
  EXPECT_NEAR(normal_upper_quantile(row.number("q")), row.approximate(), twelve_digits * row.approximate());
}

void check_quantile(const Row& row) {
  EXPECT_NEAR(normal_quantile(row.number("p")), row.approximate(), twelve_digits * std::abs(row.approximate()) + row.told("by up to "));
}

TestSet test_set(const Row& row) { return {.images = row.integer("m"), .certified = row.integer("Y")}; }

void check_share(const Row& row, double bound) {
  EXPECT_NEAR(bound, row.approximate(), twelve_digits * row.approximate());
  EXPECT_LE(Real(bound), row.exact() + row.last_digit());
}

void check_bernstein(const Row& row) { check_share(row, bernstein_bound(test_set(row), row.number("alpha"), row.number("rho"))); }

void check_uniform(const Row& row) { check_share(row, uniform_bound(test_set(row), row.number("alpha"), row.number("rho"))); }

void check_most_wrong(const Row& row) {
  EXPECT_EQ(Real(most_wrong(row.integer("m"), row.number("alpha"), row.number("rho"))), row.exact());
}

// The file counts the images.
void check_inverted(const Row& row) {
  const auto m = row.number("m");
  const double images = m * inverted_bound(test_set(row), row.number("alpha"), row.number("rho"));
  EXPECT_NEAR(images, row.approximate(), twelve_digits * m);
  EXPECT_EQ(Real(std::round(images)), row.exact());
}

// Appendix D without its 1/(1 - alpha): there for comparison, nothing here computes it.
void leave_out(const Row&) {}

const std::map<std::string, std::function<void(const Row&)>> checks = {
    {"cp_lower", check_lower},
    {"cp_upper", check_upper},
    {"cert_radius", check_certified},
    {"binom_two_sided_p_half", check_p_value},
    {"cohen_radius", check_cohen},
    {"lecuyer_radius", check_lecuyer},
    {"li_radius", check_li},
    {"norm_isf", check_upper_quantile},
    {"norm_ppf", check_quantile},
    {"bernstein_lower_with_1_over_1_minus_alpha", check_bernstein},
    {"bernstein_lower_no_prefactor", leave_out},
    {"binom_quantile_q", check_most_wrong},
    {"binom_uniform_lower", check_uniform},
    {"binom_inversion_mgood", check_inverted},
};

TEST(StatisticsReference, EveryRowIsMatched) {
  const auto file = std::filesystem::path(BALLAST_SHARED) / "reference" / "statistics.tsv";
  if (!std::filesystem::exists(BALLAST_SHARED)) GTEST_SKIP() << BALLAST_SHARED << " is not here: no reference to compare with";
  std::ifstream in(file);
  ASSERT_TRUE(in.good()) << file;
  std::string line;
  std::getline(in, line);
  ASSERT_EQ(line, "quantity\targs\tvalue\thow");
  std::map<std::string, int> rows;
  while (std::getline(in, line)) {
    SCOPED_TRACE(line);
    const Row row = parse_row(line);
    ASSERT_TRUE(checks.contains(row.quantity)) << "unknown quantity";
    checks.at(row.quantity)(row);
    ++rows[row.quantity];
  }
  for (const auto& [quantity, check] : checks) EXPECT_GT(rows[quantity], 0) << quantity;
}

}  // namespace
}  // namespace ballast::stats::reference_test
