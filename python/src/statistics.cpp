// SPDX-License-Identifier: Apache-2.0

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/stats/binomial.hpp"
#include "ballast/stats/normal.hpp"
#include "ballast/stats/radius.hpp"
#include "ballast/stats/test_set.hpp"
#include "ballast/stats/unsplit.hpp"
#include "bindings.hpp"

namespace ballast::python {
namespace {

namespace py = pybind11;
using Count = std::uint64_t;
using Values = std::vector<double>;

template <double (*function)(stats::BinomialCount, double)>
double of_count(Count successes, Count trials, double value) {
  return function({successes, trials}, value);
}

template <double (*function)(const stats::TestSet&, double, double)>
double of_test_set(Count images, Count certified, double alpha, double rho) {
  return function({images, certified}, alpha, rho);
}

// Exact: 1 - p has no more digits than p, where p is 1/2 or more.
double radius(double p_lower, double sigma) {
  require(p_lower > 0.5 && p_lower < 1,
          "p_lower = " + std::to_string(p_lower) + ": must lie between 1/2 and 1 (not included); at 1/2 or below nothing is certified");
  return stats::radius_below(sigma, 1 - p_lower);
}

void add_binomial(py::module_& m) {
  const auto of = [&](const char* name, auto function, const char* last, const char* doc) {
    m.def(name, function, py::arg("successes"), py::arg("trials"), py::arg(last), doc);
  };
  of("lower_confidence_bound", &of_count<stats::lower_confidence_bound>, "alpha",
     "Clopper-Pearson: with probability at least 1 - alpha at most the true proportion. Never rounded up; 0 at no successes.");
  of("upper_confidence_bound", &of_count<stats::upper_confidence_bound>, "alpha",
     "Clopper-Pearson from above: with probability at least 1 - alpha at least the true proportion. Never rounded down.");
  of("upper_failure_bound", &of_count<stats::upper_failure_bound>, "alpha",
     "1 - lower_confidence_bound, accurate relative to itself also where it is tiny. Never rounded down.");
  m.def("two_sided_p_value", &of_count<stats::two_sided_p_value>, py::arg("successes"), py::arg("trials"), py::arg("p") = 0.5,
        "Exact two-sided binomial test of the proportion p. Never below the exact value.");
  m.def("binomial_upper_tail", &stats::binomial_upper_tail, py::arg("k"), py::arg("n"), py::arg("p"),
        "P(Bin(n, p) >= k), never below the exact value.");
  m.def("binomial_lower_tail", &stats::binomial_lower_tail, py::arg("k"), py::arg("n"), py::arg("p"),
        "P(Bin(n, p) <= k), never below the exact value.");
  m.def("least_samples_to_certify", &stats::least_samples_to_certify, py::arg("alpha"),
        "The least n for which a unanimous vote certifies: alpha**(1/n) > 1/2.");
  m.def("least_samples_to_predict", &stats::least_samples_to_predict, py::arg("alpha"),
        "The least n for which a unanimous vote predicts: 2 * 2**-n <= alpha.");
  m.def("unsplit_least_count", &stats::unsplit_least_count, py::arg("samples"), py::arg("alpha"),
        "Where one draw both picks the class and bounds it: the least count of the winner with which an answer is given.");
  m.def("unsplit_failure_bound", &stats::unsplit_failure_bound, py::arg("winner_count"), py::arg("samples"), py::arg("alpha"),
        "Where one draw both picks the class and bounds it: upper bound of the probability of every other answer.");
}

void add_radii(py::module_& m) {
  m.def("normal_cdf", &stats::normal_cdf, py::arg("x"), "The standard normal distribution function.");
  m.def("normal_quantile", &stats::normal_quantile, py::arg("p"), "The inverse of normal_cdf, for 0 < p < 1.");
  m.def("normal_upper_quantile", &stats::normal_upper_quantile, py::arg("q"), "normal_quantile(1 - q), without loss where q is tiny.");
  m.def("radius", &radius, py::arg("p_lower"), py::arg("sigma"),
        "The l2 radius sigma * normal_quantile(p_lower) of Cohen, Rosenfeld and Kolter 2019, in the units of sigma. Never rounded up. "
        "ValueError unless 1/2 < p_lower < 1.");
  m.def("radius_below", py::overload_cast<double, double>(&stats::radius_below), py::arg("sigma"), py::arg("doubt"),
        "As radius, from doubt = 1 - p_lower, without loss where it is tiny.");
  m.def("radius_from_pair", &stats::radius_from_pair, py::arg("sigma"), py::arg("p_a"), py::arg("p_b"),
        "sigma / 2 * (normal_quantile(p_a) - normal_quantile(p_b)), never rounded up: theorem 1 of Cohen et al.");
  m.def("lecuyer_radius", &stats::lecuyer_radius, py::arg("sigma"), py::arg("p_a"), py::arg("p_b"),
        "The l2 radius of Lecuyer et al. 2019 at its best parameter.");
  m.def("li_radius", &stats::li_radius, py::arg("sigma"), py::arg("p_a"), py::arg("p_b"),
        "The l2 radius of Li et al. 2019 at its best parameter.");
}

void add_test_set(py::module_& m) {
  const auto of = [&](const char* name, auto function, const char* doc) {
    m.def(name, function, py::arg("images"), py::arg("certified"), py::arg("alpha"), py::arg("rho"), doc);
  };
  of("bernstein_bound", &of_test_set<stats::bernstein_bound>,
     "With probability at least 1 - rho at most the share of test images that are truly certified, for one radius: appendix D of Cohen, "
     "Rosenfeld and Kolter 2019. certified: images found correct with that radius, each wrongly with probability at most alpha.");
  of("uniform_bound", &of_test_set<stats::uniform_bound>,
     "As bernstein_bound, for all radii at once, by the number of wrong certificates.");
  of("inverted_bound", &of_test_set<stats::inverted_bound>, "As bernstein_bound, by inverting the exact test.");
  of("population_bound", &of_test_set<stats::population_bound>,
     "The share in the population that the images were drawn from, independently and unseen in tuning, for one radius.");
  m.def("most_wrong", &stats::most_wrong, py::arg("images"), py::arg("alpha"), py::arg("rho"),
        "With probability at least 1 - rho at most so many of the images' certificates are wrong.");
  m.def(
      "mean_interval",
      [](const Values& values, double low, double high, double rho) {
        const stats::Interval interval = stats::mean_interval(values, low, high, rho);
        return py::make_tuple(interval.low, interval.high);
      },
      py::arg("values"), py::arg("low"), py::arg("high"), py::arg("rho"),
      "(lower, upper): with probability at least 1 - rho around the mean of the population that the values, all in [low, high], were "
      "drawn from (Maurer and Pontil 2009).");
  m.def(
      "mean_lower_bound",
      [](const Values& values, double low, double high, double rho) { return stats::mean_lower_bound(values, low, high, rho); },
      py::arg("values"), py::arg("low"), py::arg("high"), py::arg("rho"), "The lower side of mean_interval alone, at 1 - rho.");
}

}  // namespace

void add_statistics(py::module_& module) {
  add_binomial(module);
  add_radii(module);
  add_test_set(module);
}

}  // namespace ballast::python
