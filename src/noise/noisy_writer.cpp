// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/noisy_writer.hpp"

#include <cassert>

#include "kernel.hpp"
#include "store.hpp"

namespace ballast::noise {
NoisyWriter::NoisyWriter(NoiseKind kind, double scale, std::vector<ChannelAffine> affine) {
  const NoiseTraits& noise = traits(kind);
  if (!noise.law) kernel_ = Kernel::split(scale, std::move(affine));
  else if (noise.on_grid) kernel_ = Kernel::grid({*noise.law, scale}, std::move(affine));
  else kernel_ = Kernel::floats({*noise.law, scale}, std::move(affine));
}

NoisyWriter::~NoisyWriter() = default;
NoisyWriter::NoisyWriter(NoisyWriter&&) noexcept = default;
NoisyWriter& NoisyWriter::operator=(NoisyWriter&&) noexcept = default;

void NoisyWriter::check(const Image& image) const { kernel_->check(image); }

void NoisyWriter::write(const Image& image, const Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer) const {
  assert(image.shape == buffer.shape);
  for (int place = 0; place < count; ++place) {
    kernel_->write(image, stream, first + static_cast<std::uint32_t>(place), static_cast<std::size_t>(place), buffer);
  }
}

double NoisyWriter::noise_error(std::size_t pixels) const { return kernel_->noise_error(pixels); }

std::uint64_t NoisyWriter::splits() const { return kernel_->splits(); }

void write_clean(const Image& image, std::span<const ChannelAffine> affine, int place, const InputBuffer& buffer) {
  const std::vector<float> pixels = image.unit_pixels();
  const std::size_t positions = image.shape.size() / static_cast<std::size_t>(image.shape.channels);
  at_place(buffer, static_cast<std::size_t>(place), [&](auto* start) {
    using Element = std::remove_reference_t<decltype(*start)>;
    for (std::size_t pixel = 0; pixel < pixels.size(); ++pixel) {
      const std::size_t channel = pixel / positions;
      const double unit = image.is_8bit() ? image.bytes()[pixel] / 255.0 : static_cast<double>(pixels[pixel]);
      start[channel * buffer.channel_stride + pixel % positions * buffer.position_stride] = stored<Element>(apply(affine[channel], unit));
    }
  });
}

}  // namespace ballast::noise
