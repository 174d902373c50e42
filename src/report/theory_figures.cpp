// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/theory_figures.hpp"

#include <fmt/format.h>

#include <cmath>

#include "ballast/core/errors.hpp"
#include "ballast/stats/normal.hpp"
#include "ballast/stats/radius.hpp"

namespace ballast::report {
namespace {

constexpr double view = 3.2;  // of the plane, to each side, in units of sigma
constexpr const char* blue = "#9ECAE1";
constexpr const char* red = "#FDAE8A";
constexpr const char* grey = "#EEEEEE";

// Units of sigma along and across delta.
std::string frame(double low, double high) {
  return fmt::format(
      "set encoding utf8\nset size ratio -1\nset xrange [{}:{}]\nset yrange [{}:{}]\nset border lw 0.6\nset tics out scale 0.4 nomirror\n"
      "set style textbox opaque noborder fc rgb '#FFFFFF' margins 0.6,0.4\nset xlabel 'along δ (in units of σ)'\nset ylabel 'across (in "
      "units of σ)'\nunset key\nset parametric\nset trange [0:2*pi]\nset samples 200\n",
      low, high, -view, view);
}

std::string band(double from, double to, const char* colour) {
  return fmt::format("set object rectangle from first {},graph 0 to first {},graph 1 fc rgb '{}' fs solid noborder behind\n", from, to,
                     colour);
}

// A curve around a point on the axis, for plot.
std::string circle(double x, double radius, const std::string& style) {
  return fmt::format("{0}+{1}*cos(t),{1}*sin(t) with lines {2}", x, radius, style);
}
// Level sets of the noise around a point.
std::string levels(double x, const char* dash) {
  const std::string style = fmt::format("lc rgb '#333333' lw 0.8 dt {}", dash);
  return circle(x, 1, style) + ", " + circle(x, 2, style);
}
std::string ball(double radius) { return circle(0, radius, "lc rgb '#000000' lw 1.8"); }

std::string text_at(double x, double y, const std::string& text) {
  return fmt::format("set label '{}' at {},{} center front\n", text, x, y);
}
// side: "left" or "right" of the point.
std::string point_at(double x, const std::string& name, const std::string& side) {
  const bool left = side == "left";
  return fmt::format("set label '' at {},0 point pt 7 ps 0.5 front\nset label '{}' at {},-0.02 {} front boxed\n", x, name,
                     x + (left ? -0.12 : 0.12), left ? "right" : "left");
}

void check(const WorstCase& worst) {
  require(worst.sigma > 0, "sigma must be above 0");
  require(worst.p_b > 0 && worst.p_b < worst.p_a && worst.p_a + worst.p_b <= 1,
          "p_a and p_b must be such that 0 < p_b < p_a and p_a + p_b <= 1");
}

// In units of sigma: A is left of the first, B right of the second.
double edge_of_a(const WorstCase& worst) { return stats::normal_quantile(worst.p_a); }
double edge_of_b(const WorstCase& worst) { return stats::normal_upper_quantile(worst.p_b); }
double radius_of(const WorstCase& worst) { return (edge_of_a(worst) + edge_of_b(worst)) / 2; }

// What the half-spaces have under the noise around a point `delta` away.
std::string probabilities(const WorstCase& worst, double delta) {
  return fmt::format("P(A) = {:.2f}, P(B) = {:.2f}", stats::normal_cdf(edge_of_a(worst) - delta),
                     stats::normal_cdf(delta - edge_of_b(worst)));
}

std::string half_spaces(const WorstCase& worst, double high) {
  return band(-view, edge_of_a(worst), blue) + band(edge_of_b(worst), high, red);
}

std::string panel(const WorstCase& worst, double delta, double high, const char* title) {
  return "unset object\nunset label\n" + frame(-view, high) + half_spaces(worst, high) + text_at(edge_of_a(worst) - 1.6, 2.75, "A") +
         text_at(edge_of_b(worst) + 0.8, 2.75, "B") + point_at(0, "x", "left") + point_at(delta, "x + δ", "right") +
         fmt::format("set title \"{}\\naround x + δ: {}\"\nplot {}, {}\n", title, probabilities(worst, delta), levels(0, "solid"),
                     levels(delta, "(6,4)"));
}

constexpr int curve_points = 400;

template <typename Function>
Series over_p(std::string name, Function&& value) {
  Series series{std::move(name), {}, {}, Series::Style::line, false};
  for (int i = 1; i < curve_points; ++i) {
    const double p = 0.5 + 0.5 * i / curve_points;
    series.x.push_back(p);
    series.y.push_back(value(p));
  }
  return series;
}

}  // namespace

std::string theorem_1_program(const WorstCase& worst, const std::string& name) {
  check(worst);
  const double radius = radius_of(worst), high = view + 1.4 * radius;
  const std::string plot = "set multiplot layout 1,2\n" + panel(worst, 0.6 * radius, high, "inside the radius: A still has more") +
                           panel(worst, 1.4 * radius, high, "outside: B has more") + "unset multiplot";
  return "# the two half-spaces behind Theorem 1\n" + for_each_terminal(name, 6.8, 3.3, plot);
}

std::string theorem_2_program(const WorstCase& worst, const std::string& name) {
  check(worst);
  const double radius = radius_of(worst), high = view + radius;
  const std::string plot =
      "unset object\nunset label\n" + frame(-view, high) + band(edge_of_a(worst), edge_of_b(worst), grey) + half_spaces(worst, high) +
      point_at(0, "x", "left") + text_at(edge_of_a(worst) - 1.4, 2.75, "top class") + text_at(edge_of_b(worst) + 0.9, 2.75, "runner-up") +
      text_at((edge_of_a(worst) + edge_of_b(worst)) / 2, -2.75, "others") +
      fmt::format("set label 'R = {:.2f} σ' at {},{} left front boxed\nset arrow from 0,0 to {},{} lw 1 front\n", radius, radius * 0.2,
                  0.8 * radius + 0.3, radius * std::sqrt(0.5), radius * std::sqrt(0.5)) +
      fmt::format("set title 'p_A = {}, p_B = {}' noenhanced\nplot {}, {}", worst.p_a, worst.p_b, levels(0, "solid"), ball(radius));
  return "# the worst classifier of Theorem 2\n" + for_each_terminal(name, 3.6, 3.3, plot);
}

std::string linear_program(double sigma, double distance, const std::string& name) {
  require(sigma > 0 && distance > 0, "sigma and the distance must be above 0");
  const double edge = distance / sigma, high = view + edge;
  const std::string plot = "unset object\nunset label\n" + frame(-view, high) + band(-view, edge, blue) + band(edge, high, red) +
                           point_at(0, "x", "left") + text_at(-1.6, 2.75, "class 1") + text_at(edge + 1, 2.75, "class 2") +
                           fmt::format("set title 'the certified radius is the distance to the boundary: {:.2f} σ'\nplot {}, {}", edge,
                                       levels(0, "solid"), ball(edge));
  return "# a linear classifier\n" + for_each_terminal(name, 3.9, 3.3, plot);
}

Figure guarantees_figure() {
  Figure figure{"p_A, the probability of the top class (p_B = 1 - p_A)", "radius (in units of σ)", {}, false};
  figure.series.push_back(over_p("Cohen et al. 2019", [](double p) { return stats::radius_from_pair(1, p, 1 - p); }));
  figure.series.push_back(over_p("Li et al. 2019", [](double p) { return stats::li_radius(1, p, 1 - p); }));
  figure.series.push_back(over_p("Lecuyer et al. 2019", [](double p) { return stats::lecuyer_radius(1, p, 1 - p); }));
  figure.x_least = 0.5;
  figure.x_most = 1;
  figure.key_left = true;
  return figure;
}

Figure guarantee_parameters_figure() {
  Figure figure{"p_A, the probability of the top class (p_B = 1 - p_A)", "best parameter", {}, false};
  figure.series.push_back(over_p("alpha of Li et al. 2019", [](double p) { return stats::li_optimum(1, p, 1 - p).parameter; }));
  figure.series.push_back(over_p("beta of Lecuyer et al. 2019", [](double p) { return stats::lecuyer_optimum(1, p, 1 - p).parameter; }));
  figure.x_least = 0.5;
  figure.x_most = 1;
  return figure;
}

}  // namespace ballast::report
