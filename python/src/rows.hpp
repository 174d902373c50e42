// SPDX-License-Identifier: Apache-2.0
//
// Images through a procedure into rows, as a log has them.

#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "ballast/log/record.hpp"
#include "ballast/log/settings.hpp"
#include "images.hpp"
#include "kept_noise.hpp"
#include "model.hpp"

namespace ballast::python {

// What is asked: the procedure, the noise by its name in Python ("auto", "grid", ...) and the images' share of alpha.
struct Request {
  log::Settings settings;
  std::string noise = "auto";
  bool family_wise = false;
};

// Which draws: image i is number first + i under the seed.
struct Draws {
  std::uint64_t seed = 0;
  std::uint32_t first = 0;
};

using Labels = std::optional<std::vector<Label>>;

// One row an image, in order. Throws InputError where request, images, labels and classifier do not fit together.
std::vector<log::Record> rows_of(smooth::Crew& crew, const Images& images, const Labels& labels, const Request& request, const Draws& draws,
                                 KeptNoise& kept, const std::atomic<bool>& stop);

// A seed that anybody can compute again, from model, images and the noise's law alone.
std::uint64_t derived_seed(const Model& model, const Images& images, const Request& request);

}  // namespace ballast::python
