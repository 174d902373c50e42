# SPDX-License-Identifier: Apache-2.0
import math
import unittest

import inputs
from ballast import stats


def known_answers(quantity):
    """(arguments, value) of the table of values that other software computed; value is None where the answer is to abstain."""
    if not inputs.KNOWN_ANSWERS.is_file():
        raise unittest.SkipTest(f"{inputs.KNOWN_ANSWERS} is not there")
    answers = []
    for line in inputs.KNOWN_ANSWERS.read_text().splitlines()[1:]:
        name, arguments, value = line.split("\t")[:3]
        if name == quantity:
            numbers = {key: float(number) for key, number in (pair.split("=") for pair in arguments.split(";"))}
            answers.append((numbers, None if value == "ABSTAIN" else float(value)))
    return answers


class Statistics(unittest.TestCase):
    # Of an answer: rounding outward by a few units in the last place.
    ROUNDING = 1e-14

    # What a value below every double is shown as, by a function that never rounds down.
    LEAST = 5e-324

    def assert_known(self, quantity, function, tolerance=ROUNDING):
        answers = known_answers(quantity)
        self.assertTrue(answers)
        for arguments, value in answers:
            with self.subTest(**arguments):
                self.assertTrue(math.isclose(function(arguments), value, rel_tol=tolerance, abs_tol=self.LEAST), (function(arguments), value))

    def test_confidence_bounds_are_the_known_ones(self):
        self.assert_known("cp_lower", lambda a: stats.lower_confidence_bound(int(a["k"]), int(a["n"]), a["alpha"]))
        self.assert_known("cp_upper", lambda a: stats.upper_confidence_bound(int(a["k"]), int(a["n"]), a["alpha"]))

    def test_p_values_are_the_known_ones(self):
        self.assert_known("binom_two_sided_p_half", lambda a: stats.two_sided_p_value(int(a["nA"]), int(a["n"])), 1e-12)

    def test_radii_are_the_known_ones(self):
        for quantity, function, tolerance in (
            ("cohen_radius", stats.radius_from_pair, 1e-13),
            ("lecuyer_radius", stats.lecuyer_radius, 1e-8),
            ("li_radius", stats.li_radius, 1e-8),
        ):
            self.assert_known(quantity, lambda a, f=function: f(a["sigma"], a["pA"], a["pB"]), tolerance)

    def test_quantiles_are_the_known_ones(self):
        for arguments, value in known_answers("norm_ppf"):
            # The table's p is a decimal; its nearest double lies up to 2**-54 away.
            density = math.exp(-value * value / 2) / math.sqrt(2 * math.pi)
            self.assertAlmostEqual(stats.normal_quantile(arguments["p"]), value, delta=1e-14 + 2**-54 / density)
        self.assert_known("norm_isf", lambda a: stats.normal_upper_quantile(a["q"]))

    def test_certified_radii_are_the_known_ones(self):
        for arguments, value in known_answers("cert_radius"):
            p_lower = stats.lower_confidence_bound(int(arguments["k"]), int(arguments["n"]), arguments["alpha"])
            with self.subTest(**arguments):
                if value is None:
                    self.assertLessEqual(p_lower, 0.5)
                else:
                    self.assertTrue(math.isclose(stats.radius(p_lower, arguments["sigma"]), value, rel_tol=1e-10))

    def test_bounds_of_test_sets_are_the_known_ones(self):
        for quantity, function, scale in (
            ("bernstein_lower_with_1_over_1_minus_alpha", stats.bernstein_bound, lambda a: 1),
            ("binom_uniform_lower", stats.uniform_bound, lambda a: 1),
            ("binom_inversion_mgood", stats.inverted_bound, lambda a: a["m"]),
        ):
            self.assert_known(quantity, lambda a, f=function, s=scale: s(a) * f(int(a["m"]), int(a["Y"]), a["alpha"], a["rho"]), 1e-12)
        self.assert_known("binom_quantile_q", lambda a: stats.most_wrong(int(a["m"]), a["alpha"], a["rho"]), 0)

    def test_closed_forms(self):
        self.assertEqual(stats.lower_confidence_bound(0, 10, 0.001), 0)
        self.assertEqual(stats.upper_confidence_bound(10, 10, 0.001), 1)
        self.assertAlmostEqual(stats.lower_confidence_bound(100, 100, 0.001), 0.001**0.01, places=14)
        self.assertAlmostEqual(stats.upper_failure_bound(100, 100, 0.001), 1 - 0.001**0.01, places=14)
        self.assertEqual(stats.two_sided_p_value(10, 10), 2.0**-9)
        self.assertEqual(stats.binomial_upper_tail(0, 10, 0.5), 1)
        self.assertEqual(stats.binomial_lower_tail(10, 10, 0.5), 1)
        self.assertEqual((stats.least_samples_to_certify(0.001), stats.least_samples_to_predict(0.001)), (10, 11))
        self.assertEqual(stats.normal_cdf(0), 0.5)
        self.assertEqual(stats.radius(0.75, 0.5), stats.radius_below(0.5, 0.25))
        self.assertEqual(stats.unsplit_least_count(11, 0.001), 11)
        self.assertGreaterEqual(stats.unsplit_failure_bound(6, 11, 0.001), 0.5)
        low, high = stats.mean_interval([0.25, 0.5, 0.75] * 100, 0, 1, 0.001)
        self.assertTrue(0 < low < stats.mean_lower_bound([0.25, 0.5, 0.75] * 100, 0, 1, 0.001) < 0.5 < high < 1)
        self.assertLess(stats.population_bound(500, 335, 0.001, 0.001), 0.67)

    def test_a_bound_covers_as_often_as_it_says(self):
        # Exact: the probability, over Bin(20, p), that the bound lies above p.
        for p in (0.1, 0.5, 0.9):
            wrong = sum(math.comb(20, k) * p**k * (1 - p) ** (20 - k) for k in range(21) if stats.lower_confidence_bound(k, 20, 0.05) > p)
            self.assertLessEqual(wrong, 0.05)

    def test_what_is_not_allowed_is_said_in_one_line(self):
        for call, word in (
            (lambda: stats.lower_confidence_bound(1, 10, 2), "alpha"),
            (lambda: stats.lower_confidence_bound(11, 10, 0.1), "11"),
            (lambda: stats.radius(0.5, 1), "1/2"),
            (lambda: stats.radius(0.9, -1), "sigma"),
            (lambda: stats.bernstein_bound(10, 11, 0.001, 0.001), "11"),
        ):
            with self.assertRaises(ValueError) as raised:
                call()
            self.assertIn(word, str(raised.exception))
            self.assertNotIn("\n", str(raised.exception))
        with self.assertRaises(TypeError):
            stats.lower_confidence_bound(-1, 10, 0.1)
        with self.assertRaises(TypeError):
            stats.lower_confidence_bound(0.5, 10, 0.1)


if __name__ == "__main__":
    unittest.main()
