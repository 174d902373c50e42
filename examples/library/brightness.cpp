// SPDX-License-Identifier: Apache-2.0
//
// Certifies a classifier that is any function of the caller's: is an image bright?

#include <cstdio>
#include <numeric>

#include "ballast/model/callback_classifier.hpp"
#include "ballast/smooth/certify.hpp"
#include "ballast/smooth/thread_pool.hpp"

int main() {
  const ballast::ImageShape shape{1, 8, 8};
  const auto is_bright = [shape](std::span<const float> images, std::span<ballast::Label> labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto image = images.subspan(i * shape.size(), shape.size());
      labels[i] = std::accumulate(image.begin(), image.end(), 0.0f) > 0.5f * static_cast<float>(shape.size());
    }
  };
  const auto classifier = ballast::model::classifier_from(is_bright, shape, 2);
  ballast::smooth::ThreadPool pool(*classifier, 0);

  const double sigma = 0.25;
  const ballast::noise::NoisyWriter noise(ballast::NoiseKind::grid, sigma, classifier->affine());
  const ballast::Image image{shape, std::vector<std::uint8_t>(shape.size(), 140)};
  ballast::smooth::VoteCounter votes(pool, noise, image, 1, 0);  // seed 1, image 0

  ballast::smooth::CertifyOptions options;
  options.smoothing.scale = sigma;
  const auto certificate = ballast::smooth::certify(votes, options);
  if (!certificate.label) std::printf("abstains\n");
  else std::printf("class %d, radius %.6f\n", *certificate.label, certificate.radius);
}
