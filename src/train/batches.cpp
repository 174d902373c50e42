// SPDX-License-Identifier: Apache-2.0

#include "batches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "ballast/core/errors.hpp"
#include "options.hpp"

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

// The values in an order that the words of one sample of the stream make (Fisher and Yates).
std::vector<std::uint32_t> shuffled(std::vector<std::uint32_t> values, const noise::Stream& stream, std::uint32_t sample) {
  std::vector<std::uint32_t> words(values.size());
  noise::fill_words(stream, sample, 0, 0, words);
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(words[i - 1], static_cast<std::uint32_t>(i))]);
  return values;
}

// Whether two labels differ. From the end: the images of a folder lie class by class.
bool has_two_classes(const data::Dataset& images) {
  const Label first = images.at(0).label;
  for (std::size_t i = images.size(); i-- > 1;) {
    if (images.at(i).label != first) return true;
  }
  return false;
}

}  // namespace

Batches::Batches(const data::Dataset& images, const TrainOptions& options, bool clean_too)
    : images_(images), options_(options), clean_too_(clean_too), copies_(copies_of(options.recipe)) {
  shape_ = images.shape() ? *images.shape() : images.at(0).image.shape;
  require(images.size() < (std::size_t{1} << 32), fmt::format("{} images are more than can be trained on", images.size()));
  require(has_two_classes(images), "all images have one class; a classifier needs two");
  const auto apart = static_cast<std::size_t>(held_out(options, images.size()));
  require(apart < images.size(), fmt::format("validation = {}: there are only {} images", apart, images.size()));
  require(static_cast<std::size_t>(options.batch) <= images.size() - apart,
          fmt::format("batch = {}: there are only {} images{}", options.batch, images.size() - apart,
                      apart > 0 ? fmt::format(" ({} more are held out for validation)", apart) : ""));
  std::vector<std::uint32_t> all(images.size());
  std::iota(all.begin(), all.end(), 0);
  if (apart == 0) {
    trained_ = std::move(all);
  } else {
    all = shuffled(std::move(all), {options.seed, Purpose::shuffling, 1}, 0);
    validation_.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(apart));
    trained_.assign(all.begin() + static_cast<std::ptrdiff_t>(apart), all.end());
    std::sort(validation_.begin(), validation_.end());
    std::sort(trained_.begin(), trained_.end());
  }
  if (options.sigma == 0) return;
  const auto kind = images.is_8bit() ? NoiseKind::grid : NoiseKind::gaussian;
  noise_.emplace(kind, options.sigma, std::vector<ChannelAffine>(static_cast<std::size_t>(shape_.channels)));
}

int Batches::steps() const { return static_cast<int>(trained_.size() / static_cast<std::size_t>(options_.batch)); }

std::vector<std::uint32_t> Batches::order(int epoch) const {
  return shuffled(trained_, {options_.seed, Purpose::shuffling, 0}, static_cast<std::uint32_t>(epoch));
}

data::Example Batches::example(std::uint32_t index) const {
  data::Example example = images_.at(index);
  require(example.image.shape == shape_, fmt::format("image {} is {}, and the first is {}: training needs one shape", index,
                                                     to_string(example.image.shape), to_string(shape_)));
  return example;
}

Image Batches::augmented(Image image, std::uint32_t index, int epoch) const {
  if (options_.shift == 0 && !options_.flip) return image;
  std::vector<std::uint32_t> words(3);
  noise::fill_words({options_.seed, Purpose::augmentation, index}, static_cast<std::uint32_t>(epoch), 0, 0, words);
  const auto places = static_cast<std::uint32_t>(2 * options_.shift + 1);
  const int down = static_cast<int>(below(words[0], places)) - options_.shift,
            right = static_cast<int>(below(words[1], places)) - options_.shift;
  const bool mirror = options_.flip && (words[2] & 1);
  std::visit([&](auto& pixels) { pixels = moved(pixels, image.shape, down, right, mirror); }, image.pixels);
  return image;
}

void Batches::write(const Image& image, const noise::Stream& stream, std::uint32_t first, int copies, std::size_t place,
                    HostBatch& batch) const {
  const std::size_t size = shape_.size(), channels = static_cast<std::size_t>(shape_.channels);
  const auto at = [&](std::vector<float>& pixels) {
    return InputBuffer{&pixels[place * size], ElementType::f32, shape_, static_cast<std::size_t>(batch.images) * size, 1, channels};
  };
  const std::vector<ChannelAffine> plain(channels);
  if (!batch.clean.empty()) noise::write_clean(image, plain, 0, at(batch.clean));
  if (noise_) noise_->write(image, stream, first, copies, at(batch.noisy));
  else
    for (int copy = 0; copy < copies; ++copy) noise::write_clean(image, plain, copy, at(batch.noisy));
}

void Batches::fill(int epoch, const std::vector<std::uint32_t>& order, int step, HostBatch& batch) const {
  const auto count = static_cast<std::size_t>(options_.batch), size = shape_.size();
  batch.images = options_.batch;
  batch.noisy.resize(static_cast<std::size_t>(copies_) * count * size);
  batch.clean.resize(clean_too_ ? count * size : 0);
  batch.labels.resize(count);
  const auto first = static_cast<std::uint32_t>(epoch) * static_cast<std::uint32_t>(copies_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t index = order[static_cast<std::size_t>(step) * count + i];
    data::Example taken = example(index);
    batch.labels[i] = taken.label;
    write(augmented(std::move(taken.image), index, epoch), {options_.seed, Purpose::training, index}, first, copies_, i, batch);
  }
}

void Batches::fill_validation(std::size_t first, std::size_t count, int draws, HostBatch& batch) const {
  batch.images = static_cast<int>(count);
  batch.noisy.resize(static_cast<std::size_t>(draws) * count * shape_.size());
  batch.clean.clear();
  batch.labels.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t index = validation_[first + i];
    const data::Example taken = example(index);
    batch.labels[i] = taken.label;
    write(taken.image, {options_.seed, Purpose::validation, index}, 0, draws, i, batch);
  }
}

}  // namespace ballast::train
