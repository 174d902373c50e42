// SPDX-License-Identifier: Apache-2.0
//
// How Boost evaluates what only shapes a design and proves nothing: quickly,
// and without throwing where digits are lost.

#pragma once

#include <boost/math/policies/policy.hpp>

namespace ballast::stats {

using ShapePolicy = boost::math::policies::policy<boost::math::policies::promote_double<false>,
                                                  boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
                                                  boost::math::policies::evaluation_error<boost::math::policies::ignore_error>>;

}  // namespace ballast::stats
