# SPDX-License-Identifier: Apache-2.0
"""The statistics of randomized smoothing: numbers in, numbers out.

Counts are whole numbers from 0 to 10**12, alpha and rho the allowed probabilities of being wrong, between 0 and 1 (not included).
Every bound is rounded to its safe side.

The bounds on a test set or its population (bernstein_bound, inverted_bound, most_wrong, population_bound, uniform_bound, and those of
means) need images that were chosen, and their number fixed, before any result was seen, and noise that no two images share: under one seed
each image needs a number of its own (`first` of ballast.certify).
"""

from ._ballast import (
    bernstein_bound,
    binomial_lower_tail,
    binomial_upper_tail,
    inverted_bound,
    least_samples_to_certify,
    least_samples_to_predict,
    lecuyer_radius,
    li_radius,
    lower_confidence_bound,
    mean_interval,
    mean_lower_bound,
    most_wrong,
    normal_cdf,
    normal_quantile,
    normal_upper_quantile,
    population_bound,
    radius,
    radius_below,
    radius_from_pair,
    two_sided_p_value,
    uniform_bound,
    unsplit_failure_bound,
    unsplit_least_count,
    upper_confidence_bound,
    upper_failure_bound,
)

__all__ = [
    "bernstein_bound",
    "binomial_lower_tail",
    "binomial_upper_tail",
    "inverted_bound",
    "least_samples_to_certify",
    "least_samples_to_predict",
    "lecuyer_radius",
    "li_radius",
    "lower_confidence_bound",
    "mean_interval",
    "mean_lower_bound",
    "most_wrong",
    "normal_cdf",
    "normal_quantile",
    "normal_upper_quantile",
    "population_bound",
    "radius",
    "radius_below",
    "radius_from_pair",
    "two_sided_p_value",
    "uniform_bound",
    "unsplit_failure_bound",
    "unsplit_least_count",
    "upper_confidence_bound",
    "upper_failure_bound",
]
