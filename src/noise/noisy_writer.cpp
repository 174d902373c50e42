// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/noisy_writer.hpp"

#include <array>
#include <stdexcept>

#include "kernel.hpp"
#include "rows.hpp"

namespace ballast::noise {

std::unique_ptr<Kernel> kernel_of(NoiseKind kind, double scale, std::vector<ChannelAffine> affine, const Loops& loops) {
  const NoiseTraits& noise = traits(kind);
  if (!noise.law) return split_kernel(scale, std::move(affine), loops);
  return noise.on_grid ? grid_kernel({*noise.law, scale}, std::move(affine), loops)
                       : float_kernel({*noise.law, scale}, std::move(affine), loops);
}

namespace {

// Otherwise pixels or factors would be read that are not there, and votes cast on another image.
void require_to_fit(const Image& image, std::size_t scaled_channels, const InputBuffer& buffer) {
  if (image.shape != buffer.shape) throw std::logic_error("an image is written to a buffer for another shape");
  if (scaled_channels != static_cast<std::size_t>(image.shape.channels))
    throw std::logic_error("an image has other channels than are scaled");
}

}  // namespace

NoisyWriter::NoisyWriter(NoiseKind kind, double scale, std::vector<ChannelAffine> affine)
    : channels_(affine.size()), kernel_(kernel_of(kind, scale, std::move(affine), widest_loops())) {}

NoisyWriter::~NoisyWriter() = default;
NoisyWriter::NoisyWriter(NoisyWriter&&) noexcept = default;
NoisyWriter& NoisyWriter::operator=(NoisyWriter&&) noexcept = default;

void NoisyWriter::check(const Image& image) const { kernel_->check(image); }

void NoisyWriter::write(const Image& image, const Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer) const {
  require_to_fit(image, channels_, buffer);
  for (int place = 0; place < count; ++place) {
    kernel_->write(image, stream, first + static_cast<std::uint32_t>(place), static_cast<std::size_t>(place), buffer);
  }
}

double NoisyWriter::noise_error(std::size_t pixels) const { return kernel_->noise_error(pixels); }

std::uint64_t NoisyWriter::splits() const { return kernel_->splits(); }

void write_clean(const Image& image, std::span<const ChannelAffine> affine, int place, const InputBuffer& buffer) {
  require_to_fit(image, affine.size(), buffer);
  const Loops& loops = widest_loops();
  write_rows(loops, affine, static_cast<std::size_t>(place), buffer, [&](std::size_t first, std::size_t count, double* units) {
    constexpr std::array<int, row_length> no_noise{};
    if (image.is_8bit()) loops.add_levels(image.bytes().data() + first, no_noise.data(), count, units);
    else std::copy_n(std::get<1>(image.pixels).begin() + static_cast<std::ptrdiff_t>(first), count, units);
  });
}

}  // namespace ballast::noise
