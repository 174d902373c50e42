// SPDX-License-Identifier: Apache-2.0
//
// Bounds by which no image near a given one gets another label, without
// randomness: computed in double, with a margin for rounding.

#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "ballast/core/image.hpp"
#include "ballast/graph/graph.hpp"
#include "ballast/verify/method.hpp"

namespace ballast::verify {

// Speed and memory only: never more than the last digits of an answer.
struct VerifierOptions {
  // Doubles that one matrix may take on the way back through the network. Rows are bounded in chunks of as many as fit: so
  // many, divided by the largest value of the network (unfolded, where a convolution reads or gives it), and at least one.
  // A few such matrices are held at a time.
  std::int64_t matrix_elements = std::int64_t{1} << 24;
};

struct RadiusOptions {
  double tolerance = 1e-4;                                // relative: the search ends when it has the radius to so much
  double most = std::numeric_limits<double>::infinity();  // no greater radius is tried, such as one that an attack has broken
};

// One network and one method. Bounds by lines and intervals are useful for networks that were trained for them, or that are not deep: those
// of an ordinary residual network with tens of layers are too wide to prove anything, at any cost.
//
// Certificates are about the network in exact arithmetic on the weights as they stand in the graph, on the image and all points of R^n
// within the radius, whether or not they lie in [0, 1]. The computation is in double, and each bound is moved outward by four times
// what rounding can make of it to first order: the sum of the magnitudes that it was added up from, times the lengths of all
// sums on the way, times 2^-51: a generous margin, and no proof that rounding stays within it. What an engine makes of the same network in
// float32 or bfloat16 is another function, as far as its rounding goes.
//
// An image is given as its pixels in channel, row, column order, in [0, 1]; a radius is l2 in these units (normalisation
// is part of the graph). All functions may be called from several threads at once, which is faster than several threads in one call. Throws
// InputError where an image has another size than the network takes, a label is none of its classes, or a radius is negative or not a
// number.
class Verifier {
 public:
  // Prepares the network: norms of its layers, and what else does not depend on an image. Throws InputError naming operation and node
  // where the method cannot bound an operation, and naming both shapes where such images do not fit the network.
  Verifier(graph::Graph graph, const ImageShape& shape, Method method, const VerifierOptions& options = {});
  ~Verifier();
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;

  Method method() const;
  int classes() const;

  // The class of the greatest score in double; the lowest of them where several are.
  Label predict(std::span<const double> image) const;

  // A lower bound of the least score of `label` minus the greatest other score over the ball. Minus infinity where nothing is known.
  double margin_bound(std::span<const double> image, Label label, double radius) const;

  // Whether the bound is above 0: all points of the ball get that label. False says nothing.
  bool certifies(std::span<const double> image, Label label, double radius) const;

  // The greatest radius found at which certifies() holds, by this method alone (so CROWN may give less than the Lipschitz
  // margin); 0 if the image has another label. Every result is itself verified; the bound need not fall as the radius grows, so a
  // greater radius that certifies() accepts may exist. The search starts at the Lipschitz margin.
  double certified_radius(std::span<const double> image, Label label, const RadiusOptions& options = {}) const;

  // Multiplications of one margin_bound(), at most; a search for a radius takes some fifteen. 0 for intervals and Lipschitz bounds, which
  // are quick.
  double multiplications() const;

  // An upper bound of the Lipschitz constant of all scores together, l2 to l2. A margin m proves the radius
  // m / (sqrt(2) L) (Tsuzuku et al. 2018, Proposition 1); method lipschitz proves at least that.
  double lipschitz_bound() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast::verify
