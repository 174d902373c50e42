// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/noisy_writer.hpp"

#include <array>
#include <cassert>

#include "kernel.hpp"
#include "store.hpp"

namespace ballast::noise {
namespace {

constexpr std::array<std::pair<NoiseKind, std::string_view>, 2> names{{{NoiseKind::grid, "grid"}, {NoiseKind::gaussian, "gaussian"}}};

}  // namespace

std::string_view to_string(NoiseKind kind) {
  for (const auto& [value, name] : names) {
    if (value == kind) return name;
  }
  return {};
}

std::optional<NoiseKind> noise_kind_from(std::string_view name) {
  for (const auto& [value, known] : names) {
    if (known == name) return value;
  }
  return {};
}

NoisyWriter::NoisyWriter(NoiseKind kind, double sigma, std::vector<ChannelAffine> affine)
    : kernel_(kind == NoiseKind::grid ? Kernel::grid(sigma, std::move(affine)) : Kernel::gaussian(sigma, std::move(affine))) {}

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

double NoisyWriter::law_error(std::size_t pixels) const { return kernel_->law_error(pixels); }

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
