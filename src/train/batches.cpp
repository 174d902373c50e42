// SPDX-License-Identifier: Apache-2.0

#include "batches.hpp"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::train {
namespace {

using noise::Purpose;

// The image moved by (down, right), zeros moved in, and mirrored if so wanted.
template <typename Pixel>
std::vector<Pixel> moved(const std::vector<Pixel>& pixels, const ImageShape& shape, int down, int right, bool mirror) {
  std::vector<Pixel> out(pixels.size());
  for (int c = 0; c < shape.channels; ++c) {
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) {
        const int from_y = y - down, from_x = (mirror ? shape.width - 1 - x : x) - right;
        if (from_y < 0 || from_y >= shape.height || from_x < 0 || from_x >= shape.width) continue;
        out[static_cast<std::size_t>((c * shape.height + y) * shape.width + x)] =
            pixels[static_cast<std::size_t>((c * shape.height + from_y) * shape.width + from_x)];
      }
    }
  }
  return out;
}

// 0 ... bound - 1 from one word.
std::uint32_t below(std::uint32_t word, std::uint32_t bound) { return static_cast<std::uint32_t>(std::uint64_t{word} * bound >> 32); }

}  // namespace

Batches::Batches(const data::Dataset& images, const TrainOptions& options) : images_(images), options_(options), order_(images.size()) {
  shape_ = images.shape() ? *images.shape() : images.at(0).image.shape;
  require(images.size() < (std::size_t{1} << 32), fmt::format("{} images are more than can be trained on", images.size()));
  require(static_cast<std::size_t>(options.batch) <= images.size(),
          fmt::format("batch = {}: there are only {} images", options.batch, images.size()));
  if (options.sigma == 0) return;
  const auto kind = images.is_8bit() ? noise::NoiseKind::grid : noise::NoiseKind::gaussian;
  noise_.emplace(kind, options.sigma, std::vector<ChannelAffine>(static_cast<std::size_t>(shape_.channels)));
}

int Batches::steps() const { return static_cast<int>(order_.size() / static_cast<std::size_t>(options_.batch)); }

void Batches::begin_epoch(int epoch) {
  epoch_ = epoch;
  std::iota(order_.begin(), order_.end(), 0);
  std::vector<std::uint32_t> words(order_.size());
  noise::fill_words({options_.seed, Purpose::shuffling, 0}, static_cast<std::uint32_t>(epoch), 0, 0, words);
  for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[below(words[i - 1], static_cast<std::uint32_t>(i))]);
}

Image Batches::augmented(Image image, std::uint32_t index) const {
  if (options_.shift == 0 && !options_.flip) return image;
  std::vector<std::uint32_t> words(3);
  noise::fill_words({options_.seed, Purpose::augmentation, index}, static_cast<std::uint32_t>(epoch_), 0, 0, words);
  const auto places = static_cast<std::uint32_t>(2 * options_.shift + 1);
  const int down = static_cast<int>(below(words[0], places)) - options_.shift,
            right = static_cast<int>(below(words[1], places)) - options_.shift;
  const bool mirror = options_.flip && (words[2] & 1);
  std::visit([&](auto& pixels) { pixels = moved(pixels, image.shape, down, right, mirror); }, image.pixels);
  return image;
}

void Batches::fill(int step, std::vector<float>& pixels, std::vector<std::int64_t>& labels) const {
  const auto batch = static_cast<std::size_t>(options_.batch), size = shape_.size();
  const std::size_t positions = size / static_cast<std::size_t>(shape_.channels);
  pixels.resize(batch * size);
  labels.resize(batch);
  const std::vector<ChannelAffine> plain(static_cast<std::size_t>(shape_.channels));
  for (std::size_t i = 0; i < batch; ++i) {
    const std::uint32_t index = order_[static_cast<std::size_t>(step) * batch + i];
    data::Example example = images_.at(index);
    require(example.image.shape == shape_, fmt::format("image {} is {}, and the first is {}: training needs one shape", index,
                                                       to_string(example.image.shape), to_string(shape_)));
    labels[i] = example.label;
    const Image image = augmented(std::move(example.image), index);
    const InputBuffer place{&pixels[i * size], ElementType::f32, shape_, size, positions, 1};
    if (noise_) noise_->write(image, {options_.seed, Purpose::training, index}, static_cast<std::uint32_t>(epoch_), 1, place);
    else noise::write_clean(image, plain, 0, place);
  }
}

}  // namespace ballast::train
